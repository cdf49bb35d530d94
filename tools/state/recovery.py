"""An older version of a state, put back in place of what is there now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tools.state.checkpoint import Deployment, StateBroken, deployment_of
from tools.state.copies import back_up
from tools.state.difference import Difference, difference
from tools.state.objects import Objects, Stored, Version
from tools.state.timeline import decoded

_SHORTEST: Final = 6
"""Characters of a version's id that suffice when no other begins so."""
_NAMED: Final = 5
"""Versions that a refusal names."""


class Unsuitable(Exception):  # noqa: N818 (reads as what it is)
    """There is no such version to go back to; the text is a sentence without the stack's name."""


@dataclass(frozen=True)
class Found:
    """What is there now, and what would be put back."""

    current: Stored | None
    """None when the object is deleted."""
    now: Deployment | None
    """What it holds; None when it is deleted or does not decode."""
    version: Version
    deployment: Deployment

    @property
    def change(self) -> Difference:
        """From what is there to what would be; from nothing when that does not decode."""
        return difference(self.now or {}, self.deployment)


def find(objects: Objects, stack: str, wanted: str = "") -> Found:
    """The version that `wanted` names, by its id or a beginning of it; else the newest that decodes.

    Raises `Unsuitable`, and what `tools.account.Failure` names.
    """
    key = objects.backend.state_key(stack)
    versions = [each for each in objects.versions(key) if not each.deleted]
    if not versions:
        raise Unsuitable(
            f"{objects.backend.url} has no version of its state and never had one: `make stacks` shows those there"
        )
    current = objects.read(key)
    now = _decoded(current)
    if wanted:
        version = _named(versions, wanted, stack)
        try:
            return Found(current, now, version, decoded(objects, version))
        except StateBroken as reason:
            raise Unsuitable(
                f"version {version.version} is no better ({reason}): `make rescue STACK={stack}` takes the newest that "
                "decodes"
            ) from None
    if now is not None:
        raise Unsuitable(
            f"its state is there and decodes, so there is nothing to rescue; to go back, `make history STACK={stack}` "
            f"and then `make rescue STACK={stack} VERSION=…`"
        )
    for version in versions:
        try:
            return Found(current, now, version, decoded(objects, version))
        except StateBroken:
            continue
    raise Unsuitable(
        f"none of its {len(versions)} versions decodes: look at the engine's own copies with "
        f"`aws s3 ls s3://{objects.backend.bucket}/{objects.backend.prefix}.pulumi/backups/ --recursive`"
    )


def restore(objects: Objects, stack: str, found: Found) -> str | None:
    """Keep a copy of what is there, and put the version in its place.

    Returns the key of the copy, empty when nothing was there; None when somebody wrote the state meanwhile.
    """
    key = objects.backend.state_key(stack)
    stored = objects.read(key, found.version.version)
    if stored is None:
        raise Unsuitable(f"version {found.version.version} has gone meanwhile: see `make history STACK={stack}`")
    copy = back_up(objects, stack, found.current.body) if found.current else ""
    written = (
        objects.replace(key, stored.body, found.current.etag) if found.current else objects.create(key, stored.body)
    )
    return None if written is None else copy


def _decoded(stored: Stored | None) -> Deployment | None:
    try:
        return deployment_of(stored.body) if stored else None
    except StateBroken:
        return None


def _named(versions: Sequence[Version], wanted: str, stack: str) -> Version:
    exact = [each for each in versions if each.version == wanted]
    begun = [each for each in versions if len(wanted) >= _SHORTEST and each.version.startswith(wanted)]
    fitting = exact or begun
    if len(fitting) == 1:
        return fitting[0]
    what = "names several versions" if fitting else "is none of its versions"
    newest = ", ".join(f"{each.version} ({each.modified:%Y-%m-%d %H:%M:%S})" for each in versions[:_NAMED])
    more = f" and {len(versions) - _NAMED} more" if len(versions) > _NAMED else ""
    raise Unsuitable(f'VERSION="{wanted}" {what}, known are {newest}{more}: `make history STACK={stack}` shows all')
