from typing import Literal

import pytest

from components.nat_gateway import NatGateway, NatGatewayArgs, plan_gateways
from tests.conftest import Declare, Plan

ZONES = ["eu-west-3a", "eu-west-3b", "eu-west-3c"]


def args(strategy: Literal["single", "per-zone"]) -> NatGatewayArgs:
    return NatGatewayArgs(
        strategy=strategy,
        public_subnet_ids={zone: f"public-{zone}" for zone in ZONES},
    )


def gateways_by_zone(declare: Declare, strategy: Literal["single", "per-zone"]) -> tuple[Plan, dict[str, str]]:
    """What is declared, and the gateway to which each zone sends its traffic."""
    known: dict[str, str] = {}

    def program() -> None:
        for zone, hop in NatGateway("nat", args(strategy)).next_hops.items():
            assert hop.nat_gateway_id is not None
            assert hop.network_interface_id is None
            hop.nat_gateway_id.apply(lambda found, zone=zone: known.__setitem__(zone, found))

    return declare(program), known


def test_single_serves_every_zone_from_the_first() -> None:
    assert plan_gateways("single", ZONES) == dict.fromkeys(ZONES, "eu-west-3a")


def test_per_zone_serves_each_zone_from_itself() -> None:
    assert plan_gateways("per-zone", ZONES) == {zone: zone for zone in ZONES}


def test_a_single_gateway_stands_in_the_first_public_subnet_and_serves_every_zone(declare: Declare) -> None:
    plan, serving = gateways_by_zone(declare, "single")
    gateway = plan.one("aws:ec2/natGateway:NatGateway")
    assert gateway["subnetId"] == "public-eu-west-3a"
    assert serving == dict.fromkeys(ZONES, "nat-gateway-eu-west-3a-id")


def test_per_zone_traffic_stays_in_its_zone(declare: Declare) -> None:
    plan, serving = gateways_by_zone(declare, "per-zone")
    gateways = plan.of("aws:ec2/natGateway:NatGateway")
    assert {name: gateway["subnetId"] for name, gateway in gateways.items()} == {
        f"nat-gateway-{zone}": f"public-{zone}" for zone in ZONES
    }
    assert serving == {zone: f"nat-gateway-{zone}-id" for zone in ZONES}


@pytest.mark.parametrize(("strategy", "count"), [("single", 1), ("per-zone", 3)])
def test_one_elastic_address_per_gateway_is_exposed(
    declare: Declare, strategy: Literal["single", "per-zone"], count: int
) -> None:
    seen: list[NatGateway] = []
    plan = declare(lambda: seen.append(NatGateway("nat", args(strategy))))
    assert len(plan.of("aws:ec2/eip:Eip")) == count
    assert len(seen[0].public_ips) == count
    assert len(seen[0].ready) == count


def test_no_zone_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="public_subnet_ids must name at least one zone, got none"):
        NatGatewayArgs(strategy="single", public_subnet_ids={})
