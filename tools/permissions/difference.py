"""What changed between the policies that are there and those that the stacks need."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.permissions.documents import Document
from tools.permissions.needed import Needed
from tools.permissions.statements import read

Part = tuple[str, str, str, str]
"""Effect, action, resource and conditions."""


@dataclass(frozen=True)
class Difference:
    """Permissions that the files lack, and those that they have and no stack needs."""

    lacking: frozenset[Part]
    spare: frozenset[Part]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.lacking or self.spare)


def compare(there: Sequence[Document], wanted: Sequence[Document]) -> Difference:
    """Compare by permission: cut or ordered otherwise, the same policies are no difference."""
    before, after = _parts(there), _parts(wanted)
    return Difference(frozenset(after - before), frozenset(before - after))


def _parts(documents: Sequence[Document]) -> set[Part]:
    return {part for document in documents for each in document["Statement"] for part in read(each).parts()}


def sentences(kind: str, difference: Difference, needs: Needed) -> list[str]:
    """One sentence an action and effect: what the files lack, with who needs it, then what they have for nobody."""
    lacking = [
        f"{kind} lacks {_said(effect, action, parts)}{_reason(action, needs)}"
        for (effect, action), parts in _grouped(difference.lacking)
    ]
    spare = [
        f"{kind} has {_said(effect, action, parts)}, which no stack needs"
        for (effect, action), parts in _grouped(difference.spare)
    ]
    return lacking + spare


def _grouped(parts: Iterable[Part]) -> list[tuple[tuple[str, str], list[Part]]]:
    found: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in sorted(parts):
        found[part[0], part[1]].append(part)
    return sorted(found.items())


def _said(effect: str, action: str, parts: Sequence[Part]) -> str:
    where = " and ".join(dict.fromkeys(f"{resource}{' if ' + when if when else ''}" for _, _, resource, when in parts))
    return f"{'the denial of ' if effect == 'Deny' else ''}{action} on {where}"


def _reason(action: str, needs: Needed) -> str:
    reasons = needs.reasons.get(action, frozenset())
    return f": {', '.join(sorted(reasons))} needs it" if len(reasons) == 1 else ""
