"""The folded parts of the comment: what went wrong, what changes, drift, cost and policy of each stack."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tools.changes.report import Report
from tools.changes.summaries import CostRow, CostSummary
from tools.changes.urns import name_of, type_of
from tools.changes.visible import one_line
from tools.comment.changed_lines import change_lines
from tools.comment.escape import BAR, code, guttered, html_code
from tools.comment.fit import Section
from tools.comment.permissions import permissions
from tools.comment.policies import policies
from tools.comment.words import counted, money, short, totals

_FEW: Final = 12
"""Lines of a comment's changes that are not worth folding."""
_SENTENCE: Final = 400
"""Characters of a sentence in a table."""


def sections(reports: Sequence[Report]) -> list[Section]:
    """Every folded part, stack by stack: failures first, for the rest means less beside them."""
    found = [section for report in reports for section in _failure(report)]
    found += [section for report in reports for section in _of_stack(report)]
    lines = sum(len(section.lines) for section in found)
    if lines > _FEW:
        return found
    return [replace(section, unfolded=True) for section in found]


def _of_stack(report: Report) -> Iterator[Section]:
    yield from _changes(report)
    if report.drift and report.drift.changes:
        lines = [line for change in report.drift.changes for line in change_lines(change)]
        what = counted(len(report.drift.changes), "resource differs", "resources differ")
        yield Section(
            summary=f"{html_code(report.stack)}: {what} between the cloud and the state",
            lines=tuple(lines),
            language="diff",
        )
    if report.cost:
        yield _cost(report.stack, report.cost)
    if report.policy:
        yield from policies(report.stack, report.policy)
    if report.permissions:
        yield permissions(report.stack, report.permissions)
    yield from _said(report)


def _failure(report: Report) -> Iterator[Section]:
    if report.failed:
        errors = [each for each in report.diagnostics if each.severity == "error"]
        lines = [line for each in errors for line in [*_who(each.urn), *guttered(each.message, BAR)]]
        yield Section(
            summary=f"{html_code(report.stack)}: the preview failed, {counted(len(errors), 'error')}",
            lines=tuple(lines),
            language="text",
            unfolded=True,
        )


def _who(urn: str) -> list[str]:
    return guttered(one_line(f"{short(type_of(urn))} {name_of(urn)}:"), "# ") if type_of(urn) else []


def _changes(report: Report) -> Iterator[Section]:
    if not report.changes:
        return
    planned = ", ".join(totals(report.counts))
    unfinished = " before it failed, not all that it would change" if report.failed else ""
    yield Section(
        summary=f"{html_code(report.stack)}: {counted(len(report.changes), 'change')}{unfinished} ({planned})",
        lines=tuple(line for change in report.changes for line in change_lines(change)),
        language="diff",
    )


def _said(report: Report) -> Iterator[Section]:
    """Warnings of a stack that changes: of one that does not, they are in the full report."""
    warnings = [each for each in report.diagnostics if each.severity == "warning"]
    if warnings and (report.changes or report.failed):
        lines = [line for each in warnings for line in [*_who(each.urn), *guttered(each.message, BAR)]]
        yield Section(
            summary=f"{html_code(report.stack)}: {counted(len(warnings), 'warning')} of the program",
            lines=tuple(lines),
            language="text",
        )


def _cost(stack: str, cost: CostSummary) -> Section:
    budget = "" if cost.budget is None else f" of {html_code(money(cost.budget, cost.currency))}"
    before, after = money(cost.before, cost.currency), money(cost.after, cost.currency)
    head = "| Resource | Before | After | Δ | Assumed |\n|:---|---:|---:|---:|:---|" if cost.rows else ""
    notes: list[str] = []
    if cost.unpriced:
        types = sorted(set(cost.unpriced))
        more = f" and {len(types) - _FEW} more" if len(types) > _FEW else ""
        notes.append(f"Without a known price: {', '.join(code(short(each)) for each in types[:_FEW])}{more}.")
    notes += [f"{code(each, _SENTENCE)}  " for each in cost.assumptions[:_FEW]]
    return Section(
        summary=f"{html_code(stack)}: cost {html_code(before)} → {html_code(after)}{budget} a month",
        lines=tuple(_cost_row(row, cost.currency) for row in cost.rows),
        head=head,
        tail="\n".join(notes),
    )


def _cost_row(row: CostRow, currency: str) -> str:
    difference = money(row.after - row.before, currency, signed=True)
    amounts = [code(money(row.before, currency)), code(money(row.after, currency)), code(difference)]
    note = code(row.note, _SENTENCE) if row.note else ""
    return f"| {code(f'{short(row.type)} {row.name}')} | {' | '.join(amounts)} | {note} |"
