"""What a reader must not miss: data that are lost, mandatory rules that are broken, a budget that is exceeded."""

from collections.abc import Iterator, Sequence
from typing import Final

from tools.changes.model import Change
from tools.changes.report import Report
from tools.changes.stateful import SENTENCES
from tools.comment.context import Forge
from tools.comment.escape import code
from tools.comment.words import counted, money, short, verb

# GitLab has alerts since 17.10 only; before, it would show the word in brackets.
_TITLES: Final[dict[Forge, str]] = {"github": "> [!CAUTION]", "gitlab": "> ⛔ **Caution**\n>"}
_SENTENCE: Final = 300
_REASONS: Final = 3
_TRACE: Final = "Traceback (most recent call last)"


def warnings(reports: Sequence[Report]) -> list[str]:
    """A sentence for each, the most pressing first."""
    found = [
        f"{code(report.stack)}: the preview failed: {code(cause(report), _SENTENCE)}"
        for report in reports
        if report.failed
    ]
    for report in reports:
        found += [_danger(report, change) for change in report.dangerous]
    for report in reports:
        found += list(_rules(report))
    return [*found, *(sentence for report in reports for sentence in _budget(report))]


def caution(sentences: Sequence[str], forge: Forge) -> list[str]:
    """Lines of the block that shows them; no line where there are none."""
    if not sentences:
        return []
    return [_TITLES[forge], *(f"> - {sentence}" for sentence in sentences)]


def shortened_list(sentences: Sequence[str], most: int) -> list[str]:
    """The first of the sentences, and how many more there are."""
    if len(sentences) <= most:
        return list(sentences)
    return [*sentences[:most], f"and {counted(len(sentences) - most, 'more warning')}, in the full report"]


def cause(report: Report) -> str:
    """The line of the first error that tells most: of a Python trace, the last."""
    message = next((each.message for each in report.diagnostics if each.severity == "error"), "")
    lines = [line for line in message.split("\n") if line.strip()] or ["no error was told"]
    return lines[-1] if _TRACE in message else lines[0]


def _danger(report: Report, change: Change) -> str:
    reasons = [code(each) for each in change.replace_reasons[:_REASONS]]
    because = f" because of {', '.join(reasons)}" if reasons else ""
    what = code(f"{short(change.type)} {change.name}")
    # A report is a file of a job that ran the merge request's own program: it may say anything.
    reason = change.dangerous if change.dangerous in SENTENCES else code(change.dangerous or "", _SENTENCE)
    return f"{code(report.stack)} {verb(change)} {what}{because}: {reason}"


def _rules(report: Report) -> Iterator[str]:
    for each in report.policy.findings if report.policy else ():
        if each.level == "mandatory":
            yield f"{code(report.stack)} breaks rule {code(each.rule)}: {code(each.message, _SENTENCE)}"


def _budget(report: Report) -> Iterator[str]:
    cost = report.cost
    if cost and cost.budget is not None and cost.after > cost.budget and cost.difference > 0:
        after, budget = code(money(cost.after, cost.currency)), code(money(cost.budget, cost.currency))
        yield f"{code(report.stack)} costs {after} a month with this change, the budget is {budget}"
