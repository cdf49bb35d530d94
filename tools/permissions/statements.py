"""Grants as the fewest statements of an IAM policy."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from tools.permissions import reference
from tools.permissions.narrowing import Grant

_FEW: Final = 4
"""Reads of one service and verb that are named one by one, rather than by a pattern."""
_PATTERNED: Final = ("Describe", "List")
"""Verbs that are shortened: what `Get` returns can be a secret, a password or an object."""


@dataclass(frozen=True, order=True)
class Statement:
    """One statement: all of these actions on all of these resources."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: str = ""
    """As canonical JSON; empty when there are none."""
    effect: str = "Allow"

    def as_json(self) -> dict[str, Any]:
        """With AWS's own keys."""
        written: dict[str, Any] = {
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return written | ({"Condition": json.loads(self.conditions)} if self.conditions else {})

    def parts(self) -> set[tuple[str, str, str, str]]:
        """Every action with every resource, the conditions and the effect."""
        return {
            (self.effect, action, resource, self.conditions) for action in self.actions for resource in self.resources
        }


def read(written: Mapping[str, Any]) -> Statement:
    """A statement as AWS has it; what may stand alone in AWS's form may stand alone here."""
    conditions = written.get("Condition")
    return Statement(
        _words(written["Action"]),
        _words(written["Resource"]),
        json.dumps(conditions, sort_keys=True) if conditions else "",
        str(written["Effect"]),
    )


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(cast(Sequence[str], value))


def statements(grants: Iterable[Grant]) -> list[Statement]:
    """Statements that allow these grants and nothing else, sorted; reads that share a verb become a pattern."""
    resources: dict[tuple[str, str], set[str]] = defaultdict(set)
    for grant in grants:
        resources[grant.action, grant.conditions].add(grant.resource)
    actions: dict[tuple[tuple[str, ...], str], set[str]] = defaultdict(set)
    for (action, conditions), found in resources.items():
        actions[tuple(sorted(found)), conditions].add(action)
    made = [
        Statement(tuple(sorted(shortened(found) if where == ("*",) and not conditions else found)), where, conditions)
        for (where, conditions), found in actions.items()
    ]
    return sorted(made)


def shortened(actions: Iterable[str]) -> set[str]:
    """The same reads, with a pattern for those of one service and verb, where it covers reads alone."""
    by_pattern: dict[str, set[str]] = defaultdict(set)
    for action in actions:
        service, _, name = action.partition(":")
        verb = next((each for each in _PATTERNED if name.startswith(each)), "")
        by_pattern[f"{service}:{verb}*" if verb else action].add(action)
    found: set[str] = set()
    for pattern, covered in by_pattern.items():
        found |= {pattern} if len(covered) > _FEW and _reads_alone(pattern) else covered
    return found


def _reads_alone(pattern: str) -> bool:
    return all(reference.action(name).reads for name in reference.matching(pattern))
