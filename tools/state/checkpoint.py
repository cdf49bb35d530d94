"""A state as the bucket holds it."""

import gzip
import json
from typing import Any, Final, cast

Deployment = dict[str, Any]
"""What a state has: `resources`, `pending_operations`, `secrets_providers`, `manifest`."""

_GZIP: Final = b"\x1f\x8b"


class StateBroken(Exception):  # noqa: N818 (reads as what it is)
    """The object does not hold a state; the text says why, without naming the stack."""


def deployment_of(body: bytes) -> Deployment:
    """The deployment in the object of a stack's state, packed or not. Raises `StateBroken`."""
    try:
        document: Any = json.loads(unpacked(body))
    except (ValueError, OSError, EOFError):
        raise StateBroken(f"the state's object does not decode ({len(body)} bytes)") from None
    checkpoint: Any = cast(dict[str, Any], document).get("checkpoint") if isinstance(document, dict) else None
    if not isinstance(checkpoint, dict):
        raise StateBroken("the state's object is JSON, but no state of Pulumi's")
    # A stack that was made and never deployed has none.
    latest: Any = cast(dict[str, Any], checkpoint).get("latest") or {}
    return cast(Deployment, latest)


def resources_of(deployment: Deployment) -> list[dict[str, Any]]:
    """Its resources, without the stack itself and the providers."""
    found: list[dict[str, Any]] = deployment.get("resources") or []
    return [each for each in found if not str(each.get("type", "")).startswith("pulumi:")]


def pending_of(deployment: Deployment) -> list[dict[str, Any]]:
    """Operations that were begun and whose end nobody noted."""
    found: list[dict[str, Any]] = deployment.get("pending_operations") or []
    return found


def unpacked(body: bytes) -> bytes:
    """An object of the engine's without its packing. Raises `OSError` or `EOFError` when it is cut off."""
    return gzip.decompress(body) if body.startswith(_GZIP) else body
