"""What others know of a stack, beside its preview: cost, policy, drift and lock. Each is there only when looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tools.changes.model import Change

Level = Literal["mandatory", "advisory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """What one resource costs a month."""

    type: str
    name: str
    before: float
    after: float
    note: str = ""
    """What was assumed, such as hours or gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSummary:
    """What a stack costs a month, before and after the change."""

    before: float
    after: float
    currency: str = "EUR"
    budget: float | None = None
    """What all stacks together may cost a month; None where no budget is set."""
    rows: tuple[CostRow, ...] = ()
    """Resources whose cost changes."""
    unpriced: tuple[str, ...] = ()
    """Types of resources that cost money of which nobody knows how much."""
    assumptions: tuple[str, ...] = ()
    """Sentences: taxes, date of the prices, rate of exchange."""
    others: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """What each other stack costs, which shares the budget; None where nobody knows."""

    @property
    def difference(self) -> float:
        """What the change adds to each month."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a resource breaks."""

    rule: str
    level: Level
    resource: str
    """Its type and name."""
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A rule of which nobody can tell before the update whether it is kept."""

    rule: str
    resource: str
    """Its type and name; `the stack` for what is about all resources together."""
    value: str
    """What the rule needs to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exempted:
    """An exemption in force."""

    rule: str
    resource: str
    """What is let off, by type and name; where nothing is, the name or pattern of the exemption."""
    message: str
    """What would be a finding; empty where the exemption lets nothing off."""
    until: str
    """The last day on which it holds, in ISO 8601."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySummary:
    """What the rules say of a stack."""

    findings: tuple[Finding, ...] = ()
    unevaluated: tuple[Pending, ...] = ()
    """What nobody can tell before the update."""
    exempt: tuple[Exempted, ...] = ()
    """Exemptions in force, with what each lets off."""

    def count(self, level: Level) -> int:
        """How many findings are of a level."""
        return sum(finding.level == level for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a resource allows from then on, and what no longer."""

    resource: str
    """Its type and name."""
    added: tuple[str, ...] = ()
    """Such as `s3:GetObject on arn:aws:s3:::files/*`."""
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSummary:
    """How the permissions change that a stack gives."""

    grants: tuple[Granted, ...] = ()
    unknown: tuple[str, ...] = ()
    """Resources whose policy changes, and is known in the update alone."""

    @property
    def added(self) -> int:
        """Permissions that are new."""
        return sum(len(each.added) for each in self.grants)

    @property
    def removed(self) -> int:
        """Permissions that end."""
        return sum(len(each.removed) for each in self.grants)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSummary:
    """What the cloud has otherwise than the state."""

    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSummary:
    """Who holds the stack while this was looked at."""

    holder: str
    since: str
    """Moment in ISO 8601."""
    url: str = ""
    """Of the job that holds it, where one does."""
