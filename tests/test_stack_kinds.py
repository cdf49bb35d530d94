"""A stack on K3s and on EKS: one line differs, and what runs on the cluster does not."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from stack.workloads import SERVERS_OF_K3S
from tests.conftest import Declare, Properties
from tests.stack_examples import Declared, Raw, declare_stack, everything, of_file, staging

# What a cluster makes of itself, behind the contract: K3s brings its volumes by charts, EKS by add-ons.
OF_THE_CLUSTER = ("main-storage", "main-gp3")
# Nodes come and go on EKS alone.
OF_EKS = ("cluster-autoscaler",)


def objects(made: Declared) -> dict[tuple[str, str], Properties]:
    """Kubernetes objects and releases of add-ons and workloads, by type and name."""
    return {
        (each.type, each.name): each.inputs
        for each in made.plan.resources
        if each.type.startswith("kubernetes:") and not each.name.startswith((*OF_THE_CLUSTER, *OF_EKS))
    }


def plain(inputs: Mapping[str, Any]) -> str:
    """Inputs as text, without the names that the kind of the cluster stands in."""
    return json.dumps(inputs, sort_keys=True)


def both(declare: Declare, raw: Raw) -> tuple[Declared, Declared]:
    """The same settings on each kind."""
    kinds: list[Declared] = []
    for kind in ("eks", "k3s"):
        cluster = json.loads(raw["socle:cluster"]) | {"kind": kind}
        kinds.append(declare_stack(declare, raw | {"socle:cluster": json.dumps(cluster)}))
    return kinds[0], kinds[1]


def widest() -> Raw:
    """Every add-on and workload behind a network load balancer."""
    zone: str = json.loads(staging()["socle:dns"])["zone"]
    raw = everything() | {"socle:ingress": staging()["socle:ingress"]}
    vote = {"image": "ghcr.io/devu42/f1-vote:3f9c2d1", "host": f"vote.{zone}"}
    return raw | {"socle:f1_vote": json.dumps(vote)}


def test_every_addon_and_workload_declares_the_same_objects_on_both_kinds(declare: Declare) -> None:
    eks, k3s = (objects(made) for made in both(declare, widest()))
    assert len(eks) > 40
    assert eks.keys() == k3s.keys()
    # Redis stays with the control plane, which on EKS is no node of ours.
    differing = {key for key in eks if plain(eks[key]) != plain(k3s[key])}
    assert {name for _, name in differing} == {"f1-vote-redis-server"}
    for key in differing:
        text = plain(k3s[key])
        assert f'"nodeSelector": {json.dumps(SERVERS_OF_K3S)}' in text
        placed = re.compile(r'"(nodeSelector": \{[^}]*\}|tolerations": \[[^]]*\]), ')
        assert placed.sub("", plain(eks[key])) == placed.sub("", text)


def test_the_permissions_of_pods_are_the_same_on_both_kinds(declare: Declare) -> None:
    def policies(made: Declared) -> set[str]:
        own = made.plan.of("aws:iam/rolePolicy:RolePolicy")
        return {inputs["policy"] for inputs in own.values()}

    eks, k3s = both(declare, widest())
    of_others = ("autoscaling:", "ec2:AttachNetworkInterface", "eks:UpdateNodegroupConfig")
    granted = {each for each in policies(eks) if not any(action in each for action in of_others)}
    assert len(granted) > 3
    assert granted <= policies(k3s)


def test_staging_differs_from_a_staging_on_eks_by_one_line() -> None:
    file, on_eks = json.loads(of_file("staging")["socle:cluster"]), json.loads(staging()["socle:cluster"])
    assert {key for key in file if file[key] != on_eks[key]} == {"kind"}


@pytest.mark.parametrize(("kind", "part"), [("eks", "EksCluster main"), ("k3s", "K3sCluster main")])
def test_a_stack_has_the_one_kind_of_cluster_that_it_asks_for(kind: str, part: str, declare: Declare) -> None:
    made = declare_stack(declare, staging(cluster={"kind": kind}))
    assert {top for top in made.top() if "Cluster " in top} == {part}


def test_the_api_of_k3s_is_behind_the_load_balancer_for_the_ranges_of_the_settings(declare: Declare) -> None:
    open_ = declare_stack(declare, staging(cluster={"kind": "k3s"}))
    closed = declare_stack(declare, staging(cluster={"kind": "k3s", "api_cidrs": []}))
    assert "K3sApi api" in open_.top()
    assert "K3sApi api" not in closed.top()
    opened = {
        (rule["cidrIpv4"], rule["fromPort"])
        for rule in open_.plan.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values()
        if "cidrIpv4" in rule and rule.get("fromPort") == 6443
    }
    assert opened == {("203.0.113.0/24", 6443)}
