"""What Ansible and `ssh` are told about the machines of a K3s cluster: text made from facts, and no resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from components.bastion import Access, SshHost, as_arguments, bastion_options, through_bastion

_PARTS = ("server", "agent")
_NO_BREAKS = 10_000
# Neither the name of its group, of which Ansible would warn, nor of an agent, which are counted from 1.
_BASTION = "bastion-0"


@dataclass(frozen=True)
class Way:
    """How the machines are reached."""

    bastion: SshHost
    access: Access
    region: str


@dataclass(frozen=True)
class KnownNode:
    """One machine, as it turned out."""

    name: str
    part: str
    instance_type: str
    zone: str
    host: SshHost
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    taints: Sequence[str] = ()


def inventory(nodes: Sequence[KnownNode], way: Way, variables: Mapping[str, Any]) -> str:
    """Ansible inventory in YAML, with what ansible/README.md asks for; the one secret, the SSH key, is not in it.

    `variables` hold for all machines.
    """
    servers, agents = ({node.name: _host(node, way) for node in nodes if node.part == part} for part in _PARTS)
    bastion = {
        "ansible_host": way.bastion.address,
        "ansible_ssh_common_args": as_arguments(bastion_options(way.bastion, way.access, way.region)),
        "instance_id": way.bastion.instance_id,
    }
    groups = {"bastion": {_BASTION: bastion}, "servers": servers, "agents": agents}
    children = {group: {"hosts": hosts} for group, hosts in groups.items()}
    document = {"all": {"vars": {"ansible_user": way.bastion.user, **variables}, "children": children}}
    return yaml.safe_dump(document, sort_keys=False, width=_NO_BREAKS)


def ssh_command(node: KnownNode, way: Way) -> str:
    """Line that opens a shell on a machine, for whoever has the key in an SSH agent."""
    return f"ssh {_options(node, way)} {node.host.user}@{node.host.address}"


def _options(node: KnownNode, way: Way) -> str:
    return as_arguments(through_bastion(node.host, way.bastion, way.access, way.region))


def _host(node: KnownNode, way: Way) -> dict[str, Any]:
    return {
        "ansible_host": node.host.address,
        "ansible_ssh_common_args": _options(node, way),
        "instance_id": node.host.instance_id,
        "instance_type": node.instance_type,
        "zone": node.zone,
        "node_labels": dict(node.labels),
        "node_taints": list(node.taints),
    }
