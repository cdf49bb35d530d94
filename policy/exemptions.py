"""What is let off a rule: for one resource, for a reason, until a day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from policy.rules.evaluation import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """One entry of `socle:policy_exemptions`."""

    rule: str
    resource: str
    """Logical name, or a pattern with stars; `*` also means what is about the stack as a whole."""
    reason: str
    until: date
    """The last day on which it holds."""

    def covers(self, found: Found) -> bool:
        """Whether it is about a finding, its day apart."""
        name = found.resource.name if found.resource else ""
        return found.rule.id == self.rule and fnmatchcase(name, self.resource)


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding that counts."""

    found: Found
    lapsed: str = ""
    """That an exemption has ended; empty when there is none."""

    @property
    def message(self) -> str:
        """What is wrong, and that it was exempt once."""
        return f"{self.found.message}{self.lapsed}"


@dataclass(frozen=True, slots=True)
class Exempt:
    """A finding that does not count, and what lets it off."""

    found: Found
    exemption: Exemption


def read(entries: Iterable[Mapping[str, Any]]) -> tuple[Exemption, ...]:
    """Exemptions as the settings have them, which have been checked there."""
    return tuple(
        Exemption(
            rule=str(each["rule"]),
            resource=str(each["resource"]),
            reason=str(each["reason"]),
            until=date.fromisoformat(str(each["until"])),
        )
        for each in entries
    )


def judge(found: Iterable[Found], exemptions: Sequence[Exemption], today: date) -> list[Judged | Exempt]:
    """Each finding, let off where an exemption covers it and its day has not passed."""
    return [_judged(each, [other for other in exemptions if other.covers(each)], today) for each in found]


def _judged(found: Found, covering: Sequence[Exemption], today: date) -> Judged | Exempt:
    for exemption in covering:
        if today <= exemption.until:
            return Exempt(found, exemption)
    if covering:
        last = max(covering, key=lambda each: each.until)
        return Judged(found, f" (its exemption ended on {last.until}: {last.reason})")
    return Judged(found)
