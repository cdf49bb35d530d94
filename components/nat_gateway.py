"""Egress of private subnets through NAT gateways that AWS runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.next_hop import NextHop


@dataclass(frozen=True, kw_only=True)
class NatGatewayArgs:
    """Inputs of `NatGateway`."""

    strategy: Literal["single", "per-zone"]
    """`single`: one gateway in the first zone, a shared point of failure; `per-zone`: each zone stands by itself."""
    public_subnet_ids: Mapping[str, pulumi.Input[str]]
    """Public subnet of each zone, by zone name; a gateway needs its subnet's internet route to exist first."""

    def __post_init__(self) -> None:
        """Refuse gateways that would serve nobody."""
        if not self.public_subnet_ids:
            raise ValueError("public_subnet_ids must name at least one zone, got none")


def plan_gateways(strategy: Literal["single", "per-zone"], zones: list[str]) -> dict[str, str]:
    """Zone of the gateway that serves each zone; the first zone keeps its gateway when the strategy changes."""
    return {zone: zone if strategy == "per-zone" else zones[0] for zone in zones}


class NatGateway(pulumi.ComponentResource):
    """Lets private subnets open connections to the internet; nothing can open one to them.

    Billed by AWS per gateway and hour, per gigabyte processed, and per public IPv4 address and hour. With `single`,
    traffic of the other zones also pays for crossing zones, and the loss of the first zone cuts the others off;
    with `per-zone` the hourly price is paid once per zone.
    """

    public_ips: list[pulumi.Output[str]]
    """Addresses that the outside world sees, one per gateway, in the order of the zones."""
    next_hops: Mapping[str, NextHop]
    """Where each zone sends what leaves the VPC, by zone name."""
    ready: list[pulumi.Resource]
    """What must exist, beside the routes, before traffic gets out."""

    def __init__(self, name: str, args: NatGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:NatGateway", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        serving = plan_gateways(args.strategy, list(args.public_subnet_ids))

        addresses: dict[str, aws.ec2.Eip] = {}
        gateways: dict[str, aws.ec2.NatGateway] = {}
        for zone in dict.fromkeys(serving.values()):
            tags = {"Name": f"{name}-{zone}"}
            addresses[zone] = aws.ec2.Eip(f"{name}-address-{zone}", domain="vpc", tags=tags, opts=child)
            gateways[zone] = aws.ec2.NatGateway(
                f"{name}-gateway-{zone}",
                allocation_id=addresses[zone].allocation_id,
                subnet_id=args.public_subnet_ids[zone],
                tags=tags,
                opts=child,
            )

        self.next_hops = {
            zone: NextHop(nat_gateway_id=gateways[gateway_zone].id) for zone, gateway_zone in serving.items()
        }
        self.ready = [*gateways.values()]
        self.public_ips = [address.public_ip for address in addresses.values()]
        self.register_outputs({"public_ips": self.public_ips})
