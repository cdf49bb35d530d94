"""The cost of a stack on its merge request, and what the budget says to all stacks of one together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from settings import SettingsError
from tools.changes.model import Diagnostic, Preview
from tools.changes.report import Report
from tools.changes.summaries import CostRow, CostSummary
from tools.costing.estimate import Estimate
from tools.costing.gate import Verdict, judge_eur
from tools.costing.kept import Known, known
from tools.costing.line import Line
from tools.costing.money import Money, read_money
from tools.costing.reading import COSTS, CostsRefused
from tools.costing.shown import Costed, remarks
from tools.costing.stack_cost import costed, prices_for, usage_of
from tools.setup import ROOT

_CENT: Final = 0.005


def cost_summary(
    preview: Preview,
    stack: str,
    folder: Path = ROOT,
    costs: Path = COSTS,
    ask: Callable[[Iterable[str], Path], Known] = known,
) -> CostSummary | Diagnostic | None:
    """What a preview changes in what AWS bills, in EUR taxed as the budget is; None when the preview failed.

    It never fails: where nothing can be estimated, a warning says why.
    """
    if preview.failed:
        return None
    try:
        return _summary(preview, stack, folder, costs, ask)
    except (CostsRefused, SettingsError) as refused:
        return _not_estimated("; ".join(refused.problems))
    except Exception as error:
        # A report is worth more than its prices, and what an unknown error says may quote a secret.
        return _not_estimated(type(error).__name__)


def _not_estimated(why: str) -> Diagnostic:
    return Diagnostic(severity="warning", message=f"the cost is not estimated: {why}")


def verdict_of(reports: Sequence[Report], money: Money | None = None) -> Verdict | None:
    """What the budget says to the stacks of a merge request together; None when none was estimated.

    The budget is that of this checkout, whatever a report says. Raises `CostsRefused`.
    """
    found = {report.stack: report.cost for report in reports if report.cost and report.cost.budget is not None}
    if not found:
        return None
    others: dict[str, float | None] = {}
    for each in found.values():
        others |= {stack: eur for stack, eur in each.others.items() if stack not in found}
    before, after = (sum(getattr(each, when) for each in found.values()) for when in ("before", "after"))
    return judge_eur(money or read_money(), before, after, others)


def _summary(
    preview: Preview, stack: str, folder: Path, costs: Path, ask: Callable[[Iterable[str], Path], Known]
) -> CostSummary:
    money = read_money(costs)
    table, aging = prices_for(stack, folder, prices=costs / "prices")
    found = costed(preview, usage_of(stack, costs), table, deployed=True)
    everybody = [file.name.split(".")[1] for file in folder.glob("Pulumi.*.yaml")]
    facts = ask(everybody, folder)
    others = facts.others([stack], everybody, folder)
    taxed = "with VAT" if money.budget.includes_vat else "without VAT"
    said = [f"EUR {taxed}, prices of {table.dated}, {money.exchange.usd_per_eur:g} USD for a EUR", aging]
    return CostSummary(
        before=_eur(found.before, money),
        after=_eur(found.after, money),
        budget=money.budget.eur_per_month,
        rows=_rows(found, money),
        unpriced=tuple(sorted({line.type or line.what for line in found.after.of("unpriced")})),
        assumptions=tuple(filter(None, [*said, *remarks(found, money), *facts.said])),
        others={name: round(total.eur_month, 2) if total else None for name, total in others.items()},
    )


def _rows(costed: Costed, money: Money) -> tuple[CostRow, ...]:
    """Lines whose cost changes, the greatest change first."""
    old, new = _by_what(costed.before), _by_what(costed.after)
    rows: list[CostRow] = []
    for key in {**old, **new}:
        before, after = (money.eur(each[key].usd) if key in each else 0.0 for each in (old, new))
        line = new.get(key) or old[key]
        if abs(after - before) >= _CENT and line.aws:
            rows.append(CostRow(type=line.type, name=line.what, before=before, after=after, note=line.why))
    return tuple(sorted(rows, key=lambda row: (-abs(row.after - row.before), row.name)))


def _by_what(estimate: Estimate | None) -> Mapping[tuple[str, str], Line]:
    return {(line.what, line.resource): line for line in estimate.lines} if estimate else {}


def _eur(estimate: Estimate | None, money: Money) -> float:
    return round(money.eur(estimate.usd - estimate.elsewhere), 2) if estimate else 0.0
