from typing import Any

import pytest

from rehearsal.recovery import adopted
from rehearsal.world import Thing, World


def _pending(type_: str, urn: str, **resource: Any) -> dict[str, Any]:
    return {"type": type_, "resource": {"urn": urn, "type": "vpc", "inputs": {"cidr": "x"}, **resource}}


OTHER = {"urn": "urn:other", "id": "other-1"}


def test_a_create_that_reached_the_cloud_is_adopted_with_its_id(world: World) -> None:
    world.put(Thing("vpc", "vpc-1", "urn:vpc", {}, {}))
    deployment = {"resources": [OTHER], "pending_operations": [_pending("creating", "urn:vpc")]}
    assert adopted(deployment, world) == {
        "resources": [OTHER, {"urn": "urn:vpc", "type": "vpc", "inputs": {"cidr": "x"}, "id": "vpc-1"}],
        "pending_operations": [],
    }


def test_a_create_that_never_reached_the_cloud_is_forgotten(world: World) -> None:
    deployment = {"resources": [OTHER], "pending_operations": [_pending("creating", "urn:vpc")]}
    assert adopted(deployment, world) == {"resources": [OTHER], "pending_operations": []}


def test_the_new_one_of_a_replacement_is_adopted_beside_the_old_one(world: World) -> None:
    world.put(Thing("vpc", "vpc-1", "urn:vpc", {}, {}))
    world.put(Thing("vpc", "vpc-2", "urn:vpc", {}, {}))
    old = {"urn": "urn:vpc", "id": "vpc-1", "delete": True}
    deployment = {"resources": [old], "pending_operations": [_pending("creating", "urn:vpc")]}
    assert [found["id"] for found in adopted(deployment, world)["resources"]] == ["vpc-1", "vpc-2"]


def test_a_replacement_that_never_reached_the_cloud_leaves_the_old_one_alone(world: World) -> None:
    world.put(Thing("vpc", "vpc-1", "urn:vpc", {}, {}))
    old = {"urn": "urn:vpc", "id": "vpc-1"}
    deployment = {"resources": [old], "pending_operations": [_pending("creating", "urn:vpc")]}
    assert adopted(deployment, world)["resources"] == [old]


@pytest.mark.parametrize("operation", ["updating", "deleting", "reading"])
def test_what_was_not_a_create_is_never_adopted(world: World, operation: str) -> None:
    world.put(Thing("vpc", "vpc-1", "urn:vpc", {}, {}))
    deployment = {"resources": [OTHER], "pending_operations": [_pending(operation, "urn:vpc", id="vpc-1")]}
    assert adopted(deployment, world)["resources"] == [OTHER]


@pytest.mark.parametrize("operation", ["updating", "deleting", "reading"])
def test_what_was_not_a_create_is_left_to_the_refresh(world: World, operation: str) -> None:
    world.put(Thing("vpc", "vpc-1", "urn:vpc", {}, {}))
    known = {"urn": "urn:vpc", "id": "vpc-1"}
    deployment = {"resources": [known], "pending_operations": [_pending(operation, "urn:vpc", id="vpc-1")]}
    assert adopted(deployment, world) == {"resources": [known], "pending_operations": []}


def test_what_else_the_state_has_is_kept(world: World) -> None:
    deployment = {"manifest": {"time": "now"}, "secrets_providers": {"type": "passphrase"}}
    assert adopted(deployment, world) == {**deployment, "resources": [], "pending_operations": []}
