"""The comment on a merge request: what all stacks would change, in one text for one forge."""

from collections.abc import Sequence
from typing import Final

from tools.changes.model import Counts
from tools.changes.report import Report
from tools.comment.context import LIMITS, Context, Subject
from tools.comment.escape import code, html_code, link, size
from tools.comment.fit import cut, fitted
from tools.comment.marker import find_marker, marker_of, without_marker
from tools.comment.sections import sections
from tools.comment.table import table
from tools.comment.warnings import caution, shortened_list, warnings
from tools.comment.words import counted, money, totals

_TITLES: Final[dict[Subject, str]] = {"preview": "Infrastructure preview", "drift": "Infrastructure drift"}
_NOTHING: Final[dict[Subject, str]] = {"preview": "no changes in", "drift": "the cloud is as it should be in"}
_ROOM: Final = 1_000
"""Characters for warnings, and for saying what is left out."""
_SHA: Final = 7
_NAMED: Final = 6
"""Stacks whose names a line repeats."""
_STALE: Final = "<!-- socle:stale -->"
_STALE_END: Final = "<!-- socle:stale end -->"
_LEAST: Final = 1_000
"""Characters below which an older result is not worth repeating."""


def least(reports: Sequence[Report], context: Context) -> int:
    """The smallest limit within which a comment on these reports has its header, warnings and totals."""
    ordered = _ordered(reports)
    return size("\n".join([*_top(ordered, context), _footer(ordered, context)])) + _ROOM


def render(reports: Sequence[Report], context: Context, limit: int | None = None) -> str:
    """The comment, at most `limit` characters long, by default what the forge takes; the same reports give the same.

    Raises `ValueError` when the limit is below `least(reports, context)`.
    """
    most = LIMITS[context.forge] if limit is None else limit
    ordered = _ordered(reports)
    top, footer = _top(ordered, context), _footer(ordered, context)
    if most < least(ordered, context):
        raise ValueError(f"limit must be {least(ordered, context)} or more for these stacks, got {most}")
    if not any(map(_tells, ordered)):
        names = ", ".join(code(each.stack) for each in ordered[:_NAMED]) or "any stack"
        more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
        return f"{top[0]}\n**{_TITLES[context.subject]}**: {_NOTHING[context.subject]} {names}{more} · {footer}"
    room = most - size("\n".join([*top, "", "", footer]))
    block = _block(warnings(ordered), context, room // 2)
    room -= size(block) + 2
    parts = [part for part in ("\n".join(top), block, *fitted(sections(ordered), room), footer) if part]
    return "\n\n".join(parts)


def render_stale(previous: str, failure: str, limit: int) -> str:
    """The comment on a failure, with what an older comment of ours told folded below it, marked as no longer valid.

    `previous` is the older comment's whole text; when it told of a failure too, what it had folded is kept instead.
    """
    told, sha = _result_of(previous)
    body, _, footer = failure.rpartition("\n\n")
    if not told or not body:
        return failure
    summary = f"<details><summary>No longer valid: what the preview of {html_code(sha[:_SHA])} told</summary>"
    frame = [body, f"{_STALE}\n{summary}", "</details>\n" + _STALE_END, footer]
    room = limit - size("\n\n".join([*frame, ""]))
    if room < _LEAST:
        return failure
    return "\n\n".join([*frame[:2], cut(told, room), *frame[2:]])


def _result_of(previous: str) -> tuple[str, str]:
    """What an older comment told, and of which commit; empty when it told of failures alone."""
    marker = find_marker(previous)
    if marker is None:
        return "", ""
    text = without_marker(previous)
    before, found, rest = text.partition(f"\n{_STALE}\n")
    if marker.failed:
        # Nothing of ours begins a line like these marks but the marks: what is shown stands behind a gutter.
        inner, _, _ = rest.partition(f"\n{_STALE_END}")
        summary, _, told = inner.partition("\n\n")
        sha = summary.partition("<code>")[2].partition("</code>")[0]
        return (told.rpartition("\n</details>")[0].strip("\n"), sha) if found else ("", "")
    return (before + rest.partition(f"\n{_STALE_END}")[2] if found else text), marker.sha


def _ordered(reports: Sequence[Report]) -> list[Report]:
    return sorted(reports, key=lambda report: report.stack)


def _top(reports: Sequence[Report], context: Context) -> list[str]:
    return [marker_of(reports, context).line(), _header(reports, context), "", *table(reports)]


def _header(reports: Sequence[Report], context: Context) -> str:
    parts = [_TITLES[context.subject], counted(len(reports), "stack")]
    failed = sum(report.failed for report in reports)
    parts += [f"{failed:,} failed"] * bool(failed)
    parts += totals(_sum([report.counts for report in reports if not report.failed]))
    drifted = sum(len(report.drift.changes) for report in reports if report.drift)
    parts += [f"{counted(drifted, 'resource')} drifted"] * bool(drifted)
    costs = [report.cost for report in reports if report.cost]
    if costs and len({cost.currency for cost in costs}) == 1:
        difference = sum(cost.difference for cost in costs)
        more = f"{code(money(difference, costs[0].currency, signed=True))} a month"
        parts.append(more if round(difference, 2) else "costs as before")
    return f"### {' · '.join(parts)}"


def _sum(found: Sequence[Counts]) -> Counts:
    return Counts(
        create=sum(each.create for each in found),
        update=sum(each.update for each in found),
        replace=sum(each.replace for each in found),
        delete=sum(each.delete for each in found),
        imported=sum(each.imported for each in found),
        other=sum(each.other for each in found),
    )


def _block(sentences: Sequence[str], context: Context, most: int) -> str:
    """The block of warnings, as many of them as fit."""
    for number in (len(sentences), 20, 10, 5, 2, 1, 0):
        block = "\n".join(caution(shortened_list(sentences, number), context.forge))
        if size(block) <= most:
            return block
    return ""


def _tells(report: Report) -> bool:
    """Whether there is more to say of a stack than that nothing changes."""
    drifted = report.drift is not None and bool(report.drift.changes)
    found = report.policy is not None and bool(report.policy.findings)
    cost = report.cost is not None and bool(round(report.cost.difference, 2))
    return bool(report.failed or report.corrupt or report.changes or drifted or found or cost or report.lock)


def _footer(reports: Sequence[Report], context: Context) -> str:
    """The last line; the time is at its very end, where `same_but_time` leaves it out."""
    links = [link("job", context.job_url)] * bool(context.job_url)
    links += [link("full report", context.report_url)] * bool(context.report_url)
    took = max((report.duration for report in reports), default=0.0)
    links += [f"{context.subject} of {code(context.sha[:_SHA])}"] * bool(context.sha)
    later = ", ".join(code(stack) for stack in context.later[:_NAMED])
    links += [f"previewed after the merge: {later}"] * bool(later)
    return " · ".join([*links, f"took {took:.0f} s"])
