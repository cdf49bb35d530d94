"""The stacks of the project, and two with every option, through the real engine: from nothing to nothing."""

import json
import re
from collections import Counter
from typing import Any

import pytest
import yaml

from rehearsal.world import Thing
from tests.rehearsal.checkouts import Checkout, Done, of_type
from tests.rehearsal.secrets import drawn, search, stand_ins
from tests.rehearsal.simulated_k3s import INSTANCE
from tests.stack_examples import EXAMPLES, STACKS, alternatives, everything

pytestmark = pytest.mark.usefixtures("engine")

SCHEDULE = "aws:scheduler/schedule:Schedule"
MOSTLY = 0.85
"""Least share of the values of AWS resources that is checked against a schema, by the project's own promise."""
KUBECONFIG_ONLY = re.compile(r"get-token|certificate-authority-data")
"""What is nowhere but in a kubeconfig."""


def _share_by_schema(done: Done) -> float:
    checked = done.result["checked"]
    return checked["by_schema"] / checked["values"]


def _resources(checkout: Checkout, stack: str) -> list[dict[str, Any]]:
    """What the engine's state has."""
    file = checkout.workspace(stack).state / ".pulumi" / "stacks" / "socle" / f"{stack}.json"
    latest = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"]
    found: list[dict[str, Any]] = latest.get("resources") or []
    return found


def _assert_the_kubeconfig_is_hidden(checkout: Checkout, stack: str, done: Done) -> None:
    assert done.result["outputs"]["kubeconfig"] == "[secret]"
    assert not KUBECONFIG_ONLY.search(done.output + json.dumps(done.result))
    resources = _resources(checkout, stack)
    (outputs,) = (each["outputs"] for each in resources if each["type"] == "pulumi:pulumi:Stack")
    assert "ciphertext" in outputs["kubeconfig"]
    assert {each["urn"] for each in resources if KUBECONFIG_ONLY.search(json.dumps(each))} == set()


def _assert_everything_is_checked(checkout: Checkout, stack: str, done: Done) -> None:
    """Nothing of Kubernetes, nor of the small providers, is there without having been checked."""
    checked = done.result["checked"]
    things = Counter(thing.type.partition(":")[0] for thing in checkout.cloud(stack).values())
    objects = checked["kubernetes_objects"] + checked["custom_resources"]
    assert objects + checked["releases"] == things.pop("kubernetes")
    assert min(checked["custom_resources"], checked["releases"]) > 0
    assert checked["not_executed"] == []
    assert checked["others"] == {name: count for name, count in things.items() if name != "aws"}


def _assert_the_schedule_calls_what_exists(cloud: dict[str, Thing]) -> None:
    """All machines of K3s, or all node groups of EKS, and neither the bastion nor another's."""
    calls = [json.loads(each.inputs["target"]["input"]) for each in of_type(cloud, SCHEDULE).values()]
    assert calls
    machines = {each.id for name, each in of_type(cloud, INSTANCE).items() if "bastion" not in name}
    groups = {each.inputs["nodeGroupName"] for each in of_type(cloud, "aws:eks/nodeGroup:NodeGroup").values()}
    assert {id_ for call in calls for id_ in call.get("InstanceIds", ())} == machines
    assert {call["NodegroupName"] for call in calls if "NodegroupName" in call} == groups
    assert {call["ClusterName"] for call in calls if "ClusterName" in call} == {
        each.inputs["name"] for each in of_type(cloud, "aws:eks/cluster:Cluster").values()
    }


def _write_example(checkout: Checkout, stack: str) -> None:
    """The stack's file, where the project has none: the examples that use every option between them."""
    if stack in STACKS:
        return
    raw = {"everything": everything, "alternatives": alternatives}[stack]()
    config = {key: yaml.safe_load(value) for key, value in raw.items()}
    checkout.stack_file(stack).write_text(yaml.safe_dump({"config": config}), encoding="utf-8")


@pytest.mark.parametrize("stack", EXAMPLES)
def test_a_stack_rises_settles_and_leaves_nothing(checkout: Checkout, stack: str) -> None:
    _write_example(checkout, stack)
    file = checkout.stack_file(stack).read_bytes()
    up = checkout.must("up", stack)
    assert set(up.changes) == {"create"}
    assert up.changes["create"] > 100
    assert _share_by_schema(up) >= MOSTLY
    _assert_everything_is_checked(checkout, stack, up)
    assert set(up.result["outputs"]) >= {"load_balancer", "cluster", "kubeconfig"}
    assert "in no schema: " in up.output
    _assert_the_kubeconfig_is_hidden(checkout, stack, up)
    if "socle:sleep" in yaml.safe_load(file)["config"]:
        _assert_the_schedule_calls_what_exists(checkout.cloud(stack))

    secrets = drawn(checkout, stack) | set(stand_ins(checkout, stack).values())
    assert len(secrets) > 5
    assert search(checkout, stack, secrets, up.output) == []

    again = checkout.must("up", stack)
    assert again.changes == {}
    assert again.result["changes"]["same"] == up.changes["create"]
    assert f"{stack}: no changes, {up.changes['create']} unchanged" in again.output

    down = checkout.must("destroy", stack)
    assert down.changes == {"delete": up.changes["create"]}
    assert down.result["left"] == 0
    assert checkout.cloud(stack) == {}
    assert _resources(checkout, stack) == []
    assert checkout.stack_file(stack).read_bytes() == file
