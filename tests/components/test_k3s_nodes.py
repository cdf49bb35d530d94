"""Which machines a cluster has, decided without making any."""

from typing import Any

import pytest

from components.k3s_nodes import AgentPoolArgs, check_servers, plan_nodes
from tests.components.simulated_k3s import machines_args, pool


def names(server_count: int = 1, places: int = 3, **pools: AgentPoolArgs) -> dict[str, int]:
    """Place of each node, by name."""
    plans = plan_nodes(
        server_count=server_count, server_type="t3.small", server_disk_gib=20, pools=pools, places=places
    )
    return {plan.name: plan.place for plan in plans}


def test_machines_are_named_by_what_they_are_and_spread_over_the_zones():
    assert names(3, 3, agents=pool(count=2), batch=pool(count=1)) == {
        "server-1": 0,
        "server-2": 1,
        "server-3": 2,
        "agents-1": 0,
        "agents-2": 1,
        "batch-1": 0,
    }


def test_one_agent_more_changes_no_other_machine():
    assert names(agents=pool(count=3)).items() - names(agents=pool(count=2)).items() == {("agents-3", 2)}
    assert names(agents=pool(count=2)).items() <= names(agents=pool(count=3)).items()


def test_a_pool_more_changes_no_other_machine():
    assert names(b=pool()).items() <= names(a=pool(), b=pool()).items()


def test_another_image_revision_is_another_machine_that_joins_before_the_old_one_leaves():
    assert set(names(agents=pool(image_revision=2))) == {"server-1", "agents-1-r2", "agents-2-r2"}


def test_on_spot_a_machine_is_another_one_and_so_is_one_of_another_type():
    def spot(kind: str, **changes: Any) -> set[str]:
        return names(agents=pool(count=1, capacity="spot", instance_type=kind, **changes)).keys() - {"server-1"}

    assert spot("t3.micro") == {"agents-1-spot-t3-micro"}
    assert spot("t3.small") == {"agents-1-spot-t3-small"}
    assert spot("t3.small", image_revision=2) == {"agents-1-spot-t3-small-r2"}


def test_a_pool_may_be_empty():
    assert set(names(agents=pool(count=0))) == {"server-1"}


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_number_of_servers_without_a_majority_is_refused_with_the_reason(count: int):
    message = "server_count must be 1 or 3: etcd decides by majority, so that two servers stop as soon as either"
    with pytest.raises(ValueError, match=message):
        check_servers(count, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"server_count": 2}, "server_count must be 1 or 3: etcd decides by majority"),
        (
            {"server_count": 3},
            "private_subnet_ids must be 3 or more, each in its own zone, for 3 servers, got 2",
        ),
        (
            {"private_subnet_ids": ["subnet-a"]},
            "private_subnet_ids must be 2 or more, each in its own zone, for 1 server, got 1",
        ),
        ({"server_type": "t4g.small"}, "server_type must be x86_64 like the image, got 't4g.small'"),
        (
            {"architecture": "arm64", "server_type": "t4g.small"},
            r"agent_pools\['agents'\].instance_type must be arm64 like the image, got 't3.micro'",
        ),
        ({"server_disk_gib": 8}, "server_disk_gib must be 16 or more, got 8"),
        (
            {"agent_pools": {"server": pool()}},
            "agent_pools must be named with lower-case letters, digits and hyphens, and not 'server', got 'server'",
        ),
        ({"agent_pools": {"Web_1": pool()}}, "got 'Web_1'"),
        ({"agent_pools": {"web-": pool()}}, "got 'web-'"),
        ({"egress_ports": (443,)}, r"egress_ports must contain 80 and 443 for packages and images, got \(443,\)"),
        ({"recovery_days": 3}, "recovery_days must be 0 or from 7 to 30, got 3"),
    ],
)
def test_machines_that_could_not_be_a_cluster_are_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        machines_args(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": -1}, "count must be 0 or more, got -1"),
        ({"image_revision": 0}, "image_revision must be 1 or more, got 0"),
        ({"disk_gib": 8}, "disk_gib must be 16 or more, got 8"),
        ({"taints": ("batch",)}, "taints must read like 'dedicated=batch:NoSchedule', got 'batch'"),
    ],
)
def test_a_pool_that_could_not_start_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        pool(**changes)


@pytest.mark.parametrize("taint", ["dedicated=batch:NoSchedule", "spot:PreferNoSchedule", "a.b/c=:NoExecute"])
def test_taints_are_accepted_as_kubernetes_writes_them(taint: str):
    assert pool(taints=(taint,)).taints == (taint,)
