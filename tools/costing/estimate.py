"""What a stack costs a month: a line for everything that costs something, or whose price nobody knows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tools.costing.context import Context, Rule
from tools.costing.free import is_free
from tools.costing.line import Class, Line
from tools.costing.price_table import PriceTable
from tools.costing.resource import Resource, Stack, stack_of
from tools.costing.rules import claims, machines, network, services
from tools.costing.usage import Usage

_RULES: Final[dict[str, Rule]] = {**machines.RULES, **network.RULES, **services.RULES, **claims.RULES}
# 100 GB to the internet are free each month: https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer
_FREE_OUT_GB: Final = 100
_DATADOG: Final = "datadog:index/monitor:Monitor"
_SNAPSHOTS: Final = "snapshot"
_CLUSTER: Final = ("aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster")


@dataclass(frozen=True)
class Estimate:
    """The bill of a month."""

    lines: tuple[Line, ...]

    def of(self, *kinds: Class) -> list[Line]:
        """Lines of these classes."""
        return [line for line in self.lines if line.kind in kinds]

    @property
    def usd(self) -> float:
        """To be expected, in USD without tax; what nobody knows is not in it."""
        return sum(line.usd for line in self.lines)

    @property
    def lowest(self) -> float:
        """At best."""
        return sum(line.lowest for line in self.lines)

    @property
    def highest(self) -> float:
        """At worst."""
        return sum(line.highest for line in self.lines)

    @property
    def elsewhere(self) -> float:
        """What others than AWS bill of it."""
        return sum(line.usd for line in self.lines if not line.aws)


def estimate(
    resources: Iterable[Resource], usage: Usage, table: PriceTable, sleepers: Mapping[str, float] | None = None
) -> Estimate:
    """The bill of these resources; `sleepers` has the hours a week of those that sleep, by URN."""
    stack = stack_of(resources)
    at = Context(stack, usage, table, sleepers or {})
    lines = [line for resource in stack.resources for line in _lines(resource, at)]
    return Estimate((*lines, *_of_the_whole(at)))


def _lines(resource: Resource, at: Context) -> list[Line]:
    rule = _RULES.get(resource.type)
    if rule:
        return rule(resource, at)
    if is_free(resource.type):
        return [at.line(resource, resource.name, "free")]
    return [at.line(resource, resource.name, "unpriced", why="a type that has no rule yet")]


def _of_the_whole(at: Context) -> list[Line]:
    """What no resource shows by itself: traffic, snapshots and Datadog's bill."""
    stack, usage = at.stack, at.usage
    whole = Resource("", "", "the whole stack", {})
    lines: list[Line] = []
    if stack.of(network.BALANCER, machines.INSTANCE, *_CLUSTER):
        billed = max(0.0, usage.internet_out_gb - _FREE_OUT_GB)
        assumed = f"{usage.internet_out_gb:g} GB a month, of which {_FREE_OUT_GB} are free"
        lines.append(at.by_amount(whole, "data to the internet", "transfer.internet", billed, assumed=assumed))
        assumed = f"{usage.cross_zone_gb:g} GB a month each way"
        both = usage.cross_zone_gb * 2
        lines.append(at.by_amount(whole, "data between zones", "transfer.zones", both, assumed=assumed))
    if _keeps_snapshots(stack):
        assumed = f"{usage.snapshots_gb:g} GB"
        lines.append(at.by_amount(whole, "snapshots of volumes", "ebs.snapshot", usage.snapshots_gb, assumed=assumed))
    if stack.of(_DATADOG):
        hosts = _nodes(stack) if usage.datadog_hosts == "nodes" else usage.datadog_hosts
        line = at.by_amount(whole, "Datadog", "datadog.host", hosts, assumed=f"{hosts:g} hosts", aws=False)
        lines.append(line)
    return lines


def _keeps_snapshots(stack: Stack) -> bool:
    return any(str(each.value("chart") or "").endswith("velero") for each in stack.of("kubernetes:helm.sh/v3:Release"))


def _nodes(stack: Stack) -> float:
    groups = sum(each.number("scalingConfig", "desiredSize", default=1) for each in stack.of(machines.NODES))
    # The bastion is no node, and has no agent.
    alone = [each for each in stack.of(machines.INSTANCE) if "bastion" not in each.name]
    return groups + len(alone)
