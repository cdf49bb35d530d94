"""Egress of private subnets through NAT gateways that AWS runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class NatGatewayArgs:
    """Inputs of `NatGateway`."""

    strategy: Literal["single", "per-zone"]
    """`single`: one gateway in the first zone, a shared point of failure; `per-zone`: each zone stands by itself."""
    public_subnet_ids: Mapping[str, pulumi.Input[str]]
    """Public subnet of each zone, by zone name; a gateway needs its subnet's internet route to exist first."""
    private_route_table_ids: Mapping[str, pulumi.Input[str]]
    """Route table of each zone's private subnet, by zone name; the same zones in the same order."""

    def __post_init__(self) -> None:
        """Refuse zones that do not match."""
        public, private = list(self.public_subnet_ids), list(self.private_route_table_ids)
        if not public or public != private:
            raise ValueError(
                f"private_route_table_ids must name the zones of public_subnet_ids {public}, got {private}"
            )


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
    routes: list[pulumi.Resource]
    """What must exist before a machine behind the route tables reaches the internet."""

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

        self.routes = [
            aws.ec2.Route(
                f"{name}-route-{zone}",
                route_table_id=args.private_route_table_ids[zone],
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=gateways[gateway_zone].id,
                opts=child,
            )
            for zone, gateway_zone in serving.items()
        ]
        self.public_ips = [address.public_ip for address in addresses.values()]
        self.register_outputs({"public_ips": self.public_ips})
