from typing import Literal

import pytest

from components.nat_gateway import NatGateway, NatGatewayArgs, plan_gateways
from tests.conftest import Declare, Plan

ZONES = ["eu-west-3a", "eu-west-3b", "eu-west-3c"]


def args(strategy: Literal["single", "per-zone"]) -> NatGatewayArgs:
    return NatGatewayArgs(
        strategy=strategy,
        public_subnet_ids={zone: f"public-{zone}" for zone in ZONES},
        private_route_table_ids={zone: f"table-{zone}" for zone in ZONES},
    )


def gateway_of_each_table(plan: Plan) -> dict[str, str]:
    return {route["routeTableId"]: route["natGatewayId"] for route in plan.of("aws:ec2/route:Route").values()}


def test_single_serves_every_zone_from_the_first() -> None:
    assert plan_gateways("single", ZONES) == dict.fromkeys(ZONES, "eu-west-3a")


def test_per_zone_serves_each_zone_from_itself() -> None:
    assert plan_gateways("per-zone", ZONES) == {zone: zone for zone in ZONES}


def test_a_single_gateway_stands_in_the_first_public_subnet_and_takes_every_route(declare: Declare) -> None:
    plan = declare(lambda: NatGateway("nat", args("single")))
    gateway = plan.one("aws:ec2/natGateway:NatGateway")
    assert gateway["subnetId"] == "public-eu-west-3a"
    assert gateway_of_each_table(plan) == {f"table-{zone}": "nat-gateway-eu-west-3a-id" for zone in ZONES}


def test_per_zone_each_route_stays_in_its_zone(declare: Declare) -> None:
    plan = declare(lambda: NatGateway("nat", args("per-zone")))
    gateways = plan.of("aws:ec2/natGateway:NatGateway")
    assert {name: gateway["subnetId"] for name, gateway in gateways.items()} == {
        f"nat-gateway-{zone}": f"public-{zone}" for zone in ZONES
    }
    assert gateway_of_each_table(plan) == {f"table-{zone}": f"nat-gateway-{zone}-id" for zone in ZONES}


def test_routes_take_all_traffic_that_leaves_the_vpc(declare: Declare) -> None:
    routes = declare(lambda: NatGateway("nat", args("single"))).of("aws:ec2/route:Route")
    assert {route["destinationCidrBlock"] for route in routes.values()} == {"0.0.0.0/0"}


@pytest.mark.parametrize(("strategy", "count"), [("single", 1), ("per-zone", 3)])
def test_one_elastic_address_per_gateway_is_exposed(
    declare: Declare, strategy: Literal["single", "per-zone"], count: int
) -> None:
    seen: list[NatGateway] = []
    plan = declare(lambda: seen.append(NatGateway("nat", args(strategy))))
    assert len(plan.of("aws:ec2/eip:Eip")) == count
    assert len(seen[0].public_ips) == count
    assert len(seen[0].routes) == len(ZONES)


def test_zones_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match=r"private_route_table_ids must name the zones of public_subnet_ids \['a'\]"):
        NatGatewayArgs(strategy="single", public_subnet_ids={"a": "s"}, private_route_table_ids={"b": "t"})


def test_no_zone_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="got \\[\\]"):
        NatGatewayArgs(strategy="single", public_subnet_ids={}, private_route_table_ids={})
