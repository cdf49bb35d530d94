"""EC2 machines: alone, in auto scaling groups and in node groups of EKS, each with its disk and address."""

from dataclasses import dataclass
from typing import Any, Final

from tools.costing.context import Context, Rule
from tools.costing.line import Line
from tools.costing.resource import Resource

INSTANCE: Final = "aws:ec2/instance:Instance"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP: Final = "aws:autoscaling/group:Group"
NODES: Final = "aws:eks/nodeGroup:NodeGroup"
ADDRESS: Final = "aws:ec2/eip:Eip"
# Root volumes when nothing is said: Ubuntu's image has 8 GiB, a node of EKS gets 20.
# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html
_IMAGE_GIB: Final = 8
_NODE_GIB: Final = 20
_IN_TEMPLATE: Final = ("blockDeviceMappings", 0, "ebs")


@dataclass(frozen=True)
class Machines:
    """Machines that are alike."""

    what: str
    """What a bill calls them."""
    type: str
    count: float
    spot: bool = False
    awake: float = 1.0
    """Share of the month in which they run."""


@dataclass(frozen=True)
class Disk:
    """The root volume of a machine."""

    kind: str
    gib: float


def instance(resource: Resource, at: Context) -> list[Line]:
    """A machine by itself. Its disk is billed while it is stopped."""
    spot = resource.value("instanceMarketOptions", "marketType") == "spot"
    one = Machines(resource.name, str(resource.value("instanceType") or ""), 1, spot, at.awake(resource))
    lines = [running(resource, at, one), disks(resource, at, one, disk_of(resource, ("rootBlockDevice",), _IMAGE_GIB))]
    if resource.flag("associatePublicIpAddress"):
        lines.append(at.by_the_hour(resource, f"{resource.name}: public IPv4", "address.public"))
    return lines


def group(resource: Resource, at: Context) -> list[Line]:
    """An auto scaling group, by its launch template."""
    template = at.stack.linked(resource, "launchTemplate", TEMPLATE) or _only(at.stack.siblings(resource, TEMPLATE))
    count = resource.number("desiredCapacity", default=resource.number("minSize", default=1))
    if template is None:
        return [at.line(resource, resource.name, "unpriced", why="its launch template is not known")]
    spot = template.value("instanceMarketOptions", "marketType") == "spot"
    alike = Machines(resource.name, str(template.value("instanceType") or ""), count, spot)
    disk = disk_of(template, _IN_TEMPLATE, _IMAGE_GIB)
    lines = [running(resource, at, alike), disks(resource, at, alike, disk)]
    public = count if template.flag("networkInterfaces", 0, "associatePublicIpAddress") else 0
    # An elastic address takes the place of the one that a machine was born with.
    public -= len(at.stack.siblings(resource, ADDRESS))
    if public > 0:
        lines.append(at.by_the_hour(resource, f"{resource.name}: public IPv4", "address.public", public))
    return lines


def node_group(resource: Resource, at: Context) -> list[Line]:
    """Nodes of EKS: as many as it starts with, of its first type; one that sleeps is gone, with its disk."""
    template = at.stack.linked(resource, "launchTemplate", TEMPLATE) or _called_after(resource, at)
    awake = at.awake(resource)
    alike = Machines(
        f"nodes {resource.name}",
        str(resource.value("instanceTypes", 0) or "t3.medium"),
        resource.number("scalingConfig", "desiredSize", default=1),
        resource.value("capacityType") == "SPOT",
        awake,
    )
    disk = Disk("gp3", resource.number("diskSize", default=_NODE_GIB))
    if template:
        disk = disk_of(template, _IN_TEMPLATE, _NODE_GIB)
    lines = [running(resource, at, alike), disks(resource, at, alike, disk, awake)]
    if template and template.flag("networkInterfaces", 0, "associatePublicIpAddress"):
        lines.append(at.by_the_hour(resource, f"{alike.what}: public IPv4", "address.public", alike.count * awake))
    return lines


def running(resource: Resource, at: Context, of: Machines) -> Line:
    """What alike machines cost, without disks."""
    slept = f", awake {of.awake:.0%} of the month" if of.awake < 1 else ""
    what = f"{of.what}: {of.count:g} x {of.type or 'unknown type'}{' spot' if of.spot else ''}{slept}"
    known = at.table.instances.get(of.type)
    if known is None:
        why = f"the table of {at.table.region} lacks {of.type}" if of.type else "its type is not known yet"
        return at.line(resource, what, "unpriced", why=why)
    hours = at.table.hours_per_month * of.count * of.awake
    if not of.spot:
        return at.line(resource, what, "priced", known.hour * hours)
    ceiling = known.hour * at.table.spot_ceiling * hours
    if known.spot is None:
        return at.line(
            resource, what, "priced", ceiling, why=f"nobody looked: {at.table.spot_ceiling:.0%} of on demand"
        )
    low, high = (each * hours for each in known.spot)
    why = f"spot in the dearest zone; it may rise to {at.table.spot_ceiling:.0%} of on demand"
    return at.line(resource, what, "priced", high, low=low, high=max(ceiling, high), why=why)


def disk_of(resource: Resource, path: tuple[Any, ...], image_gib: float) -> Disk:
    """The root volume that inputs describe; what the image has where they do not."""
    kind = str(resource.value(*path, "volumeType") or "gp3")
    return Disk(kind, resource.number(*path, "volumeSize", default=image_gib))


def disks(resource: Resource, at: Context, of: Machines, disk: Disk, share: float = 1.0) -> Line:
    """Root volumes of alike machines, for a share of the month."""
    what = f"{of.what}: {of.count:g} x {disk.gib:g} GiB {disk.kind}"
    return at.by_amount(resource, what, f"ebs.{disk.kind}", disk.gib * of.count * share)


def _called_after(group: Resource, at: Context) -> Resource | None:
    """The template beside a group that has its name: an engine does not always tell what an input is made from."""
    return _only([each for each in at.stack.siblings(group, TEMPLATE) if each.name == f"{group.name}-template"])


def _only(found: list[Resource]) -> Resource | None:
    return found[0] if len(found) == 1 else None


RULES: Final[dict[str, Rule]] = {INSTANCE: instance, GROUP: group, NODES: node_group}
