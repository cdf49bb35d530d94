"""The properties that differ in one step of a preview, masked."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from tools.changes import paths
from tools.changes.document import Object
from tools.changes.masks import Masks
from tools.changes.model import Kind, PropertyDiff
from tools.changes.paths import ABSENT, Absent, Path
from tools.changes.values import plain, shown
from tools.changes.visible import one_line

_REPLACES: Final = "-replace"
_TAGS: Final = "tagsAll"
"""What AWS's provider makes of a resource's tags and its own: a repetition where only the resource's differ."""


class Entry(NamedTuple):
    """A property that differs, without its values."""

    path: Path
    kind: Kind
    forces: bool
    """It forces a replacement."""
    in_inputs: bool = True
    """The old value is among the inputs; else what the cloud had is compared."""


class Sides:
    """A resource before and after, raw and masked."""

    def __init__(self, step: Object, masks: Masks) -> None:
        old, new = _object(step, "oldState"), _object(step, "newState")
        type_ = str(new.get("type") or old.get("type") or "")
        self.before: Any = plain(_object(old, "inputs"))
        self.after: Any = plain(_object(new, "inputs"))
        self.shown_before: Any = masks.value(self.before, type_)
        self.shown_after: Any = masks.value(self.after, type_)
        self._outputs = _object(old, "outputs")
        self._masked_outputs: Any = None
        self._masks, self._type = masks, type_

    def old(self, path: Path, *, in_inputs: bool) -> Any:
        """The masked value before; the engine compares some properties with what the cloud had, not the inputs."""
        found = paths.value_at(self.shown_before, path) if in_inputs else ABSENT
        if isinstance(found, Absent):
            if self._masked_outputs is None:
                self._masked_outputs = self._masks.value(plain(self._outputs), self._type)
            found = paths.value_at(self._masked_outputs, path)
        if isinstance(found, Absent):
            found = paths.value_at(self.shown_before, path)
        return found

    def new(self, path: Path) -> Any:
        """The masked value after."""
        return paths.value_at(self.shown_after, path)


def differences(step: Object, masks: Masks) -> tuple[PropertyDiff, ...]:
    """What differs, by path; all inputs of what is created or deleted."""
    sides = Sides(step, masks)
    op = str(step.get("op", ""))
    if op in ("create", "delete", "delete-replaced"):
        kind: Kind = "add" if op == "create" else "delete"
        inputs = cast(dict[str, Any], sides.after if op == "create" else sides.before)
        entries = [Entry((key,), kind, forces=False) for key in inputs if key != _TAGS]
    else:
        entries = list(_detailed(step, sides)) or list(_by_reasons(step, sides))
    found = [_diff(sides, entry, masks) for entry in sorted(entries, key=lambda entry: _order(entry.path))]
    return tuple(_without_repeated_tags(found))


def _detailed(step: Object, sides: Sides) -> Iterator[Entry]:
    """What the provider says of single properties; of one that it names as a whole, the parts that differ."""
    detailed = cast(dict[str, Object], step.get("detailedDiff") or {})
    reasons = _reasons(step, "replaceReasons")
    marked = any(str(each.get("kind", "")).endswith(_REPLACES) for each in detailed.values())
    for text, each in detailed.items():
        path = paths.parse(text)
        if any(isinstance(part, str) and part.startswith("__") for part in path):
            continue
        word = str(each.get("kind", "update"))
        forces = word.endswith(_REPLACES) or (not marked and path[0] in reasons)
        kind = _kind(word.removesuffix(_REPLACES))
        in_inputs = bool(each.get("inputDiff"))
        parts = list(_parts(sides, path)) if kind == "update" and in_inputs else []
        whole = [Entry(path, kind, forces, in_inputs)]
        yield from (Entry(part, how, forces) for part, how in parts) if parts else whole


def _parts(sides: Sides, path: Path) -> Iterator[tuple[Path, Kind]]:
    old, new = paths.value_at(sides.before, path), paths.value_at(sides.after, path)
    if isinstance(old, dict | list) and isinstance(new, dict | list):
        yield from _differing(old, new, path)


def _by_reasons(step: Object, sides: Sides) -> Iterator[Entry]:
    """Where the provider says nothing in detail: of the properties that it names, the parts that differ."""
    forcing = _reasons(step, "replaceReasons")
    for key in dict.fromkeys([*_reasons(step, "diffReasons"), *forcing]):
        if key.startswith("__"):
            continue
        old, new = paths.value_at(sides.before, (key,)), paths.value_at(sides.after, (key,))
        parts = list(_differing(old, new, (key,)))
        # Nothing of it among the inputs: the difference is to what the cloud has.
        yield from (Entry(path, kind, key in forcing) for path, kind in parts)
        if not parts:
            yield Entry((key,), "update", key in forcing, in_inputs=False)


def _differing(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Kind]]:
    if isinstance(old, Absent) or isinstance(new, Absent):
        if not (isinstance(old, Absent) and isinstance(new, Absent)):
            yield path, "add" if isinstance(old, Absent) else "delete"
    elif isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(dict[str, Any], old), cast(dict[str, Any], new)
        for key in dict.fromkeys([*before, *after]):
            yield from _differing(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        first, second = cast(list[Any], old), cast(list[Any], new)
        for index in range(max(len(first), len(second))):
            one = first[index] if index < len(first) else ABSENT
            other = second[index] if index < len(second) else ABSENT
            yield from _differing(one, other, (*path, index))
    elif bool(old != new) or isinstance(old, bool) != isinstance(new, bool):
        yield path, "update"


def _diff(sides: Sides, entry: Entry, masks: Masks) -> PropertyDiff:
    before = ABSENT if entry.kind == "add" else sides.old(entry.path, in_inputs=entry.in_inputs)
    after = ABSENT if entry.kind == "delete" else sides.new(entry.path)
    return PropertyDiff(
        path=one_line(masks.text(paths.written(entry.path))),
        kind=entry.kind,
        before=None if isinstance(before, Absent) else shown(before),
        after=None if isinstance(after, Absent) else shown(after),
        forces_replacement=entry.forces,
    )


def _without_repeated_tags(diffs: list[PropertyDiff]) -> Iterator[PropertyDiff]:
    own = {(diff.path, diff.kind, diff.before, diff.after) for diff in diffs if not diff.path.startswith(_TAGS)}
    for diff in diffs:
        path = diff.path.replace(_TAGS, "tags", 1)
        if not diff.path.startswith(_TAGS) or (path, diff.kind, diff.before, diff.after) not in own:
            yield diff


def _reasons(step: Object, name: str) -> list[str]:
    return [str(each) for each in cast(list[Any], step.get(name) or [])]


def _kind(word: str) -> Kind:
    return "add" if word == "add" else "delete" if word == "delete" else "update"


def _order(path: Path) -> list[tuple[int, int, str]]:
    return [(0, part, "") if isinstance(part, int) else (1, 0, part) for part in path]


def _object(parent: Mapping[str, Any], key: str) -> Object:
    found: Any = parent.get(key)
    return cast(Object, found) if isinstance(found, dict) else {}
