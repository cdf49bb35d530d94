"""The VPC: its default group, its records, and what its way out costs."""

from collections.abc import Iterator
from typing import Final

from policy.rules.model import UNKNOWN, Context, Resource, Said, Stack, StackCheck, on

VPC: Final = "aws:ec2/vpc:Vpc"
DEFAULT_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"


@on(DEFAULT_GROUP)
def default_group(group: Resource, _: Context) -> Iterator[str]:
    """The group that everything has which is given none lets nothing through."""
    for way in ("ingress", "egress"):
        if list(group.each(way)):
            yield f"it has rules of {way}"


def _each_vpc_has(type_: str, missing: str) -> StackCheck:
    """A check that there is one of a type for each VPC."""

    def run(stack: Stack) -> Iterator[Said]:
        lacking = len(list(stack.of(VPC))) - len(list(stack.of(type_)))
        for vpc in list(stack.of(VPC))[:lacking] if lacking > 0 else []:
            yield vpc, missing

    return StackCheck(run)


@on(FLOW_LOG)
def flow_log(log: Resource, _: Context) -> Iterator[str]:
    """Flow logs go to S3, and have what was refused."""
    if log.at("logDestinationType", default="cloud-watch-logs") != "s3":
        yield "logDestinationType is not s3, which costs half"
    if log.at("trafficType", default="ALL") == "ACCEPT":
        yield "trafficType is ACCEPT, which leaves out what was refused"


def _gateways(stack: Stack) -> Iterator[Said]:
    """One NAT gateway at most in production, none elsewhere."""
    found = sorted(stack.of(GATEWAY), key=lambda each: each.name)
    allowed = 1 if stack.context.production else 0
    for gateway in found[allowed:]:
        yield gateway, f"a NAT gateway costs 37 USD a month; a stack like this one may have {allowed}"


@on(GATEWAY)
def regional(gateway: Resource, _: Context) -> Iterator[str]:
    """No gateway is billed once a zone behind one's back."""
    if gateway.at("availabilityMode") == "regional":
        yield "availabilityMode is regional, which is billed once for every zone"


def _endpoint(stack: Stack) -> Iterator[Said]:
    """Traffic to S3 does not pass the NAT, where there is one to pass."""
    exits = [each for each in stack.of("aws:ec2/route:Route") if _leaves(each)]
    reached = any(
        each.inputs.get("serviceName") is UNKNOWN
        or (
            str(each.inputs.get("serviceName")).endswith(".s3")
            and each.at("vpcEndpointType", default="Gateway") == "Gateway"
        )
        for each in stack.of(ENDPOINT)
    )
    if exits and not reached:
        yield exits[0], "its traffic to S3 passes the NAT and is paid by GB, for want of a gateway endpoint"


def _leaves(route: Resource) -> bool:
    return any(route.inputs.get(key) for key in ("natGatewayId", "networkInterfaceId"))


CHECKS: Final = {
    "NET-01": (default_group, _each_vpc_has(DEFAULT_GROUP, "its default security group lets all its members in")),
    "NET-02": (flow_log, _each_vpc_has(FLOW_LOG, "it has no flow logs")),
    "COST-02": (regional, StackCheck(_gateways), StackCheck(_endpoint)),
}
