"""Which machines a K3s cluster has: names, kinds and places, decided without making any of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Architecture = Literal["x86_64", "arm64"]
Capacity = Literal["on-demand", "spot"]
Part = Literal["server", "agent"]
ServerCount = Literal[1, 3]

# After the generation number, "g" stands for AWS's own arm64 processors; only a1 is older than that rule.
# https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
_ARM64_TYPE = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")
# Part of the node's name, which is a host name too.
_POOL_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}(?<!-)")
_TAINT = re.compile(r"[A-Za-z0-9./_-]+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)")
# The disk of Ubuntu's own image is 8 GiB; images, logs and the snapshots of etcd need the rest.
_SMALLEST_DISK_GIB = 16
_SERVERS = "server"


@dataclass(frozen=True, kw_only=True)
class AgentPoolArgs:
    """One pool of like agents, the machines that run pods."""

    instance_type: str
    """EC2 type of each machine."""
    count: int
    """Machines in the pool, 0 or more; those with the highest numbers leave first."""
    capacity: Capacity = "on-demand"
    """`spot` costs about a third: AWS stops a machine with two minutes' notice, and starts it again, with its disk and
    its address, once it has room. Another capacity replaces the machines of the pool."""
    disk_gib: int = 20
    """Size of the root volume in GiB, 16 or more."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Kubernetes labels of the nodes, given when a node joins."""
    taints: tuple[str, ...] = ()
    """Kubernetes taints of the nodes, such as `dedicated=batch:NoSchedule`, given when a node joins."""
    image_revision: int = 1
    """A higher number replaces the machines of the pool, one by one, by new ones from the newest image."""

    def __post_init__(self) -> None:
        """Refuse what AWS or K3s would refuse after minutes of waiting."""
        if self.count < 0:
            raise ValueError(f"count must be 0 or more, got {self.count}")
        if self.image_revision < 1:
            raise ValueError(f"image_revision must be 1 or more, got {self.image_revision}")
        check_disk("disk_gib", self.disk_gib)
        for taint in self.taints:
            if not _TAINT.fullmatch(taint):
                raise ValueError(f"taints must read like 'dedicated=batch:NoSchedule', got {taint!r}")


@dataclass(frozen=True)
class NodePlan:
    """One machine to be."""

    name: str
    """Name of the node in Kubernetes, and of the machine in all that is made for it."""
    part: Part
    instance_type: str
    disk_gib: int
    place: int
    """Which of the subnets, counted from 0."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    taints: tuple[str, ...] = ()
    spot: bool = False


def plan_nodes(
    *, server_count: int, server_type: str, server_disk_gib: int, pools: Mapping[str, AgentPoolArgs], places: int
) -> list[NodePlan]:
    """Every machine, servers first; a machine added or taken away changes none of the others."""
    servers = [
        NodePlan(f"{_SERVERS}-{i + 1}", "server", server_type, server_disk_gib, i % places) for i in range(server_count)
    ]
    agents = [
        NodePlan(
            _agent_name(name, i + 1, pool),
            "agent",
            pool.instance_type,
            pool.disk_gib,
            i % places,
            dict(pool.labels),
            pool.taints,
            pool.capacity == "spot",
        )
        for name, pool in pools.items()
        for i in range(pool.count)
    ]
    return [*servers, *agents]


def _agent_name(name: str, number: int, pool: AgentPoolArgs) -> str:
    """What makes another machine is part of the name: the new one joins before the old one leaves.

    AWS changes the type of a stopped machine, but of none on spot:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-spot-instances-stop.html
    """
    spot = f"-spot-{pool.instance_type.replace('.', '-')}" if pool.capacity == "spot" else ""
    revision = f"-r{pool.image_revision}" if pool.image_revision > 1 else ""
    return f"{name}-{number}{spot}{revision}"


def check_servers(server_count: int, places: int) -> None:
    """Raise ValueError unless that many servers keep a quorum when a zone is lost."""
    if server_count not in (1, 3):
        raise ValueError(
            "server_count must be 1 or 3: etcd decides by majority, so that two servers stop as soon as either of "
            f"them does, got {server_count}"
        )
    fewest = max(2, server_count)
    if places < fewest:
        raise ValueError(
            f"private_subnet_ids must be {fewest} or more, each in its own zone, for {server_count} "
            f"{'server' if server_count == 1 else 'servers'}, got {places}"
        )


def check_disk(name: str, gib: int) -> None:
    """Raise ValueError when a root volume cannot hold the system and its images."""
    if gib < _SMALLEST_DISK_GIB:
        raise ValueError(f"{name} must be {_SMALLEST_DISK_GIB} or more, got {gib}")


def check_pools(pools: Mapping[str, AgentPoolArgs]) -> None:
    """Raise ValueError when a pool's name cannot be part of a node's name, or is taken."""
    for name in pools:
        if name == _SERVERS or not _POOL_NAME.fullmatch(name):
            raise ValueError(
                f"agent_pools must be named with lower-case letters, digits and hyphens, and not {_SERVERS!r}, "
                f"got {name!r}"
            )


def check_architecture(name: str, instance_type: str, architecture: Architecture) -> None:
    """Raise ValueError when the image could not start on a machine of that type."""
    if bool(_ARM64_TYPE.match(instance_type)) != (architecture == "arm64"):
        raise ValueError(f"{name} must be {architecture} like the image, got {instance_type!r}")
