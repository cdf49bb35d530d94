"""The folded parts of the comment that tell what the rules say of a stack."""

from collections.abc import Iterator
from typing import Final

from tools.changes.summaries import Exempted, Finding, Pending, PolicySummary
from tools.comment.escape import code, html_code
from tools.comment.fit import Section
from tools.comment.words import counted
from tools.policing.wording import let_off

_SENTENCE: Final = 400
"""Characters of a sentence in a table."""


def policies(stack: str, policy: PolicySummary) -> Iterator[Section]:
    """Findings, exemptions in force, and rules that nobody could evaluate; each where there are any."""
    if policy.findings:
        mandatory, advisory = policy.count("mandatory"), policy.count("advisory")
        rows = sorted(policy.findings, key=lambda each: (each.level != "mandatory", each.rule, each.resource))
        yield Section(
            summary=f"{html_code(stack)}: policy, {mandatory} mandatory, {advisory} advisory",
            head="| Rule | Level | Resource | What is wrong | Remedy |\n|:---|:---|:---|:---|:---|",
            lines=tuple(map(_found, rows)),
        )
    if policy.exempt:
        yield Section(
            summary=f"{html_code(stack)}: policy, {counted(len(policy.exempt), 'exemption')} in force",
            head="| Rule | Resource | Until | Reason | What is let off |\n|:---|:---|:---|:---|:---|",
            lines=tuple(map(_exempt, policy.exempt)),
        )
    if policy.unevaluated:
        many = counted(len(policy.unevaluated), "check")
        yield Section(
            summary=f"{html_code(stack)}: policy, {many} not evaluated before the update",
            head="| Rule | Resource | Value that is not known yet |\n|:---|:---|:---|",
            lines=tuple(map(_pending, policy.unevaluated)),
        )


def _found(each: Finding) -> str:
    remedy = code(each.remedy, _SENTENCE) if each.remedy else ""
    return _row(code(each.rule), each.level, code(each.resource), code(each.message, _SENTENCE), remedy)


def _exempt(each: Exempted) -> str:
    told = [code(each.rule), code(each.resource), code(each.until), code(each.reason, _SENTENCE)]
    return _row(*told, code(let_off(each), _SENTENCE))


def _pending(each: Pending) -> str:
    return _row(code(each.rule), code(each.resource), code(each.value))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
