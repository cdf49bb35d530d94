"""Both stacks of the project through the real engine, from nothing to nothing."""

import json
import re
from typing import Any

import pytest

from tests.rehearsal.checkouts import ROOT, Checkout, Done

pytestmark = pytest.mark.usefixtures("engine")

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


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_a_stack_rises_settles_and_leaves_nothing(checkout: Checkout, stack: str) -> None:
    up = checkout.must("up", stack)
    assert set(up.changes) == {"create"}
    assert up.changes["create"] > 100
    assert _share_by_schema(up) >= MOSTLY
    assert up.result["checked"]["releases"] == 1
    assert set(up.result["outputs"]) >= {"site_url", "bucket", "distribution", "load_balancer", "cluster", "kubeconfig"}
    assert "in no schema: " in up.output
    _assert_the_kubeconfig_is_hidden(checkout, stack, up)

    again = checkout.must("up", stack)
    assert again.changes == {}
    assert again.result["changes"]["same"] == up.changes["create"]
    assert f"{stack}: no changes, {up.changes['create']} unchanged" in again.output

    down = checkout.must("destroy", stack)
    assert down.changes == {"delete": up.changes["create"]}
    assert down.result["left"] == 0
    assert checkout.cloud(stack) == {}
    assert _resources(checkout, stack) == []
    assert checkout.stack_file(stack).read_bytes() == (ROOT / f"Pulumi.{stack}.yaml").read_bytes()
