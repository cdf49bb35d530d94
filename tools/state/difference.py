"""What differs between two states of a stack, resource by resource."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from tools.state.checkpoint import Deployment, resources_of

_SHOWN: Final = 3
"""Names that a sentence has before it counts."""
_COMPARED: Final = ("id", "inputs", "outputs", "protect", "parent", "dependencies", "provider")
# How the engine marks a secret: https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/common/resource/sig/sig.go
_MARK: Final = "4dabf18193072939515e22adb298388d"
_CIPHERTEXT: Final = "ciphertext"


@dataclass(frozen=True)
class Named:
    """A resource of a state."""

    type: str
    name: str
    id: str
    """In the cloud; empty for a component, which exists only in the state."""

    def __str__(self) -> str:
        """As a line of a list has it."""
        return f"{self.type} {self.name}" + (f" ({self.id})" if self.id else "")


@dataclass(frozen=True)
class Difference:
    """From one state to another."""

    created: tuple[Named, ...] = ()
    """Only in the second."""
    deleted: tuple[Named, ...] = ()
    """Only in the first."""
    changed: tuple[Named, ...] = ()
    """In both, with other values; how a secret is encrypted does not count."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.created or self.deleted or self.changed)

    def words(self) -> str:
        """In short: some names, then counts."""
        parts = (("created", self.created), ("deleted", self.deleted), ("changed", self.changed))
        return "; ".join(f"{verb} {listed(each.name for each in found)}" for verb, found in parts if found) or "nothing"


def difference(before: Deployment, after: Deployment) -> Difference:
    """What leads from one state to another."""
    old, new = _by_urn(before), _by_urn(after)
    return Difference(
        created=tuple(_named(new[urn]) for urn in new if urn not in old),
        deleted=tuple(_named(old[urn]) for urn in old if urn not in new),
        changed=tuple(_named(new[urn]) for urn in new if urn in old and _values(old[urn]) != _values(new[urn])),
    )


def listed(names: Iterable[str]) -> str:
    """The first names, then how many more there are."""
    found = list(names)
    shown, more = found[:_SHOWN], len(found) - _SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _by_urn(deployment: Deployment) -> Mapping[str, dict[str, Any]]:
    # What is replaced is there twice; the old one only waits for its end.
    return {str(each["urn"]): each for each in resources_of(deployment) if not each.get("delete")}


def _named(resource: Mapping[str, Any]) -> Named:
    return Named(str(resource["type"]), str(resource["urn"]).rpartition("::")[2], str(resource.get("id") or ""))


def _values(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _readable(resource.get(name)) for name in _COMPARED}


def _readable(value: Any) -> Any:
    """A value in which secrets are only named: the engine encrypts them anew now and then."""
    if isinstance(value, dict):
        mapping = cast(dict[str, Any], value)
        if _MARK in mapping and _CIPHERTEXT in mapping:
            return _CIPHERTEXT
        return {name: _readable(item) for name, item in mapping.items()}
    if isinstance(value, list):
        return [_readable(item) for item in cast(Sequence[Any], value)]
    return value
