"""Whether a change may go on: the stacks of the team share one budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tools.costing.money import Money

OVER_BUDGET: Final = 3
"""Exit code of a change that goes over the budget and adds to it."""
Level = Literal["fine", "warn", "stop"]
_CENT: Final = 0.005
"""A change by less is none: sums of prices are not exact."""


@dataclass(frozen=True)
class Verdict:
    """What the budget says to a change."""

    level: Level
    sentence: str
    before: float
    """EUR a month of all stacks before, taxed as the budget is."""
    after: float
    budget: float
    missing: tuple[str, ...] = ()
    """Stacks whose cost nobody has stored, and which are not in the sums."""

    @property
    def delta(self) -> float:
        """EUR a month that the change adds."""
        return self.after - self.before


def judge(
    money: Money, before: Mapping[str, float], after: Mapping[str, float], others: Mapping[str, float | None]
) -> Verdict:
    """Judge a change of some stacks, from their USD a month before and after, with those of the `others`.

    A reduction is never stopped, however far above the budget the stacks are.
    """
    known = {stack: None if usd is None else money.eur(usd) for stack, usd in others.items()}
    return judge_eur(money, money.eur(sum(before.values())), money.eur(sum(after.values())), known)


def judge_eur(money: Money, before: float, after: float, others: Mapping[str, float | None]) -> Verdict:
    """The same from EUR a month, taxed as the budget is."""
    known = sum(eur for eur in others.values() if eur is not None)
    missing = tuple(sorted(stack for stack, eur in others.items() if eur is None))
    old, new = before + known, after + known
    budget = money.budget.eur_per_month
    taxed = "with VAT" if money.budget.includes_vat else "without VAT"
    said = f"all stacks: {new:.2f} EUR a month {taxed}, {new / budget:.0%} of the budget of {budget:g} EUR"
    level: Level = "fine"
    if new > budget:
        level = "stop" if new > old + _CENT else "warn"
        added = f"this change adds {new - old:.2f} EUR" if level == "stop" else "this change adds nothing"
        said = f"{said}: {added}"
    elif new >= budget * money.budget.warn_from:
        level = "warn"
    if missing:
        said += f"; not counted, because nobody has stored it: {', '.join(missing)}"
        level = "warn" if level == "fine" else level
    return Verdict(level, said, old, new, budget, missing)
