"""The VPC of a stack: subnets that never move, and how each of them reaches the internet."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.flow_logs import FlowLogsArgs, record_flows
from components.nat_gateway import NatGateway, NatGatewayArgs
from components.nat_instance import NatInstance, NatInstanceArgs, NatInstanceMachine
from components.subnet_plan import SubnetPlan, check_cidr, plan_subnets

__all__ = ["Egress", "FlowLogsArgs", "NatInstanceMachine", "Network", "NetworkArgs", "SubnetPlan", "plan_subnets"]

Egress = Literal["nat-gateway", "nat-gateway-per-zone", "nat-instance", "none"]

ANYWHERE = "0.0.0.0/0"
MAX_ZONES = 3


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Inputs of `Network`."""

    cidr: str
    """IPv4 range of the VPC: a private network from /16 to /20; a change replaces everything in it."""
    region: str
    """Region of the VPC, for the name of its S3 endpoint and of its log delivery."""
    zone_names: tuple[str, ...]
    """One to three availability zones of the region; a zone added at the end moves nothing."""
    egress: Egress
    """How private subnets reach the internet: see `NatGateway` and `NatInstance`; `none` leaves them without."""
    nat_instance: NatInstanceMachine | None = None
    """The machine of egress `nat-instance`, and of no other."""
    flow_logs: FlowLogsArgs | None = None
    """Records the traffic in a bucket; omitted, nothing is recorded."""

    def __post_init__(self) -> None:
        """Refuse what the plan cannot hold."""
        check_cidr(self.cidr)
        _check_zones(self.region, self.zone_names)
        if (self.egress == "nat-instance") != (self.nat_instance is not None):
            given = "none" if self.nat_instance is None else "one"
            raise ValueError(f"nat_instance belongs to egress 'nat-instance', got {given} with {self.egress!r}")


class Network(pulumi.ComponentResource):
    """A VPC with one public and one private subnet in each zone.

    Public subnets reach the internet directly, for load balancers and NAT; no machine gets a public address by
    default. Private subnets go out through `egress`, which is what costs money here; S3 is reached from everywhere
    through a gateway endpoint, which is free and spares the price of NAT. The default security group lets nothing
    through.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    cidr: str
    """IPv4 range of the VPC."""
    public_subnet_ids: list[pulumi.Output[str]]
    """One per zone, in the order of `zone_names`; known once the subnet is connected to the internet."""
    private_subnet_ids: list[pulumi.Output[str]]
    """One per zone, in the order of `zone_names`."""
    nat_public_ips: list[pulumi.Output[str]]
    """Addresses under which private subnets appear to the outside world; empty without egress."""
    private_routes: list[pulumi.Resource]
    """What must exist before a machine in a private subnet reaches the internet."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        plans = plan_subnets(args.cidr, args.zone_names)

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=child,
        )
        # Adopted without rules: whatever lands in the default group by mistake is cut off.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-security-group", vpc_id=vpc.id, tags={"Name": f"{name}-locked"}, opts=child
        )
        public = _public_tier(name, plans, vpc, child)
        private = _private_tier(name, plans, vpc, child)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[public.table.id, *private.table_ids.values()],
            tags={"Name": f"{name}-s3"},
            opts=child,
        )
        if args.flow_logs is not None:
            record_flows(f"{name}-flow-logs", args.flow_logs, vpc_id=vpc.id, region=args.region, child=child)
        way_out = _way_out(name, args, vpc=vpc, public=public, child=child)

        self.vpc_id = vpc.id
        self.cidr = args.cidr
        self.public_subnet_ids = list(public.subnet_ids.values())
        self.private_subnet_ids = list(private.subnet_ids.values())
        self.nat_public_ips = way_out.public_ips if way_out else []
        self.private_routes = [
            *private.associations,
            *(_default_routes(name, private, way_out, child) if way_out else ()),
        ]
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "cidr": self.cidr,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "nat_public_ips": self.nat_public_ips,
            }
        )


@dataclass(frozen=True)
class _Public:
    table: aws.ec2.RouteTable
    subnets: dict[str, aws.ec2.Subnet]
    subnet_ids: dict[str, pulumi.Output[str]]


@dataclass(frozen=True)
class _Private:
    table_ids: dict[str, pulumi.Output[str]]
    subnet_ids: dict[str, pulumi.Output[str]]
    associations: list[pulumi.Resource]


def _check_zones(region: str, zones: tuple[str, ...]) -> None:
    if not 1 <= len(zones) <= MAX_ZONES:
        raise ValueError(f"zone_names must name 1 to {MAX_ZONES} zones, got {len(zones)}")
    if len(set(zones)) < len(zones):
        raise ValueError(f"zone_names must be distinct, got {zones}")
    strangers = [zone for zone in zones if not zone.startswith(region)]
    if strangers:
        raise ValueError(f"zone_names must lie in region {region!r}, got {strangers}")


def _public_tier(name: str, plans: list[SubnetPlan], vpc: aws.ec2.Vpc, child: pulumi.ResourceOptions) -> _Public:
    gateway = aws.ec2.InternetGateway(f"{name}-internet-gateway", vpc_id=vpc.id, tags={"Name": name}, opts=child)
    table = aws.ec2.RouteTable(f"{name}-public", vpc_id=vpc.id, tags={"Name": f"{name}-public"}, opts=child)
    route = aws.ec2.Route(
        f"{name}-public-route",
        route_table_id=table.id,
        destination_cidr_block=ANYWHERE,
        gateway_id=gateway.id,
        opts=child,
    )
    subnets: dict[str, aws.ec2.Subnet] = {}
    subnet_ids: dict[str, pulumi.Output[str]] = {}
    for plan in plans:
        subnet = _subnet(f"{name}-public-{plan.zone}", plan.zone, plan.public_cidr, vpc, child)
        association = aws.ec2.RouteTableAssociation(
            f"{name}-public-{plan.zone}", subnet_id=subnet.id, route_table_id=table.id, opts=child
        )
        subnets[plan.zone] = subnet
        # AWS refuses load balancers and NAT gateways in a subnet that is not connected yet: who waits for the id
        # waits for the connection, and goes before it when everything is destroyed.
        subnet_ids[plan.zone] = pulumi.Output.all(subnet.id, association.id, route.id).apply(lambda ids: ids[0])
    return _Public(table, subnets, subnet_ids)


def _private_tier(name: str, plans: list[SubnetPlan], vpc: aws.ec2.Vpc, child: pulumi.ResourceOptions) -> _Private:
    table_ids: dict[str, pulumi.Output[str]] = {}
    subnet_ids: dict[str, pulumi.Output[str]] = {}
    associations: list[pulumi.Resource] = []
    for plan in plans:
        role = f"{name}-private-{plan.zone}"
        table = aws.ec2.RouteTable(role, vpc_id=vpc.id, tags={"Name": role}, opts=child)
        subnet = _subnet(role, plan.zone, plan.private_cidr, vpc, child)
        associations.append(
            aws.ec2.RouteTableAssociation(role, subnet_id=subnet.id, route_table_id=table.id, opts=child)
        )
        table_ids[plan.zone] = table.id
        subnet_ids[plan.zone] = subnet.id
    return _Private(table_ids, subnet_ids, associations)


def _subnet(name: str, zone: str, cidr: str, vpc: aws.ec2.Vpc, child: pulumi.ResourceOptions) -> aws.ec2.Subnet:
    return aws.ec2.Subnet(
        name,
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=cidr,
        map_public_ip_on_launch=False,
        tags={"Name": name},
        opts=child,
    )


def _way_out(
    name: str,
    args: NetworkArgs,
    *,
    vpc: aws.ec2.Vpc,
    public: _Public,
    child: pulumi.ResourceOptions,
) -> NatGateway | NatInstance | None:
    """The strategy that `egress` names; each gives the same outputs."""
    if args.nat_instance is not None:
        zone = args.zone_names[0]
        instance = NatInstanceArgs(
            machine=args.nat_instance,
            vpc_id=vpc.id,
            vpc_cidr=args.cidr,
            subnet_id=public.subnet_ids[zone],
            subnet_arn=public.subnets[zone].arn,
            zone_names=args.zone_names,
        )
        return NatInstance(f"{name}-nat", instance, child)
    if args.egress == "none":
        return None
    gateways = NatGatewayArgs(
        strategy="per-zone" if args.egress == "nat-gateway-per-zone" else "single",
        public_subnet_ids=public.subnet_ids,
    )
    return NatGateway(f"{name}-nat", gateways, child)


def _default_routes(
    name: str, private: _Private, way_out: NatGateway | NatInstance, child: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The routes of the private subnets to the way out, and what else it needs to work."""
    routes = [
        aws.ec2.Route(
            f"{name}-private-{zone}-egress",
            route_table_id=private.table_ids[zone],
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=hop.nat_gateway_id,
            network_interface_id=hop.network_interface_id,
            opts=child,
        )
        for zone, hop in way_out.next_hops.items()
    ]
    return [*way_out.ready, *routes]
