import asyncio
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.flow_logs import FlowLogsArgs
from components.nat_instance import NatInstanceMachine
from components.network import Network, NetworkArgs, plan_subnets
from tests.conftest import Declare, Plan

ZONES = ("eu-west-3a", "eu-west-3b", "eu-west-3c")
SUBNET = "aws:ec2/subnet:Subnet"


def args(**changes: Any) -> NetworkArgs:
    given: dict[str, Any] = {"cidr": "10.0.0.0/16", "region": "eu-west-3", "zone_names": ZONES, "egress": "nat-gateway"}
    return NetworkArgs(**{**given, **changes})


def vpc_cidrs() -> st.SearchStrategy[str]:
    def inside(private: str) -> st.SearchStrategy[str]:
        parent = IPv4Network(private)
        prefixes = st.integers(max(16, parent.prefixlen), 20)
        return prefixes.flatmap(
            lambda prefix: st.integers(0, 2 ** (prefix - parent.prefixlen) - 1).map(
                lambda i: f"{parent.network_address + i * 2 ** (32 - prefix)}/{prefix}"
            )
        )

    return st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]).flatmap(inside)


@given(cidr=vpc_cidrs(), count=st.integers(1, 2))
def test_adding_a_zone_moves_no_subnet(cidr: str, count: int) -> None:
    assert plan_subnets(cidr, ZONES[: count + 1])[:count] == plan_subnets(cidr, ZONES[:count])


@given(cidr=vpc_cidrs())
def test_subnets_lie_in_the_vpc_and_never_overlap(cidr: str) -> None:
    networks = [
        IPv4Network(each) for plan in plan_subnets(cidr, ZONES) for each in (plan.public_cidr, plan.private_cidr)
    ]
    assert len(networks) == 6
    assert all(network.subnet_of(IPv4Network(cidr)) for network in networks)
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


@given(cidr=vpc_cidrs())
def test_private_subnets_are_the_larger_ones(cidr: str) -> None:
    for plan in plan_subnets(cidr, ZONES):
        assert IPv4Network(plan.private_cidr).num_addresses == 4 * IPv4Network(plan.public_cidr).num_addresses


def test_a_slash_16_is_cut_where_the_documentation_says() -> None:
    plans = {plan.zone: (plan.public_cidr, plan.private_cidr) for plan in plan_subnets("10.0.0.0/16", ZONES)}
    assert plans == {
        "eu-west-3a": ("10.0.192.0/20", "10.0.0.0/18"),
        "eu-west-3b": ("10.0.208.0/20", "10.0.64.0/18"),
        "eu-west-3c": ("10.0.224.0/20", "10.0.128.0/18"),
    }


@pytest.fixture
def plan(declare: Declare) -> Plan:
    return declare(lambda: Network("main", args()))


def test_each_zone_has_one_public_and_one_private_subnet(plan: Plan) -> None:
    subnets = plan.of(SUBNET)
    assert {name: (subnet["availabilityZone"], subnet["cidrBlock"]) for name, subnet in subnets.items()} == {
        "main-public-eu-west-3a": ("eu-west-3a", "10.0.192.0/20"),
        "main-public-eu-west-3b": ("eu-west-3b", "10.0.208.0/20"),
        "main-public-eu-west-3c": ("eu-west-3c", "10.0.224.0/20"),
        "main-private-eu-west-3a": ("eu-west-3a", "10.0.0.0/18"),
        "main-private-eu-west-3b": ("eu-west-3b", "10.0.64.0/18"),
        "main-private-eu-west-3c": ("eu-west-3c", "10.0.128.0/18"),
    }


def test_no_subnet_hands_out_public_addresses(plan: Plan) -> None:
    assert {subnet["mapPublicIpOnLaunch"] for subnet in plan.of(SUBNET).values()} == {False}


def test_the_vpc_resolves_names(plan: Plan) -> None:
    vpc = plan.one("aws:ec2/vpc:Vpc")
    assert vpc["cidrBlock"] == "10.0.0.0/16"
    assert (vpc["enableDnsHostnames"], vpc["enableDnsSupport"]) == (True, True)


def test_the_default_security_group_lets_nothing_through(plan: Plan) -> None:
    locked = plan.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert locked["vpcId"] == "main-vpc-id"
    assert not locked.get("ingress")
    assert not locked.get("egress")


def test_public_subnets_share_a_route_to_the_internet_gateway(plan: Plan) -> None:
    route = plan.of("aws:ec2/route:Route")["main-public-route"]
    assert route["gatewayId"] == "main-internet-gateway-id"
    assert (route["routeTableId"], route["destinationCidrBlock"]) == ("main-public-id", "0.0.0.0/0")


def test_each_subnet_has_its_route_table(plan: Plan) -> None:
    associations = plan.of("aws:ec2/routeTableAssociation:RouteTableAssociation").values()
    public = {f"main-public-{zone}-id": "main-public-id" for zone in ZONES}
    private = {f"main-private-{zone}-id": f"main-private-{zone}-id" for zone in ZONES}
    assert {each["subnetId"]: each["routeTableId"] for each in associations} == public | private


def test_s3_is_reached_from_every_route_table_without_nat(plan: Plan) -> None:
    endpoint = plan.one("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert (endpoint["serviceName"], endpoint["vpcEndpointType"]) == ("com.amazonaws.eu-west-3.s3", "Gateway")
    assert set(endpoint["routeTableIds"]) == {"main-public-id", *(f"main-private-{zone}-id" for zone in ZONES)}


@pytest.mark.parametrize(("egress", "gateways"), [("nat-gateway", 1), ("nat-gateway-per-zone", 3), ("none", 0)])
def test_egress_decides_how_many_gateways_there_are(declare: Declare, egress: str, gateways: int) -> None:
    seen: list[Network] = []
    plan = declare(lambda: seen.append(Network("main", args(egress=egress))))
    assert len(plan.of("aws:ec2/natGateway:NatGateway")) == gateways
    assert len(seen[0].nat_public_ips) == gateways


def test_without_egress_private_route_tables_have_no_default_route(declare: Declare) -> None:
    plan = declare(lambda: Network("main", args(egress="none")))
    assert set(plan.of("aws:ec2/route:Route")) == {"main-public-route"}


def test_the_nat_instance_stands_in_the_first_public_subnet_and_serves_every_zone(declare: Declare) -> None:
    machine = NatInstanceMachine(image_id="ami-1", instance_type="t4g.micro")
    plan = declare(lambda: Network("main", args(egress="nat-instance", nat_instance=machine)))
    assert plan.one("aws:ec2/networkInterface:NetworkInterface")["subnetId"] == "main-public-eu-west-3a-id"
    assert plan.one("aws:ec2/launchTemplate:LaunchTemplate")["instanceType"] == "t4g.micro"
    routes = plan.of("aws:ec2/route:Route").values()
    by_instance = {route["routeTableId"] for route in routes if "networkInterfaceId" in route}
    assert by_instance == {f"main-private-{zone}-id" for zone in ZONES}


def test_another_kind_of_egress_changes_the_target_of_the_same_routes(declare: Declare) -> None:
    machine = NatInstanceMachine(image_id="ami-1")
    by_instance = declare(lambda: Network("main", args(egress="nat-instance", nat_instance=machine)))
    by_gateway = declare(lambda: Network("main", args(egress="nat-gateway")))

    def routes(plan: Plan) -> set[str]:
        return {urn for urn in plan.urns if "aws:ec2/route:Route" in urn}

    assert routes(by_instance) == routes(by_gateway)
    assert {
        route.get("natGatewayId", route.get("gatewayId")) for route in by_gateway.of("aws:ec2/route:Route").values()
    } == {"main-internet-gateway-id", "main-nat-gateway-eu-west-3a-id"}


@pytest.mark.parametrize(("egress", "count"), [("nat-gateway", 7), ("none", 3)])
def test_private_routes_hold_associations_and_ways_out(declare: Declare, egress: str, count: int) -> None:
    seen: list[Network] = []
    declare(lambda: seen.append(Network("main", args(egress=egress))))
    assert len(seen[0].private_routes) == count


def test_outputs_list_subnets_in_the_order_of_the_zones(declare: Declare) -> None:
    known: dict[str, list[str]] = {}

    def program() -> None:
        network = Network("main", args())
        for kind, ids in (("public", network.public_subnet_ids), ("private", network.private_subnet_ids)):
            known[kind] = [""] * len(ids)
            for i, subnet_id in enumerate(ids):
                subnet_id.apply(lambda value, kind=kind, i=i: known[kind].__setitem__(i, value))

    declare(program)
    assert known == {kind: [f"main-{kind}-{zone}-id" for zone in ZONES] for kind in ("public", "private")}


def test_every_child_belongs_to_the_network(plan: Plan) -> None:
    orphans = [urn for urn in plan.urns if "aws:" in urn and "socle:index:" not in urn]
    assert orphans == []


def test_nothing_is_recorded_unless_asked(plan: Plan) -> None:
    assert not {"aws:ec2/flowLog:FlowLog", "aws:s3/bucket:Bucket"} & plan.types


def test_flow_logs_record_the_whole_vpc_when_asked(declare: Declare) -> None:
    logs = FlowLogsArgs(retention_days=30, account_id="123456789012")
    flow_log = declare(lambda: Network("main", args(flow_logs=logs))).one("aws:ec2/flowLog:FlowLog")
    assert (flow_log["vpcId"], flow_log["trafficType"]) == ("main-vpc-id", "ALL")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cidr": "ten"}, "cidr must be an IPv4 network such as '10.0.0.0/16', got 'ten'"),
        ({"cidr": "10.0.0.1/16"}, "cidr must be an IPv4 network .* has host bits set"),
        ({"cidr": "10.0.0.0/15"}, "cidr must be from /16 to /20, got '10.0.0.0/15'"),
        ({"cidr": "10.0.0.0/21"}, "cidr must be from /16 to /20, got '10.0.0.0/21'"),
        ({"cidr": "172.32.0.0/16"}, "cidr must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"),
        ({"zone_names": ()}, "zone_names must name 1 to 3 zones, got 0"),
        ({"zone_names": (*ZONES, "eu-west-3d")}, "zone_names must name 1 to 3 zones, got 4"),
        ({"zone_names": ("eu-west-3a", "eu-west-3a")}, "zone_names must be distinct"),
        ({"zone_names": ("eu-west-1a",)}, r"zone_names must lie in region 'eu-west-3', got \['eu-west-1a'\]"),
        ({"egress": "nat-instance"}, "nat_instance belongs to egress 'nat-instance', got none with 'nat-instance'"),
        (
            {"nat_instance": NatInstanceMachine(image_id="ami-1")},
            "nat_instance belongs to egress 'nat-instance', got one with 'nat-gateway'",
        ),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        args(**changes)


def test_who_waits_for_a_public_subnet_waits_for_its_route_to_the_internet(declare: Declare) -> None:
    awaited: set[str] = set()

    async def collect(subnet_id: pulumi.Output[str]) -> None:
        awaited.update(type(resource).__name__ for resource in await subnet_id.resources())

    def program() -> None:
        network = Network("main", args())
        asyncio.get_event_loop().create_task(collect(network.public_subnet_ids[0]))

    declare(program)
    assert awaited == {"Subnet", "RouteTableAssociation", "Route"}
