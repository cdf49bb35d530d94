"""The simulated pulumi-eks beside the children that the real component registered."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from rehearsal.eks_component import construct
from tests.conftest import Declare, Plan

RECORD = Path(__file__).resolve().parents[3] / "shared" / "data" / "eks-component.json"
OWN = ("eks:index:Cluster", "eks:index:ManagedNodeGroup", "eks:index:Addon")
"""Components that the caller declares."""
Child = tuple[str, str, str]
"""Type, name, and type of the parent."""


def _made(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS adds to a cluster."""
    return {
        "endpoint": "https://api.example",
        "certificateAuthority": {"data": "c2ltdWxhdGVk"},
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": "sg-of-eks"},
    }


def _nothing(_: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine gives to a component, which has no outputs of its own."""
    return {}


OUTPUTS = {"aws:eks/cluster:Cluster": _made, **dict.fromkeys(OWN, _nothing)}


def _record() -> list[dict[str, Any]]:
    if not RECORD.exists():
        pytest.skip(f"the record of the real component is not in {RECORD}")
    found: list[dict[str, Any]] = json.loads(RECORD.read_text(encoding="utf-8"))["resources"]
    return found


@pytest.fixture
def recorded() -> list[dict[str, Any]]:
    return _record()


@pytest.fixture
def plan(declare: Declare, recorded: list[dict[str, Any]]) -> Plan:
    """The same three components, with the options of the record."""
    given = {each["type"]: each["inputs"] for each in recorded if each["type"] in OWN}

    def program() -> None:
        role = aws.iam.Role("node", assume_role_policy="{}")
        core = cast(Any, construct("main", "eks:index:Cluster", given["eks:index:Cluster"])).state["core"]
        group = {**given["eks:index:ManagedNodeGroup"], "cluster": core, "nodeRole": role}
        construct("main-mng", "eks:index:ManagedNodeGroup", group)
        construct("main-ebs", "eks:index:Addon", {**given["eks:index:Addon"], "cluster": core})

    return declare(program, outputs=OUTPUTS)


def _children(plan: Plan) -> set[Child]:
    """What was registered below the components; the mock engine's URNs hold the type of the parent."""
    found: set[Child] = set()
    for urn in plan.urns:
        types, name = urn.split("::")[2:]
        parent, _, type_ = types.rpartition("$")
        if parent not in ("", "pulumi:pulumi:Stack"):
            found.add((type_, name, parent.rpartition("$")[2]))
    return found


def _recorded_children(recorded: list[dict[str, Any]]) -> dict[Child, dict[str, Any]]:
    below = ("eks:index:", "aws:eks")
    return {
        (each["type"], each["name"], each["parent"].partition("::")[0]): each
        for each in recorded
        if each["parent"].startswith(below) and each["type"] not in OWN
    }


def test_the_same_children_are_registered_below_the_same_parents(plan: Plan, recorded: list[dict[str, Any]]) -> None:
    assert _children(plan) == set(_recorded_children(recorded))


def test_aws_children_have_the_same_inputs(plan: Plan, recorded: list[dict[str, Any]]) -> None:
    ours = {(each.type, each.name): set(each.inputs) for each in plan.resources}
    # What autonaming adds in the provider's check is in the record, and not among what the program declares.
    theirs = {
        (type_, name): set(each["inputs"]) - ({"name"} - ours[type_, name])
        for (type_, name, _), each in _recorded_children(recorded).items()
        if type_.startswith("aws:")
    }
    assert {key: ours[key] for key in theirs} == theirs


def _plain(value: Any) -> bool:
    """Whether the record has it as the program gave it: ids, ARNs and shortened text are another run's."""
    return not isinstance(value, str) or not value.endswith("...")


@pytest.mark.parametrize(
    ("type_", "names"),
    [
        (
            "aws:eks/cluster:Cluster",
            {"accessConfig", "bootstrapSelfManagedAddons", "encryptionConfig", "version", "tags"},
        ),
        ("aws:eks/nodeGroup:NodeGroup", {"amiType", "capacityType", "instanceTypes", "scalingConfig", "version"}),
        ("aws:eks/addon:Addon", {"addonName", "addonVersion", "preserve", "resolveConflictsOnCreate"}),
        (
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            {"type", "protocol", "fromPort", "toPort", "self", "cidrBlocks"},
        ),
    ],
)
def test_what_the_component_decides_has_the_same_values(
    plan: Plan, recorded: list[dict[str, Any]], type_: str, names: set[str]
) -> None:
    theirs = {
        each["name"]: {key: value for key, value in each["inputs"].items() if key in names and _plain(value)}
        for each in recorded
        if each["type"] == type_
    }
    ours = {name: {key: inputs[key] for key in names & set(inputs)} for name, inputs in plan.of(type_).items()}
    assert ours == theirs


def test_no_security_group_is_made_for_who_makes_none(declare: Declare, recorded: list[dict[str, Any]]) -> None:
    given = next(each["inputs"] for each in recorded if each["type"] == "eks:index:Cluster")

    def program() -> None:
        construct("main", "eks:index:Cluster", {**given, "skipDefaultSecurityGroups": True})

    plan = declare(program, outputs=OUTPUTS)
    assert plan.of("aws:ec2/securityGroup:SecurityGroup") == {}
    assert "securityGroupIds" not in plan.one("aws:eks/cluster:Cluster")["vpcConfig"]


def test_the_kubeconfig_is_given_as_a_secret(declare: Declare, recorded: list[dict[str, Any]]) -> None:
    given = next(each["inputs"] for each in recorded if each["type"] == "eks:index:Cluster")
    found: dict[str, bool] = {}

    def program() -> None:
        state = cast(Any, construct("main", "eks:index:Cluster", given)).state
        for key in ("kubeconfig", "kubeconfigJson"):
            answer: pulumi.Output[bool] = pulumi.Output.from_input(state[key].is_secret())
            answer.apply(partial(found.__setitem__, key))

    declare(program, outputs=OUTPUTS)
    assert found == {"kubeconfig": True, "kubeconfigJson": True}


def test_a_component_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"^the rehearsal does not know eks:index:NodeGroupV2; it has Cluster, "):
        construct("main", "eks:index:NodeGroupV2", {})
