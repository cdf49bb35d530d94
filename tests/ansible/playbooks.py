"""How the tests run Ansible: its commands from our environment, an inventory as the platform writes it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ANSIBLE = ROOT / "ansible"
PLAYBOOKS = ("site", "upgrade", "restore", "kubeconfig")
PLUGINS = Path(__file__).parent / "plugins"

Values = dict[str, Any]

SECRET = "arn:aws:secretsmanager:eu-west-3:111122223333:secret:vote/server-AbCdEf"
AGENT_SECRET = "arn:aws:secretsmanager:eu-west-3:111122223333:secret:vote/agent-AbCdEf"

COMMON: Values = {
    "ansible_user": "ubuntu",
    "cluster_name": "vote",
    "region": "eu-west-3",
    "k3s_version": "v1.36.5+k3s1",
    "k3s_sha256": {"amd64": "a" * 64, "arm64": "b" * 64},
    "api_endpoint": "10.0.10.10",
    "tls_sans": ["api.vote.example.com", "127.0.0.1"],
    "token_secret_arn": SECRET,
    "etcd_snapshot_bucket": "vote-etcd",
    "etcd_snapshot_schedule": "0 */6 * * *",
    "etcd_snapshot_retention": 12,
}


def machine(address: str, number: int, zone: str = "eu-west-3a", **more: object) -> Values:
    """One host as the platform's inventory has it."""
    return {
        "ansible_host": address,
        "instance_id": f"i-{number:017x}",
        "instance_type": "t3.small",
        "zone": zone,
        **more,
    }


def inventory(servers: Mapping[str, Values], agents: Mapping[str, Values] | None = None, **common: object) -> Values:
    """An inventory as the platform writes it."""
    return {
        "all": {
            "vars": {**COMMON, **common},
            "children": {
                "bastion": {"hosts": {"bastion-0": machine("203.0.113.10", 1)}},
                "servers": {"hosts": dict(servers)},
                "agents": {"hosts": dict(agents or {})},
            },
        }
    }


def environment(**more: str) -> dict[str, str]:
    """What the commands of Ansible find: our configuration, and a home where they leave nothing behind."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    path = f"{Path(sys.executable).parent}:{inherited.get('PATH', '')}"
    ours = {
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONWARNINGS": "ignore",
        # Named, because one half of Ansible takes the home of the user and the other that of the environment.
        "ANSIBLE_ASYNC_DIR": str(Path(tempfile.gettempdir()) / f"socle-ansible-{os.getpid()}"),
    }
    return {**inherited, "PATH": path, "LC_ALL": "C.UTF-8", **ours, **more}


def run(*command: str | Path, timeout: int = 120, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder of the playbooks."""
    program = Path(sys.executable).parent / str(command[0])
    first = str(program) if program.exists() else str(command[0])
    return subprocess.run(
        [first, *map(str, command[1:])],
        cwd=ANSIBLE,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def write(path: Path, content: object) -> Path:
    """Write YAML to a file."""
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def plays(name: str) -> list[Values]:
    """The plays of a playbook."""
    return yaml.safe_load((ANSIBLE / f"{name}.yml").read_text(encoding="utf-8"))
