"""What changed between two sets of inputs, property by property."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rehearsal.wire import Path, Properties, is_list, is_object

Kind = Literal["add", "update", "delete"]


@dataclass(frozen=True)
class Change:
    """One property that differs."""

    path: Path
    kind: Kind
    replaces: bool
    """AWS cannot change it in place: the resource is replaced."""


def differences(old: Properties, new: Properties, replaces: Callable[[Path], bool]) -> list[Change]:
    """Every difference; a value that is not known yet counts as one, as it does with the real providers."""
    found: list[Change] = []
    _compare(old, new, (), found, replaces)
    return found


def _compare(old: Any, new: Any, path: Path, found: list[Change], replaces: Callable[[Path], bool]) -> None:
    if is_object(old) and is_object(new):
        _compare_objects(old, new, path, found, replaces)
    elif is_list(old) and is_list(new):
        _compare_objects(
            dict(enumerate(old)),
            dict(enumerate(new)),
            path,
            found,
            replaces,
        )
    elif old != new:
        found.append(Change(path, "update", replaces(path)))


def _compare_objects(
    old: dict[Any, Any], new: dict[Any, Any], path: Path, found: list[Change], replaces: Callable[[Path], bool]
) -> None:
    for key in [*old, *(key for key in new if key not in old)]:
        below = (*path, key)
        if key not in new:
            found.append(Change(below, "delete", replaces(below)))
        elif key not in old:
            found.append(Change(below, "add", replaces(below)))
        else:
            _compare(old[key], new[key], below, found, replaces)
