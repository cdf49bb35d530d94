"""Which pairs of stacks fit the budget, as they are and in the cheaper forms that they may have."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tools.costing.money import Money

ASLEEP_HOURS: Final = 60
"""Hours a week of a stack that sleeps at night and at weekends: five days of twelve."""


@dataclass(frozen=True)
class Variant:
    """A stack in one of its forms."""

    stack: str
    form: str
    """In words: as it is, on K3s, asleep."""
    usd: float
    """What AWS bills a month, without tax."""

    @property
    def name(self) -> str:
        """The stack and its form."""
        return f"{self.stack} {self.form}"


def pairs(variants: Sequence[Variant]) -> list[tuple[Variant, Variant]]:
    """Every two forms of different stacks, the cheapest pair first."""
    found = [(one, two) for one, two in itertools.combinations(variants, 2) if one.stack != two.stack]
    return sorted(found, key=lambda pair: (pair[0].usd + pair[1].usd, pair[0].name, pair[1].name))


def as_markdown(variants: Sequence[Variant], money: Money) -> str:
    """Two tables, EUR a month taxed as the budget is: what each form costs, and which pairs fit."""
    budget, taxed = money.budget.eur_per_month, "with VAT" if money.budget.includes_vat else "without VAT"
    low, high = money.exchange.band
    forms = [f"| Stack | EUR a month {taxed} |", "|:---|---:|"]
    forms += [f"| {each.name} | {money.eur(each.usd):.2f} |" for each in variants]
    head = f"| Pair | EUR a month {taxed} | At {high:g} to {low:g} USD for a EUR | Fits {budget:g} EUR |"
    lines = [head, "|:---|---:|---:|:---|"]
    for one, two in pairs(variants):
        spread = money.spread(one.usd + two.usd)
        eur = money.eur(one.usd + two.usd)
        fits = "yes" if spread.highest <= budget else "at today's rate" if eur <= budget else "no"
        lines.append(f"| {one.name} + {two.name} | {eur:.2f} | {spread.lowest:.2f} to {spread.highest:.2f} | {fits} |")
    return "\n".join([*forms, "", *lines])


def as_json(variants: Sequence[Variant], money: Money) -> list[Mapping[str, object]]:
    """The pairs for programs."""
    return [
        {
            "pair": [one.name, two.name],
            "usd": one.usd + two.usd,
            "eur": money.eur(one.usd + two.usd),
            "fits": money.eur(one.usd + two.usd) <= money.budget.eur_per_month,
        }
        for one, two in pairs(variants)
    ]
