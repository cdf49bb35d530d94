"""What is left of a stack in EC2: described by tag, so that what was deleted a moment ago is not in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tools import prices
from tools.account import Account, Record, tags_of
from tools.left.item import Item
from tools.owner import Owner
from tools.prices import FREE, Price

_GOING: Final = ("terminated", "shutting-down", "deleted", "deleting", "cancelled", "closed")
"""States of what still shows for an hour and is no longer billed."""
_REQUESTED: Final = "it belongs to what it serves ({description}): delete that first"


@dataclass(frozen=True)
class Kind:
    """A kind of thing, how EC2 lists it and what it costs."""

    type: str
    operation: str
    items: str
    id: str
    delete: str
    """Arguments of `aws ec2` before the id and the region."""
    price: Callable[[Record], Price] = lambda _: FREE
    filters: str = "Filters"
    """What the operation calls its filters."""
    in_vpc: bool = False
    """Whether one without our tags, in a VPC of ours, keeps the VPC from being deleted."""


def _volume(record: Record) -> Price:
    return prices.volume(record["Size"], record["VolumeType"], record.get("Iops") or 0, record.get("Throughput") or 0)


def _machine(record: Record) -> Price:
    spot = record.get("InstanceLifecycle") == "spot"
    return prices.machine(record["InstanceType"], record["State"]["Name"], spot=spot)


def _interface(record: Record) -> Price:
    """An elastic address is listed by itself; one that AWS lent goes with the interface."""
    association: Record = record.get("Association") or {}
    lent = association.get("PublicIp") and not association.get("AllocationId")
    return prices.public_address() if lent else FREE


KINDS: Final = (
    Kind("ec2:volume", "describe_volumes", "Volumes[]", "VolumeId", "delete-volume --volume-id", _volume),
    Kind(
        "ec2:snapshot",
        "describe_snapshots",
        "Snapshots[]",
        "SnapshotId",
        "delete-snapshot --snapshot-id",
        lambda record: prices.snapshot(record["VolumeSize"]),
    ),
    Kind(
        "ec2:instance",
        "describe_instances",
        "Reservations[].Instances[]",
        "InstanceId",
        "terminate-instances --instance-ids",
        _machine,
    ),
    Kind(
        "ec2:natgateway",
        "describe_nat_gateways",
        "NatGateways[]",
        "NatGatewayId",
        "delete-nat-gateway --nat-gateway-id",
        lambda _: prices.nat_gateway(),
        filters="Filter",
    ),
    Kind(
        "ec2:elastic-ip",
        "describe_addresses",
        "Addresses[]",
        "AllocationId",
        "release-address --allocation-id",
        lambda _: prices.public_address(),
    ),
    Kind(
        "ec2:network-interface",
        "describe_network_interfaces",
        "NetworkInterfaces[]",
        "NetworkInterfaceId",
        "delete-network-interface --network-interface-id",
        _interface,
        in_vpc=True,
    ),
    Kind(
        "ec2:vpc-endpoint",
        "describe_vpc_endpoints",
        "VpcEndpoints[]",
        "VpcEndpointId",
        "delete-vpc-endpoints --vpc-endpoint-ids",
        lambda record: prices.endpoint(record["VpcEndpointType"], len(record.get("SubnetIds") or ())),
        in_vpc=True,
    ),
    Kind(
        "ec2:security-group",
        "describe_security_groups",
        "SecurityGroups[]",
        "GroupId",
        "delete-security-group --group-id",
        in_vpc=True,
    ),
    Kind(
        "ec2:launch-template",
        "describe_launch_templates",
        "LaunchTemplates[]",
        "LaunchTemplateId",
        "delete-launch-template --launch-template-id",
    ),
    Kind(
        "ec2:spot-instances-request",
        "describe_spot_instance_requests",
        "SpotInstanceRequests[]",
        "SpotInstanceRequestId",
        "cancel-spot-instance-requests --spot-instance-request-ids",
    ),
    Kind(
        "ec2:vpc-flow-log",
        "describe_flow_logs",
        "FlowLogs[]",
        "FlowLogId",
        "delete-flow-logs --flow-log-ids",
        filters="Filter",
    ),
    Kind("ec2:subnet", "describe_subnets", "Subnets[]", "SubnetId", "delete-subnet --subnet-id"),
    Kind(
        "ec2:route-table",
        "describe_route_tables",
        "RouteTables[]",
        "RouteTableId",
        "delete-route-table --route-table-id",
    ),
    Kind(
        "ec2:network-acl",
        "describe_network_acls",
        "NetworkAcls[]",
        "NetworkAclId",
        "delete-network-acl --network-acl-id",
    ),
    Kind(
        "ec2:internet-gateway",
        "describe_internet_gateways",
        "InternetGateways[]",
        "InternetGatewayId",
        "delete-internet-gateway --internet-gateway-id",
    ),
    Kind("ec2:vpc", "describe_vpcs", "Vpcs[]", "VpcId", "delete-vpc --vpc-id"),
)
"""Kinds that a stack or its cluster makes, by the order in which one deletes them."""


def left(account: Account, owner: Owner) -> list[Item]:
    """Everything of `KINDS` with a tag of the stack or of its cluster, and what else is in its VPCs."""
    found: dict[str, Item] = {}
    for kind in KINDS:
        for item in _tagged(account, owner, kind):
            found.setdefault(item.id, item)
    vpcs = [item.id for item in found.values() if item.type == "ec2:vpc"]
    for kind in KINDS if vpcs else ():
        if kind.in_vpc:
            for item in _inside(account, owner, kind, vpcs):
                found.setdefault(item.id, item)
    return list(found.values())


def _tagged(account: Account, owner: Owner, kind: Kind) -> Iterator[Item]:
    wanted = [owner.tags.items(), *([tag] for tag in owner.cluster_tags)]
    for tags in wanted:
        for record in _described(account, owner, kind, [(f"tag:{key}", [value]) for key, value in tags]):
            yield _item(owner, kind, record, owner.claims(tags_of(record)))


def _inside(account: Account, owner: Owner, kind: Kind, vpcs: Sequence[str]) -> Iterator[Item]:
    for record in _described(account, owner, kind, [("vpc-id", list(vpcs))]):
        if record.get("GroupName") != "default":  # comes and goes with its VPC
            yield _item(owner, kind, record, f"in {record['VpcId']}, a VPC of the stack")


def _described(account: Account, owner: Owner, kind: Kind, wanted: Sequence[tuple[str, list[str]]]) -> Iterator[Record]:
    arguments: dict[str, Any] = {kind.filters: [{"Name": name, "Values": values} for name, values in wanted]}
    if kind.type == "ec2:snapshot":
        arguments["OwnerIds"] = ["self"]
    for record in account.all("ec2", kind.operation, kind.items, region=owner.region, **arguments):
        if _state(record) not in _GOING:
            yield record


def _item(owner: Owner, kind: Kind, record: Record, reason: str) -> Item:
    price = kind.price(record)
    priced = price.usd == 0 or owner.region == prices.REGION
    return Item(
        type=kind.type,
        id=record[kind.id],
        region=owner.region,
        name=_name(record),
        reason=reason,
        price=price if priced else prices.elsewhere(owner.region),
        command=_command(owner, kind, record),
    )


def _command(owner: Owner, kind: Kind, record: Record) -> str:
    if record.get("RequesterManaged"):
        return _REQUESTED.format(description=record.get("Description") or record.get("InterfaceType"))
    return f"aws ec2 {kind.delete} {record[kind.id]} --region {owner.region}"


def _name(record: Record) -> str:
    """What the console shows; a volume of a claim says which claim."""
    tags = tags_of(record)
    claim = tags.get("kubernetes.io/created-for/pvc/name")
    if claim:
        return f"{tags.get('kubernetes.io/created-for/pvc/namespace')}/{claim}"
    own = record.get("GroupName") or record.get("LaunchTemplateName") or record.get("Description")
    return str(tags.get("Name") or own or "")


def _state(record: Record) -> str:
    match record.get("State"):
        case {"Name": name}:
            return str(name).lower()
        case state:
            return str(state or "").lower()
