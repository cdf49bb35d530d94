"""Playbooks run for real, against machines whose K3s and systemd only write down what they were asked."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from tests.ansible.playbooks import Values, inventory, machine, run, write

K3S = """#!/bin/sh
# Stands in for K3s {version}.
case "$*" in
--version) echo "k3s version {version} (abc)"; exit ;;
*"get nodes --output"*) echo "$FAKE_NODES"; exit ;;
*--ignore-not-found*) echo "$FAKE_PROVIDER"; exit ;;
*kubeletVersion*) echo "{version}"; exit ;;
"kubectl label"*) echo "node/$4 not labeled"; exit ;;
esac
echo "$*" >> "$FAKE_LOG"
"""
# Services run, until a server is reset: then those of servers do not.
SYSTEMCTL = """#!/bin/sh
state=active
case "$*" in *k3s.service*) grep -q cluster-reset "$FAKE_LOG" 2>/dev/null && state=inactive ;; esac
case "$*" in
*show*) printf 'LoadState=loaded\\nActiveState=%s\\nUnitFileState=enabled\\n' $state ;;
*start*|*stop*) echo "systemctl $*" >> "$FAKE_LOG" ;;
esac
"""
OLD, NEW = "v1.35.8+k3s1", "v1.36.5+k3s1"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


class Fleet:
    """Machines that are folders, each with a K3s of its own."""

    def __init__(self, folder: Path, versions: dict[str, str]) -> None:
        self.folder = folder
        self.log = folder / "log"
        for version in (OLD, NEW):
            for name in ("k3s", "k3s-arm64"):
                program(folder / "releases" / version / name, K3S.format(version=version))
        program(folder / "bin/systemctl", SYSTEMCTL)
        self.programs = {
            name: program(folder / "machines" / name / "k3s", K3S.format(version=version))
            for name, version in versions.items()
        }

    def host(self, name: str, number: int) -> Values:
        return machine(f"10.0.10.{number}", number) | {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "ansible_become": False,
            "k3s_binary": str(self.programs[name]),
        }

    def upgrade(self, version: str = NEW) -> str:
        """What Ansible says of an upgrade of all machines."""
        return self.play("upgrade", version)

    def play(self, name: str, version: str, *options: str, **more: str) -> str:
        """What Ansible says of a playbook with an inventory that wants a version."""
        text = K3S.format(version=version).encode()
        hosts = {name: self.host(name, 10 + number) for number, name in enumerate(self.programs)}
        content = inventory(
            {name: host for name, host in hosts.items() if name.startswith("server")},
            {name: host for name, host in hosts.items() if name.startswith("agent")},
            k3s_version=version,
            k3s_base_url=f"file://{self.folder}/releases",
            k3s_sha256=dict.fromkeys(("amd64", "arm64"), hashlib.sha256(text).hexdigest()),
            k3s_ready_timeout=10,
            k3s_data=f"{self.folder}/machines/{{{{ inventory_hostname }}}}/data",
            k3s_config=f"{self.folder}/machines/{{{{ inventory_hostname }}}}/config",
        )
        hosts_file = write(self.folder / "hosts.yaml", content)
        path = f"{self.folder}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        command = ["ansible-playbook", "-i", hosts_file, f"{name}.yml", *options]
        done = run(*command, timeout=120, FAKE_LOG=str(self.log), PATH=path, **more)
        self.succeeded = done.returncode == 0
        return done.stdout + done.stderr

    def asked(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


def steps(name: str, service: str) -> list[str]:
    """What moving one node asks for."""
    return [
        "kubectl wait --for=condition=Ready nodes --all --timeout=10s",
        f"kubectl drain {name} --ignore-daemonsets --delete-emptydir-data --timeout=300s",
        f"systemctl restart {service}",
        f"kubectl get node {name} --output=name",
        f"kubectl wait --for=condition=Ready node/{name} --timeout=10s",
        f"kubectl uncordon {name}",
    ]


def test_an_upgrade_moves_one_server_after_the_other_and_then_the_agents(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, {"server-0": NEW, "server-1": OLD, "server-2": OLD, "agent-web-0": OLD})
    said = fleet.upgrade()
    assert fleet.succeeded, said
    assert fleet.asked() == [
        "etcd-snapshot save --name before-upgrade",
        *steps("server-1", "k3s.service"),
        *steps("server-2", "k3s.service"),
        *steps("agent-web-0", "k3s-agent.service"),
    ]
    assert {NEW in path.read_text(encoding="utf-8") for path in fleet.programs.values()} == {True}


def test_one_agent_alone_can_be_upgraded(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, {"server-0": NEW, "agent-web-0": OLD, "agent-web-1": OLD})
    said = fleet.play("upgrade", NEW, "--limit", "agent-web-1")
    assert fleet.succeeded, said
    assert fleet.asked() == steps("agent-web-1", "k3s-agent.service")


def test_an_upgrade_to_what_runs_already_does_nothing(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, {"server-0": NEW, "agent-web-0": NEW})
    said = fleet.upgrade()
    assert fleet.succeeded, said
    assert fleet.asked() == []
    assert "changed=0" in said
    assert "changed=1" not in said


@pytest.mark.parametrize(("running", "wanted"), [(NEW, OLD), ("v1.34.9+k3s1", NEW)])
def test_an_upgrade_that_goes_back_or_too_far_is_refused_before_anything_moves(
    running: str, wanted: str, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, {"server-0": running})
    said = fleet.upgrade(wanted)
    assert not fleet.succeeded
    assert f"server-0 runs {running} and is to run {wanted}: Kubernetes goes forward" in " ".join(said.split())
    assert fleet.asked() == []


def test_a_binary_with_another_checksum_stops_the_upgrade(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, {"server-0": OLD})
    for path in (tmp_path / "releases" / NEW).iterdir():
        path.write_text("#!/bin/sh\necho something else\n", encoding="utf-8")
    said = fleet.upgrade()
    assert not fleet.succeeded
    assert "did not match" in said
    assert OLD in fleet.programs["server-0"].read_text(encoding="utf-8")
    assert not any("restart" in each for each in fleet.asked())


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """Two servers and an agent that are back at a snapshot, whose agent is newer than the snapshot's K3s."""
    tmp_path = tmp_path_factory.mktemp("restored")
    fleet = Fleet(tmp_path, {"server-0": NEW, "server-1": NEW, "agent-web-0": NEW})
    for name in ("server-0", "server-1"):
        (tmp_path / "machines" / name / "data/server/db/etcd/member").mkdir(parents=True)
        joined = tmp_path / "machines" / name / "config/config.yaml.d/join.yaml"
        joined.parent.mkdir(parents=True)
        joined.write_text("server: https://10.0.10.99:6443\n", encoding="utf-8")
    options = ["-e", "snapshot=etcd-1.zip", "-e", "confirm=vote"]
    nodes = {"FAKE_NODES": "server-0 server-1 agent-web-0 agent-web-9"}
    said = fleet.play("restore", OLD, *options, **nodes, FAKE_PROVIDER="aws:///eu-west-3a/i-0000000000000000b")
    assert fleet.succeeded, said
    return fleet


def test_a_restore_goes_back_on_one_server_and_the_others_join_it(restored: Fleet) -> None:
    def ready(name: str) -> list[str]:
        wait = f"kubectl wait --for=condition=Ready node/{name} --timeout=10s"
        return [f"kubectl get node {name} --output=name", wait]

    assert restored.asked() == [
        "systemctl stop k3s.service",
        "systemctl stop k3s.service",
        "server --cluster-reset --cluster-reset-restore-path=etcd-1.zip",
        "systemctl start k3s.service",
        "kubectl delete node server-0 --timeout=120s",
        *ready("server-0"),
        "systemctl start k3s.service",
        *ready("server-1"),
        "kubectl delete node agent-web-0 --timeout=120s",
        "systemctl restart k3s-agent.service",
        *ready("agent-web-0"),
        "kubectl drain agent-web-9 --ignore-daemonsets --delete-emptydir-data --force --timeout=300s",
        "kubectl delete node agent-web-9 --timeout=120s",
    ]


def test_a_restore_keeps_the_data_of_the_first_server_alone(restored: Fleet) -> None:
    kept = {
        name: (restored.folder / "machines" / name / "data/server/db").exists() for name in ("server-0", "server-1")
    }
    assert kept == {"server-0": True, "server-1": False}
    ways = [
        yaml.safe_load((restored.folder / "machines" / name / "config/config.yaml.d/join.yaml").read_text("utf-8"))
        for name in ("server-0", "server-1")
    ]
    assert ways == [{"cluster-init": True}, {"server": "https://10.0.10.10:6443"}]


def test_a_restore_brings_the_k3s_of_the_inventory_even_an_older_one(restored: Fleet) -> None:
    assert {OLD in path.read_text(encoding="utf-8") for path in restored.programs.values()} == {True}


KUBECONFIG: Values = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [
        {"name": "default", "cluster": {"server": "https://127.0.0.1:6443", "certificate-authority-data": "Q0E="}}
    ],
    "users": [{"name": "default", "user": {"client-key-data": "S0VZ"}}],
    "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
    "current-context": "default",
}


def kubeconfig(folder: Path, *options: str) -> tuple[str, str, int]:
    fleet = Fleet(folder, {"server-0": NEW})
    content = inventory({"server-0": fleet.host("server-0", 10)})
    if options:  # then nothing else is needed
        content["all"]["vars"] = {}
    hosts = write(folder / "hosts.yaml", content)
    more = ["-e", f"kubeconfig_path={folder}/k3s.yaml", *options]
    done = run("ansible-playbook", "-i", hosts, "kubeconfig.yml", *more, ANSIBLE_STDOUT_CALLBACK="outcome")
    return done.stdout, done.stderr, done.returncode


@pytest.mark.parametrize(
    ("options", "server"), [((), "10.0.10.10"), (("-e", "kubeconfig_address=127.0.0.1"), "127.0.0.1")]
)
def test_the_kubeconfig_is_all_that_standard_output_has(options: tuple[str, ...], server: str, tmp_path: Path) -> None:
    write(tmp_path / "k3s.yaml", KUBECONFIG)
    out, _, code = kubeconfig(tmp_path, *options)
    assert code == 0
    expected = yaml.safe_load(yaml.safe_dump(KUBECONFIG))
    expected["clusters"][0]["cluster"]["server"] = f"https://{server}:6443"
    assert json.loads(out) == expected


def test_a_kubeconfig_that_is_not_there_is_said_on_standard_error(tmp_path: Path) -> None:
    out, error, code = kubeconfig(tmp_path)
    assert (out, code) == ("", 2)
    assert error.startswith("server-0: Read it: ")
