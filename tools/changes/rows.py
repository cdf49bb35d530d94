"""The rows of a preview, taken one by one: what is kept of each, what is planned, and what drifted."""

from dataclasses import dataclass, field
from typing import Any, Final, cast

from tools.changes.document import Object
from tools.changes.model import UNCHANGED, Phase, Step
from tools.changes.urns import name_of, type_of

_ROOT: Final = "pulumi:pulumi:Stack"
_REPLACE: Final = "replace"
_PARTS: Final = frozenset({"create-replacement", "delete-replaced", "read-replacement", "import-replacement"})
"""Rows of `--show-replacement-steps`, which repeat the row `replace`."""
_REASONS: Final = ("op", "urn", "diffReasons", "replaceReasons", "detailedDiff")


@dataclass
class Rows:
    """What the rows of a document gave."""

    steps: list[Step] = field(default_factory=list[Step])
    _planned: list[Object] = field(default_factory=list[Object])
    _drifted: list[Object] = field(default_factory=list[Object])
    _recorded: dict[str, Object] = field(default_factory=dict[str, Object])
    """What the state had of each resource before the refresh, until the plan tells what the cloud has."""
    _refreshing: bool = False

    def take(self, row: Object) -> None:
        """Keep of a row what is needed: of most, their inputs alone."""
        old, new = part(row, "oldState"), part(row, "newState")
        urn, op, type_ = str(row.get("urn", "")), str(row.get("op", "")), type_in(row)
        if type_ == _ROOT:
            # A refresh begins with the stack, and so does the program after it.
            self._refreshing = op == "refresh"
        phase: Phase = "refresh" if self._refreshing else "plan"
        before = part(old, "inputs") if old else None
        after = part(new, "inputs") if new else None
        if op == "same" and before == after:
            after = before
        parent, links = _place(new or old)
        self.steps.append(
            Step(
                op=op,
                urn=urn,
                type=type_,
                name=name_of(urn),
                phase=phase,
                before=before,
                after=after,
                parent=parent,
                links=links,
                protect=bool(new.get("protect")),
                protected=bool(old.get("protect")),
            )
        )
        if phase == "refresh":
            self._refreshed(row)
        else:
            self._compare(urn, type_, row)
            if op not in UNCHANGED:
                self._planned.append(_kept(row))

    @property
    def looked(self) -> bool:
        """Whether the cloud was looked at."""
        return any(step.phase == "refresh" for step in self.steps)

    @property
    def planned(self) -> list[Object]:
        """Rows that change something; a replacement is one, unless an interrupted update left a part of one."""
        replaced = {str(row.get("urn")) for row in self._planned if row.get("op") == _REPLACE}
        return [row for row in self._planned if row.get("op") not in _PARTS or str(row.get("urn")) not in replaced]

    def drifted(self, *, complete: bool) -> list[Object]:
        """What the cloud has otherwise; what a complete plan does not mention is gone from it."""
        planned = any(step.phase == "plan" for step in self.steps)
        gone = self._recorded.values() if complete and planned else ()
        return [*self._drifted, *({**row, "op": "delete"} for row in gone)]

    def _refreshed(self, row: Object) -> None:
        if row.get("op") in UNCHANGED:
            if part(row, "oldState"):
                self._recorded[str(row.get("urn"))] = _kept(row)
        else:
            self._drifted.append(_kept(row))  # as `pulumi refresh --preview-only` tells it

    def _compare(self, urn: str, type_: str, row: Object) -> None:
        """Compare what the state had with what the plan begins with, which is what the cloud has."""
        recorded = self._recorded.pop(urn, None)
        if recorded is None or type_ == _ROOT or type_.startswith("pulumi:providers:"):
            return
        old = part(row, "oldState")
        if not old:
            self._drifted.append({**recorded, "op": "delete"})
            return
        before, after = part(part(recorded, "oldState"), "outputs"), part(old, "outputs")
        differing = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        if differing:
            self._drifted.append(
                {
                    "op": "update",
                    "urn": urn,
                    "diffReasons": differing,
                    "oldState": {"type": type_, "inputs": before},
                    "newState": {"type": type_, "inputs": after},
                }
            )


def part(parent: Object, key: str) -> Object:
    """An object within another; an empty one where there is none."""
    found: Any = parent.get(key)
    return cast(Object, found) if isinstance(found, dict) else {}


def type_in(row: Object) -> str:
    """The type of the resource that a row is about."""
    return str(part(row, "newState").get("type") or part(row, "oldState").get("type") or type_of(str(row.get("urn"))))


def _place(state: Object) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The parent of a resource, and what its inputs are made from."""
    found = cast(dict[str, list[Any] | None], part(state, "propertyDependencies"))
    return str(state.get("parent") or ""), {key: tuple(map(str, urns)) for key, urns in found.items() if urns}


def _kept(row: Object) -> Object:
    """The row without what tells where in the program it comes from, which is most of it."""
    old, new = part(row, "oldState"), part(row, "newState")
    return {
        **{key: row.get(key) for key in _REASONS},
        "oldState": {key: old[key] for key in ("type", "inputs", "outputs", "retainOnDelete") if key in old},
        "newState": {key: new[key] for key in ("type", "inputs") if key in new},
    }
