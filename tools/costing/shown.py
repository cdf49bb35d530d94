"""The estimate for people: in the terminal and on a merge request; and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

from tools.costing.estimate import Estimate
from tools.costing.gate import Verdict
from tools.costing.line import Line
from tools.costing.money import Money

_CENT: Final = 0.005


@dataclass(frozen=True)
class Costed:
    """A stack before and after a change."""

    stack: str
    before: Estimate
    after: Estimate

    @property
    def delta(self) -> float:
        """USD a month that the change adds."""
        return self.after.usd - self.before.usd


def table(costed: Costed, money: Money) -> Table:
    """Every line that costs something, the dearest first, with what the change adds to it."""
    shown = Table("What", "USD", "EUR", "Change", "Because", title=f"{costed.stack}: a month", title_justify="left")
    for column in (1, 2, 3):
        shown.columns[column].justify = "right"
    old = _by_what(costed.before)
    lines = [line for line in costed.after.lines if line.usd >= _CENT]
    for line in sorted(lines, key=lambda line: -line.usd):
        change = _signed(line.usd - old.get(_key(line), 0.0))
        shown.add_row(line.what, f"{line.usd:.2f}", f"{money.eur(line.usd, vat=False):.2f}", change, line.why)
    new = _by_what(costed.after)
    for what, usd in sorted(old.items()):
        if what not in new and usd >= _CENT:
            shown.add_row(what[0], "0.00", "0.00", _signed(-usd), "is gone")
    shown.add_section()
    total = costed.after.usd
    shown.add_row("all", f"{total:.2f}", f"{money.eur(total, vat=False):.2f}", _signed(costed.delta), "without VAT")
    return shown


def remarks(costed: Costed, money: Money) -> list[str]:
    """What the table does not say: the range, what nobody knows, and what is not AWS's."""
    after = costed.after
    spread = money.spread(after.usd)
    low, high = money.exchange.band
    said = [
        f"{costed.stack}: {spread.eur:.2f} EUR a month, {spread.eur_with_vat:.2f} with VAT; "
        f"{spread.lowest:.2f} to {spread.highest:.2f} at {high:g} to {low:g} USD for a EUR",
    ]
    if after.highest - after.lowest > _CENT:
        taxed = money.eur(after.lowest), money.eur(after.highest)
        said.append(f"{costed.stack}: {taxed[0]:.2f} to {taxed[1]:.2f} EUR, as spot and support go")
    if after.elsewhere:
        eur = money.eur(after.elsewhere)
        said.append(f"{costed.stack}: {eur:.2f} EUR of it are billed by others, outside of AWS's budget")
    unknown = after.of("unpriced")
    said += [f"{costed.stack}: no price for {line.what}: {line.why}" for line in unknown]
    return said


def as_json(costed: Costed, money: Money) -> dict[str, Any]:
    """The estimate for programs."""
    return {
        "stack": costed.stack,
        "before": _sums(costed.before, money),
        "after": _sums(costed.after, money),
        "lines": [
            {**line.__dict__, "low": line.lowest, "high": line.highest}
            for line in costed.after.lines
            if line.kind != "free"
        ],
        "free": sorted({line.type for line in costed.after.of("free")}),
        "unpriced": [line.what for line in costed.after.of("unpriced")],
    }


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """What the budget says, for programs."""
    return {**verdict.__dict__, "delta": verdict.delta, "missing": list(verdict.missing)}


def chart(totals: Mapping[str, float], money: Money, width: int = 30) -> str:
    """Bars of what each stack takes of the budget; `totals` in USD."""
    budget = money.budget.eur_per_month
    longest = max((len(stack) for stack in totals), default=0)
    rows: list[str] = []
    for stack, usd in sorted(totals.items(), key=lambda each: -each[1]):
        eur = money.eur(usd)
        filled = min(width, round(eur / budget * width))
        rows.append(f"{stack:<{longest}}  {'█' * filled}{'░' * (width - filled)}  {eur:7.2f} EUR")
    return "\n".join(rows)


def _sums(estimate: Estimate, money: Money) -> dict[str, float]:
    spread = money.spread(estimate.usd)
    more = {"low_usd": estimate.lowest, "high_usd": estimate.highest, "elsewhere_usd": estimate.elsewhere}
    return {**spread.__dict__, **more}


def _key(line: Line) -> tuple[str, str]:
    return line.what, line.resource


def _by_what(estimate: Estimate) -> dict[tuple[str, str], float]:
    return {_key(line): line.usd for line in estimate.lines}


def _signed(usd: float) -> str:
    return f"{usd:+.2f}" if abs(usd) >= _CENT else ""
