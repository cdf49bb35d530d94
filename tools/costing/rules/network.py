"""Addresses, gateways, endpoints and load balancers, with what they carry."""

from typing import Final

from tools.costing.context import Context, Rule
from tools.costing.line import Line
from tools.costing.resource import Resource

BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
# AWS asks for two zones at least: a balancer whose subnets are not known yet has as many.
_ZONES: Final = 2


def address(resource: Resource, at: Context) -> list[Line]:
    """A public address, used or idle."""
    return [at.by_the_hour(resource, f"{resource.name}: public IPv4", "address.public")]


def nat_gateway(resource: Resource, at: Context) -> list[Line]:
    """A NAT gateway and what goes through it; its address is a resource of its own."""
    gateways = len(at.stack.of(NAT_GATEWAY))
    data = at.usage.nat_data_gb / gateways
    return [
        at.by_the_hour(resource, f"NAT gateway {resource.name}", "nat.gateway"),
        at.by_amount(
            resource, f"NAT gateway {resource.name}: data", "nat.gateway.data", data, assumed=f"{data:g} GB a month"
        ),
    ]


def endpoint(resource: Resource, at: Context) -> list[Line]:
    """A VPC endpoint; those of the gateway kind are free."""
    if resource.value("vpcEndpointType") in (None, "Gateway"):
        return [at.line(resource, f"VPC endpoint {resource.name}", "free", why="of the gateway kind")]
    zones = resource.length("subnetIds", default=1)
    data = at.usage.endpoint_gb
    return [
        at.by_the_hour(resource, f"VPC endpoint {resource.name}: {zones} zones", "endpoint.interface", zones),
        at.by_amount(
            resource,
            f"VPC endpoint {resource.name}: data",
            "endpoint.interface.data",
            data,
            assumed=f"{data:g} GB a month",
        ),
    ]


def balancer(resource: Resource, at: Context) -> list[Line]:
    """A load balancer with its capacity units, and a public address a zone if it faces the internet."""
    kind = "network" if resource.value("loadBalancerType") == "network" else "application"
    units, hours = at.usage.balancer_units, at.table.hours_per_month
    lines = [
        at.by_the_hour(resource, f"load balancer {resource.name} ({kind})", f"balancer.{kind}"),
        at.by_amount(
            resource,
            f"load balancer {resource.name}: capacity",
            f"balancer.{kind}.capacity",
            units * hours,
            assumed=f"{units:g} units on average",
        ),
    ]
    if not resource.flag("internal"):
        zones = resource.length("subnets", default=resource.length("subnetMappings", default=_ZONES))
        what = f"load balancer {resource.name}: {zones} public IPv4"
        lines.append(at.by_the_hour(resource, what, "address.public", zones))
    return lines


RULES: Final[dict[str, Rule]] = {
    "aws:ec2/eip:Eip": address,
    NAT_GATEWAY: nat_gateway,
    "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
    BALANCER: balancer,
}
