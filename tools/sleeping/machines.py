"""The machines of a stack that can sleep, found in AWS by their tags: node groups of EKS, servers and agents of K3s."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import boto3

from settings import Settings
from tools.account import Account, Record, tags_of
from tools.owner import Owner

_ALIVE: Final = ("pending", "running", "stopping", "stopped")
_OF_A_GROUP: Final = "aws:autoscaling:groupName"
_NODE_GROUP: Final = "eks:nodegroup-name"
# A machine starts within a minute or two, and stops within ten.
_PATIENCE: Final = {"Delay": 5, "MaxAttempts": 120}


@dataclass(frozen=True)
class Machine:
    """A machine of K3s."""

    id: str
    name: str
    server: bool
    state: str
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeGroup:
    """A managed node group of EKS, with the sizes that it has now and the settings give it when awake."""

    name: str
    min_size: int
    desired_size: int
    awake: tuple[int, int] | None
    """Fewest nodes, and nodes to start with; None where the settings have no such group."""

    @property
    def asleep(self) -> bool:
        """Whether it has, and wants, no nodes."""
        return self.min_size == self.desired_size == 0


@dataclass(frozen=True)
class Sleepers:
    """All that can sleep."""

    machines: tuple[Machine, ...]
    groups: tuple[NodeGroup, ...]
    gone: frozenset[str] = frozenset()
    """Ids of nodes and their disks, which are gone while their group sleeps."""

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.machines or self.groups)


def find(account: Account, owner: Owner, settings: Settings) -> Sleepers:
    """What can sleep of a stack; the bastion and the NAT instance are not among it."""
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in owner.tags.items()]
    filters.append({"Name": "instance-state-name", "Values": list(_ALIVE)})
    machines: list[Machine] = []
    gone: set[str] = set()
    key, owned = owner.cluster_tags[0]
    for record in account.all(
        "ec2", "describe_instances", "Reservations[].Instances[]", region=owner.region, Filters=filters
    ):
        tags = tags_of(record)
        if _NODE_GROUP in tags:
            gone |= {str(record["InstanceId"]), *_volumes(record)}
        elif tags.get(key) == owned and _OF_A_GROUP not in tags:
            machines.append(_machine(record, tags, owner))
    groups = tuple(_groups(account, owner, settings))
    return Sleepers(tuple(sorted(machines, key=lambda each: each.name)), groups, frozenset(gone))


def put_to_sleep(account: Account, owner: Owner, sleepers: Sleepers) -> list[str]:
    """Stop what runs, servers last; names of what was stopped."""
    resized = [group for group in sleepers.groups if not group.asleep]
    for group in resized:
        _resize(account, owner, group, 0, 0)
    stopped: list[Machine] = []
    for server in (False, True):
        part = [each for each in sleepers.machines if each.server == server and each.state in ("pending", "running")]
        _wait(owner, "instance_running", [each for each in part if each.state == "pending"])
        if part:
            account.one("ec2", "stop_instances", region=owner.region, InstanceIds=[each.id for each in part])
        stopped += part
    return [each.name for each in (*resized, *stopped)]


def wake(account: Account, owner: Owner, sleepers: Sleepers) -> list[str]:
    """Start what is stopped, servers first; names of what was started."""
    resized = [group for group in sleepers.groups if group.desired_size == 0 and group.awake]
    for group in resized:
        smallest, wanted = group.awake or (0, 0)
        _resize(account, owner, group, smallest, wanted)
    started: list[Machine] = []
    for server in (True, False):
        part = [each for each in sleepers.machines if each.server == server and each.state in ("stopping", "stopped")]
        # AWS refuses to start a machine that is still stopping.
        _wait(owner, "instance_stopped", [each for each in part if each.state == "stopping"])
        if part:
            account.one("ec2", "start_instances", region=owner.region, InstanceIds=[each.id for each in part])
        if server:
            _wait(owner, "instance_running", part)
        started += part
    return [each.name for each in (*resized, *started)]


def _resize(account: Account, owner: Owner, group: NodeGroup, smallest: int, wanted: int) -> None:
    sizes = {"minSize": smallest, "desiredSize": wanted}
    account.one(
        "eks",
        "update_nodegroup_config",
        region=owner.region,
        clusterName=owner.cluster,
        nodegroupName=group.name,
        scalingConfig=sizes,
    )


def _wait(owner: Owner, state: str, machines: list[Machine]) -> None:
    if machines:
        client: Any = cast(Any, boto3).client("ec2", region_name=owner.region)
        client.get_waiter(state).wait(InstanceIds=[each.id for each in machines], WaiterConfig=_PATIENCE)


def _machine(record: Record, tags: Mapping[str, str], owner: Owner) -> Machine:
    name = tags.get("Name", str(record["InstanceId"])).removeprefix(f"{owner.cluster}-")
    state = str(record["State"]["Name"])
    return Machine(str(record["InstanceId"]), name, name.startswith("server-"), state, _volumes(record))


def _volumes(record: Record) -> tuple[str, ...]:
    return tuple(str(each["Ebs"]["VolumeId"]) for each in record.get("BlockDeviceMappings", ()) if "Ebs" in each)


def _groups(account: Account, owner: Owner, settings: Settings) -> list[NodeGroup]:
    cluster = settings.cluster
    if cluster is None or cluster.kind != "eks":
        return []
    named: dict[str, Any] = {"region": owner.region, "clusterName": owner.cluster}
    if account.one("eks", "describe_cluster", region=owner.region, name=owner.cluster) is None:
        return []
    found: list[NodeGroup] = []
    for name in account.all("eks", "list_nodegroups", "nodegroups[]", **named):
        answer = account.one("eks", "describe_nodegroup", nodegroupName=name, **named)
        if answer:
            sizes = answer["nodegroup"]["scalingConfig"]
            found.append(NodeGroup(str(name), sizes["minSize"], sizes["desiredSize"], _awake(str(name), settings)))
    return found


def _awake(name: str, settings: Settings) -> tuple[int, int] | None:
    """Sizes of the settings for a group in AWS, whose name ends as autonaming writes it (Pulumi.yaml)."""
    cluster = settings.cluster
    for key, group in cluster.node_groups.items() if cluster else ():
        if re.search(rf"(?:^|-)main-nodes-{re.escape(key)}-[0-9a-f]{{6,8}}$", name):
            # A group that starts empty would not wake by itself.
            return group.min_size, group.size
    return None
