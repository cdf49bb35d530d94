"""The table of stacks; a column is there when some stack has something for it."""

from collections.abc import Callable, Sequence
from typing import Final

from tools.changes.report import Report
from tools.comment.escape import code, link
from tools.comment.words import counted, money
from tools.policing.wording import counts

_RIGHT: Final = "---:"
_LEFT: Final = ":---"


def table(reports: Sequence[Report]) -> list[str]:
    """Lines of the table: its head, then a row for each stack."""
    columns = _columns(reports)
    head = [
        f"| {' | '.join(['Stack', *(title for title, _, _ in columns)])} |",
        f"|{'|'.join([_LEFT, *(align for _, align, _ in columns)])}|",
    ]
    return [
        *head,
        *(f"| {' | '.join([code(each.stack), *(cell(each) for _, _, cell in columns)])} |" for each in reports),
    ]


def _columns(reports: Sequence[Report]) -> list[tuple[str, str, Callable[[Report], str]]]:
    columns: list[tuple[str, str, Callable[[Report], str]]] = [
        ("+", _RIGHT, lambda report: _number(report, report.counts.create)),
        ("~", _RIGHT, lambda report: _number(report, report.counts.update + report.counts.other)),
        ("±", _RIGHT, lambda report: _number(report, report.counts.replace)),
        ("−", _RIGHT, lambda report: _number(report, report.counts.delete)),
    ]
    if any(report.counts.imported for report in reports):
        columns.append(("→", _RIGHT, lambda report: _number(report, report.counts.imported)))
    if any(report.failed or report.corrupt for report in reports):
        columns.append(("Result", _LEFT, _result))
    if any(report.cost for report in reports):
        columns += [("Monthly cost", _RIGHT, _cost), ("Δ", _RIGHT, _difference)]
    if any(report.policy for report in reports):
        columns.append(("Policy", _LEFT, _policy))
    if any(report.permissions for report in reports):
        columns.append(("Permissions", _LEFT, _permissions))
    if any(report.drift for report in reports):
        columns.append(("Drift", _LEFT, _drift))
    if any(report.lock for report in reports):
        columns.append(("Lock", _LEFT, _lock))
    return columns


def _number(report: Report, number: int) -> str:
    # What a failed preview counted is not all that there is.
    return "" if report.failed else f"{number:,}" if number else "·"


def _permissions(report: Report) -> str:
    found = report.permissions
    if found is None:
        return "·"
    return " ".join([*[f"+{found.added:,}"] * bool(found.added), *[f"−{found.removed:,}"] * bool(found.removed)]) or "?"


def _result(report: Report) -> str:
    if report.failed:
        return "**failed**"
    return "the state may be wrong" if report.corrupt else "planned"


def _cost(report: Report) -> str:
    return code(money(report.cost.after, report.cost.currency)) if report.cost else ""


def _difference(report: Report) -> str:
    return code(money(report.cost.difference, report.cost.currency, signed=True)) if report.cost else ""


def _policy(report: Report) -> str:
    if report.policy is None:
        return ""
    told = [f"**{each}**" if each.endswith(" mandatory") else each for each in counts(report.policy)]
    return ", ".join([*([] if report.policy.findings else ["passed"]), *told])


def _drift(report: Report) -> str:
    if report.drift is None:
        return ""
    return counted(len(report.drift.changes), "resource") if report.drift.changes else "none"


def _lock(report: Report) -> str:
    if report.lock is None:
        return ""
    holder = f"{code(report.lock.holder)} since {code(report.lock.since)}"
    return f"{holder}, {link('job', report.lock.url)}" if report.lock.url else holder
