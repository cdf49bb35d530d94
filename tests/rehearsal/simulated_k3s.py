"""What our Ansible runner is given for a small K3s cluster, and machines for it in a simulated world."""

from typing import Any

import yaml

from rehearsal.wire import Properties
from rehearsal.world import Thing, World

COMMAND = "command:local:Command"
INSTANCE = "aws:ec2/instance:Instance"
RUN = ".venv/bin/python -m tools.ansible_run"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a key\n-----END OPENSSH PRIVATE KEY-----\n"
_GROUPS = {"bastion": ("bastion",), "servers": ("server-1",), "agents": ("agents-1",)}


def inventory(version: str = "v1.36.2+k3s1") -> str:
    """Inventory of a bastion, a server and an agent."""
    groups = {
        group: {"hosts": {name: {"instance_id": f"i-{name}"} for name in names}} for group, names in _GROUPS.items()
    }
    return yaml.safe_dump({"all": {"vars": {"k3s_version": version}, "children": groups}})


def runner(words: str, /, version: str = "v1.36.2+k3s1", **environment: str) -> Properties:
    """Inputs of a command that calls the runner."""
    return {
        "create": f"{RUN} {words}",
        "stdin": KEY,
        "environment": {"INVENTORY": inventory(version), **environment},
    }


def start_machines(world: World, *names: str) -> None:
    """Let machines exist, all of the inventory unless some are named."""
    for name in names or [name for group in _GROUPS.values() for name in group]:
        world.put(Thing(INSTANCE, f"i-{name}", f"urn:{name}", {}, {}))


def put_command(world: World, name: str, inputs: dict[str, Any]) -> None:
    """Let a command exist."""
    world.put(Thing(COMMAND, name, f"urn:{name}", inputs, {}))
