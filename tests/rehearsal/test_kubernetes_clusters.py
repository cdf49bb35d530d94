import json
from typing import Any

import pytest

from rehearsal.kubernetes.provider import SimulatedKubernetes
from rehearsal.wire import UNKNOWN, Properties, to_struct
from rehearsal.world import Thing, World
from tests.rehearsal.simulated_k3s import put_command, runner
from tests.rehearsal.simulation import CALLER, Requests


@pytest.fixture
def kubernetes(world: World) -> SimulatedKubernetes:
    return SimulatedKubernetes(world, "pulumi-kubernetes")


def _config(server: str = "https://a", key: str = "k", **more: Any) -> Properties:
    document = {
        "clusters": [{"name": "default", "cluster": {"server": server}}],
        "users": [{"name": "default", "user": {"client-key-data": key}}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "current-context": "default",
    }
    return {"kubeconfig": json.dumps(document), **more}


def _replaces(kubernetes: SimulatedKubernetes, olds: Properties, news: Properties) -> set[str]:
    request: Any = Requests.DiffRequest(olds=to_struct(olds), news=to_struct(news))
    return set(kubernetes.DiffConfig(request, CALLER).replaces)


def test_k3s_has_the_version_of_its_servers(kubernetes: SimulatedKubernetes, world: World) -> None:
    assert kubernetes.surroundings() == ""
    put_command(world, "fetch", runner("kubeconfig", "v1.35.3+k3s1"))
    put_command(world, "foreign", {"create": "hostname"})
    assert kubernetes.surroundings() == ""
    put_command(world, "agent", runner("configure agents-1", "v1.35.3+k3s1"))
    put_command(world, "servers", runner("configure bastion:servers", "v1.36.2+k3s1"))
    assert kubernetes.surroundings() == "1.36"


def test_an_eks_cluster_has_its_own_version(kubernetes: SimulatedKubernetes, world: World) -> None:
    world.put(Thing("aws:eks/cluster:Cluster", "main", "urn", {"version": "1.35"}, {}))
    assert kubernetes.surroundings() == "1.35"


def test_a_newer_key_for_the_same_cluster_replaces_nothing(kubernetes: SimulatedKubernetes) -> None:
    assert _replaces(kubernetes, _config(), _config(key="newer")) == set()


@pytest.mark.parametrize("news", [_config("https://b"), {"kubeconfig": UNKNOWN}, {"kubeconfig": "{}"}])
def test_another_address_or_an_unknown_one_replaces_all_that_is_in_the_cluster(
    kubernetes: SimulatedKubernetes, news: Properties
) -> None:
    assert _replaces(kubernetes, _config(), news) == {"kubeconfig"}


@pytest.mark.parametrize("news", [_config("https://b"), {"kubeconfig": UNKNOWN}])
def test_a_cluster_with_an_identifier_stays_itself_wherever_it_is(
    kubernetes: SimulatedKubernetes, news: Properties
) -> None:
    named = {"clusterIdentifier": "main"}
    assert _replaces(kubernetes, {**_config(), **named}, {**news, **named}) == set()


def test_another_identifier_is_another_cluster_and_a_first_one_is_not(kubernetes: SimulatedKubernetes) -> None:
    first, second = _config(clusterIdentifier="main"), _config(clusterIdentifier="other")
    assert _replaces(kubernetes, first, second) == {"clusterIdentifier"}
    assert _replaces(kubernetes, _config(), first) == set()
