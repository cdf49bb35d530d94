"""Operations that a killed update had begun: what to do about each, and the state in which they are settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools.state.backend import PROJECT
from tools.state.checkpoint import Deployment, StateBroken, deployment_of, pending_of
from tools.state.objects import Objects

# Inputs that give a resource its name in the cloud; that of many is its id too.
_NAMES: Final = ("bucket", "name", "roleName", "functionName", "identifier", "clusterIdentifier", "repositoryName")


@dataclass(frozen=True)
class Pending:
    """An operation whose end nobody noted."""

    urn: str
    type: str
    """Of the resource, such as `aws:s3/bucket:Bucket`."""
    kind: str
    """`creating`, `updating`, `deleting`, `reading` or `importing`."""
    id: str
    """Of the resource, which one that was being created has not in the state."""
    given: str
    """The name that the program or the engine gave it in the cloud; empty when its inputs have none."""

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def open(self) -> bool:
        """Whether the cloud may have something of which the state does not know the id."""
        return self.kind == "creating"

    @property
    def advice(self) -> str:
        """What to do, in one sentence."""
        called = f"{self.kind} {self.type} {self.name}"
        if not self.open:
            return f"{called}: a refresh finds out how it ended"
        hint = f', probably named "{self.given}"' if self.given else ""
        return f"{called}: look in the cloud whether it exists{hint}, and note its id"


def read_pending(objects: Objects, stack: str, project: str = PROJECT) -> list[Pending]:
    """What the state of a stack says was begun. Raises `StateBroken` when the state does not decode."""
    stored = objects.read(objects.backend.state_key(stack, project))
    return pending_in(deployment_of(stored.body)) if stored else []


def open_creates(objects: Objects, stack: str) -> list[Pending]:
    """Creates that were begun; none when the state cannot be read, which the engine says better."""
    try:
        return [each for each in read_pending(objects, stack) if each.open]
    except StateBroken:
        return []


def pending_in(deployment: Deployment) -> list[Pending]:
    """What a deployment says was begun."""
    return [_read(each) for each in pending_of(deployment)]


def settled(deployment: Deployment, ids: Mapping[str, str]) -> Deployment:
    """The deployment without pending operations, in which each create has the id that `ids` gives its URN.

    An empty id says that the cloud has no such thing. A create whose URN is missing in `ids` stays pending.

    `pulumi refresh --import-pending-creates` is meant for this and drops them in engine 3.250.0.
    """
    resources: list[dict[str, Any]] = list(deployment.get("resources") or [])
    left: list[dict[str, Any]] = []
    for operation in pending_of(deployment):
        resource = operation["resource"]
        urn = resource["urn"]
        if operation["type"] != "creating":
            continue
        if urn not in ids:
            left.append(operation)
        elif ids[urn]:
            resources = _with(resources, {**resource, "id": ids[urn]})
    return {**deployment, "resources": resources, "pending_operations": left}


def _with(resources: list[dict[str, Any]], made: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources with one more; what it replaces is to be deleted, and comes after it as the engine demands."""
    old = next((each for each in resources if each["urn"] == made["urn"] and not each.get("delete")), None)
    if old is None:
        return [*resources, made]
    if old.get("id") == made["id"]:
        return resources
    return [*(made if each is old else each for each in resources), {**old, "delete": True}]


def _read(operation: Mapping[str, Any]) -> Pending:
    resource: Mapping[str, Any] = operation["resource"]
    inputs: Mapping[str, Any] = resource.get("inputs") or {}
    given = next((inputs[name] for name in _NAMES if isinstance(inputs.get(name), str)), "")
    return Pending(
        urn=str(resource["urn"]),
        type=str(resource["type"]),
        kind=str(operation["type"]),
        id=str(resource.get("id") or ""),
        given=given,
    )
