"""What single resources cost, and what is said where nobody knows."""

from typing import Any

import pytest

from tests.costing.bills import balancer, control_plane, machine, nodes, one
from tools.costing.estimate import Estimate, estimate
from tools.costing.line import Line
from tools.costing.price_table import read_prices
from tools.costing.resource import SECRET, UNKNOWN, Resource
from tools.costing.usage import Usage, read_usage

PARIS = read_prices("eu-west-3")
USAGE = read_usage("nobody")


def cost(*resources: Resource, usage: Usage = USAGE, **more: Any) -> Estimate:
    return estimate(resources, usage, PARIS, **more)


def line(bill: Estimate, beginning: str) -> Line:
    exact = [each for each in bill.lines if each.what == beginning]
    found = exact or [each for each in bill.lines if each.what.startswith(beginning)]
    assert len(found) == 1, [each.what for each in bill.lines]
    return found[0]


def test_spot_is_a_range_from_the_cheapest_zone_to_its_ceiling() -> None:
    spot = line(cost(*nodes("main", "t4g.medium", 2, "SPOT")), "nodes main: 2 x t4g.medium")
    assert (spot.low, spot.usd) == (pytest.approx(0.0116 * 2 * 730), pytest.approx(0.0127 * 2 * 730))
    assert spot.high == pytest.approx(0.0376 * 0.45 * 2 * 730)


def test_nodes_that_sleep_cost_nothing_meanwhile_and_neither_do_their_disks() -> None:
    group = nodes("main", "t4g.medium", 2)
    awake, asleep = cost(*group), cost(*group, sleepers={group[1].urn: 84})
    assert line(asleep, "nodes main: 2 x t4g").usd == pytest.approx(line(awake, "nodes main: 2 x t4g").usd / 2)
    assert line(asleep, "nodes main: 2 x 20").usd == pytest.approx(line(awake, "nodes main: 2 x 20").usd / 2)
    assert "awake 50% of the month" in line(asleep, "nodes main: 2 x t4g").what


def test_a_machine_that_sleeps_keeps_its_disk() -> None:
    server = machine("server", "t4g.small", 20)
    awake, asleep = cost(server), cost(server, sleepers={server.urn: 84})
    assert line(asleep, "server: 1 x t4g").usd == pytest.approx(line(awake, "server: 1 x t4g").usd / 2)
    assert line(asleep, "server: 1 x 20").usd == pytest.approx(line(awake, "server: 1 x 20").usd)


def test_an_instance_type_that_the_table_lacks_is_listed_and_not_counted_as_nothing() -> None:
    bill = cost(machine("server", "x2gd.metal", 20))
    unknown = bill.of("unpriced")
    assert [(each.what, each.why) for each in unknown] == [
        ("server: 1 x x2gd.metal", "the table of eu-west-3 lacks x2gd.metal")
    ]


def test_a_type_that_has_no_rule_is_listed() -> None:
    bill = cost(one("aws:redshift/cluster:Cluster", "warehouse"))
    assert [(each.what, each.why) for each in bill.of("unpriced")] == [("warehouse", "a type that has no rule yet")]
    assert bill.usd == 0


@pytest.mark.parametrize("value", [UNKNOWN, SECRET])
def test_a_type_of_machine_that_is_not_known_yet_is_unpriced(value: str) -> None:
    assert line(cost(machine("server", value, 20)), "server: 1 x unknown").kind == "unpriced"


def test_a_balancer_whose_zones_are_not_known_yet_is_counted_with_two() -> None:
    web = one("aws:lb/loadBalancer:LoadBalancer", "web", loadBalancerType="network", subnets=UNKNOWN)
    assert line(cost(web), "load balancer web: 2 public IPv4").usd == pytest.approx(7.30)


def test_a_balancer_inside_has_no_public_address() -> None:
    inside = Resource(balancer("network").urn, balancer("network").type, "in", {"internal": True, "subnets": ["a"]})
    assert not [each for each in cost(inside).lines if "IPv4" in each.what]


def test_extended_support_is_the_worst_that_a_control_plane_can_cost() -> None:
    assert line(cost(control_plane("EXTENDED")), "EKS control plane main").highest == pytest.approx(438)
    assert line(cost(control_plane()), "EKS control plane main").highest == pytest.approx(73)


def test_components_cost_nothing_and_their_children_do() -> None:
    component = one("eks:index:Cluster", "main")
    assert cost(component, control_plane()).usd == pytest.approx(cost(control_plane()).usd)


def test_what_runs_on_the_cluster_is_paid_with_its_nodes() -> None:
    assert cost(one("kubernetes:apps/v1:Deployment", "api")).usd == 0


@pytest.mark.parametrize(
    ("resource", "gib"),
    [
        (one("kubernetes:postgresql.cnpg.io/v1:Cluster", "x", spec={"instances": 2, "storage": {"size": "8Gi"}}), 16),
        (
            one(
                "kubernetes:apps/v1:StatefulSet",
                "x",
                spec={
                    "replicas": 3,
                    "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "512Mi"}}}}],
                },
            ),
            1.5,
        ),
        (
            one("kubernetes:core/v1:PersistentVolumeClaim", "x", spec={"resources": {"requests": {"storage": "1Ti"}}}),
            1024,
        ),
    ],
)
def test_claims_become_volumes_of_their_size(resource: Resource, gib: float) -> None:
    assert line(cost(resource), "volumes of x").usd == pytest.approx(gib * 0.0928)


def test_a_claim_of_unknown_size_is_unpriced() -> None:
    claim = one("kubernetes:core/v1:PersistentVolumeClaim", "x", spec={"resources": {"requests": {"storage": UNKNOWN}}})
    assert line(cost(claim), "volumes of x").kind == "unpriced"


def test_datadog_bills_its_hosts_and_aws_does_not() -> None:
    servers = [machine("server-1", "t4g.small", 20), machine("bastion-instance", "t4g.nano", 8)]
    bill = cost(*servers, one("datadog:index/monitor:Monitor", "cpu"))
    assert line(bill, "Datadog").usd == pytest.approx(15)
    assert bill.elsewhere == pytest.approx(15)


def test_traffic_is_told_with_its_assumption() -> None:
    talkative = USAGE.model_copy(update={"internet_out_gb": 150})
    sent = line(cost(balancer("network"), usage=talkative), "data to the internet")
    assert (sent.usd, sent.kind) == (pytest.approx(50 * 0.09), "usage")
    assert sent.why == "150 GB a month, of which 100 are free"


def test_a_price_that_the_table_lacks_is_named() -> None:
    poor = PARIS.model_copy(update={"prices": {k: v for k, v in PARIS.prices.items() if k != "kms.key"}})
    bill = estimate([one("aws:kms/key:Key", "main")], USAGE, poor)
    assert [each.why for each in bill.of("unpriced")] == ["the table of eu-west-3 lacks kms.key"]
