"""The estimate for people: in the terminal and on a merge request; and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from tools.comment.escape import code
from tools.costing.estimate import Estimate
from tools.costing.gate import Verdict
from tools.costing.line import Line
from tools.costing.money import Money

_CENT: Final = 0.005


@dataclass(frozen=True)
class Costed:
    """A stack before and after a change."""

    stack: str
    before: Estimate | None
    """None when nobody looked at what is deployed."""
    after: Estimate

    @property
    def delta(self) -> float:
        """USD a month that the change adds."""
        return self.after.usd - (self.before.usd if self.before else 0.0)


def table(costed: Costed, money: Money) -> Table:
    """Every line that costs something, the dearest first, with what the change adds to it."""
    shown = Table("What", "USD", "EUR", "Change", "Because", title=f"{costed.stack}: a month", title_justify="left")
    for column in (1, 2, 3):
        shown.columns[column].justify = "right"
    for what, usd, change, why in rows(costed):
        eur = f"{money.eur(usd, vat=False):.2f}"
        shown.add_row(*(escape(cell) for cell in (what, f"{usd:.2f}", eur, change, why)))
    shown.add_section()
    total, change = costed.after.usd, _signed(costed.delta) if costed.before else ""
    shown.add_row("all", f"{total:.2f}", f"{money.eur(total, vat=False):.2f}", change, "without VAT")
    return shown


def markdown(costed: Costed, money: Money) -> str:
    """The same table in Markdown."""
    lines = ["| What | USD | EUR | Change | Because |", "|:---|---:|---:|---:|:---|"]
    for what, usd, change, why in rows(costed):
        lines.append(f"| {_cell(what)} | {usd:.2f} | {money.eur(usd, vat=False):.2f} | {change} | {_cell(why)} |")
    total, change = costed.after.usd, _signed(costed.delta) if costed.before else ""
    lines.append(f"| **all** | {total:.2f} | {money.eur(total, vat=False):.2f} | {change} | without VAT |")
    return "\n".join(lines)


def rows(costed: Costed) -> list[tuple[str, float, str, str]]:
    """What, USD, change and reason of every line that costs something, the dearest first, then what is gone."""
    old = _by_what(costed.before) if costed.before else {}
    found = [
        (line.what, line.usd, _signed(line.usd - old.get(_key(line), 0.0)) if costed.before else "", line.why)
        for line in sorted(costed.after.lines, key=lambda line: -line.usd)
        if line.usd >= _CENT
    ]
    new = _by_what(costed.after)
    gone = [
        (what, 0.0, _signed(-usd), "is gone") for (what, name), usd in sorted(old.items()) if (what, name) not in new
    ]
    return [*found, *(row for row in gone if row[2])]


def _cell(text: str) -> str:
    """Text that cannot leave its cell, be a tag or a mention."""
    return code(text) if text else ""


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
        "before": _sums(costed.before, money) if costed.before else None,
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
