"""The full report as a page of its own: nothing left out, no script, nothing fetched."""

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tools.changes.model import Change, Diagnostic
from tools.changes.report import Report
from tools.changes.summaries import PolicySummary
from tools.changes.visible import visible
from tools.comment.changed_lines import change_lines
from tools.comment.cost_chart import cost_chart
from tools.comment.permissions import permission_lines, told
from tools.comment.words import counted, money, short, sign, totals
from tools.policing.wording import counts, let_off

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1f2328; }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; border-bottom: 1px solid #d1d9e0; margin-top: 2.5rem }
pre { background: #f6f8fa; border-radius: 6px; overflow-x: auto; padding: .6rem .8rem; margin: .4rem 0 1rem; }
pre, code { font: 13px/1.45 ui-monospace, monospace; } pre span { display: block; min-height: 1.45em }
.a { background: #dafbe1 } .d { background: #ffebe9 } .n { background: #fff8c5 } .h { color: #59636e; font-weight: 600 }
.caution { border-left: 4px solid #d1242f; padding: .2rem 1rem; background: #ffebe9; }
td, th { text-align: left; padding: .15rem 1.2rem .15rem 0; } summary { cursor: pointer }
"""
_CLASSES: Final = {"+": "a", "-": "d", "!": "n", "@": "h"}


def page(reports: Sequence[Report], title: str = "Infrastructure preview") -> str:
    """HTML of the reports, which shows every property that differs; their texts are escaped."""
    ordered = sorted(reports, key=lambda report: report.stack)
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_escaped(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_escaped(title)}</h1>",
        *(part for report in ordered for part in _stack(report)),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _stack(report: Report) -> Iterator[str]:
    result = "failed" if report.failed else ", ".join(totals(report.counts)) or "no changes"
    yield f"<h2>{_escaped(report.stack)}: {result}</h2>"
    yield f"<p>{_escaped(report.valid_at)}, took {report.duration:.0f} s</p>"
    dangers = [
        f"<li>{_escaped(f'{sign(each)} {short(each.type)} {each.name}: {each.dangerous}')}</li>"
        for each in report.dangerous
    ]
    if dangers:
        yield f'<div class="caution"><strong>Caution</strong><ul>{"".join(dangers)}</ul></div>'
    yield from _said(report.diagnostics)
    yield from _other(report)
    yield from (_change(change) for change in report.changes)
    drifted = report.drift.changes if report.drift else ()
    if drifted:
        count = counted(len(drifted), "resource differs", "resources differ")
        yield f"<h3>{count} between the cloud and the state</h3>"
        yield from (_change(change) for change in drifted)


def _change(change: Change) -> str:
    lines = change_lines(change, None)
    head = f"<summary><code>{_escaped(lines[0])}</code></summary>"
    return f"<details open>{head}<pre>{_coloured(lines[1:])}</pre></details>"


def _coloured(lines: Iterable[str]) -> str:
    return "".join(f'<span class="{_CLASSES.get(line[:1], "")}">{_escaped(line)}</span>' for line in lines)


def _said(diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    for each in diagnostics:
        about = f" {_escaped(each.urn)}" if each.urn else ""
        yield f"<p><strong>{each.severity}</strong>{about}</p><pre>{_escaped(each.message)}</pre>"


def _other(report: Report) -> Iterator[str]:
    if report.cost:
        cost = report.cost
        before, after = money(cost.before, cost.currency), money(cost.after, cost.currency)
        yield f"<p>{_escaped(f'{before} → {after} a month')}</p>"
        yield cost_chart(report.stack, cost)
        rows = [
            [
                f"{short(each.type)} {each.name}",
                money(each.before, cost.currency),
                money(each.after, cost.currency),
                each.note,
            ]
            for each in cost.rows
        ]
        yield _table(["Resource", "Before", "After", "Assumed"], rows)
        yield from (f"<p>{_escaped(each)}</p>" for each in cost.assumptions)
        yield from [f"<p>Without a known price: {_escaped(', '.join(cost.unpriced))}</p>"] * bool(cost.unpriced)
    if report.policy:
        yield from _rules(report.policy)
    if report.permissions:
        yield f"<h3>{_escaped(', '.join(told(report.permissions)))}</h3>"
        yield f"<pre>{_coloured(permission_lines(report.permissions))}</pre>"
    if report.lock:
        yield f"<p>Locked by {_escaped(report.lock.holder)} since {_escaped(report.lock.since)}</p>"


def _rules(policy: PolicySummary) -> Iterator[str]:
    yield f"<p>Policy: {_escaped(', '.join(counts(policy)) or 'passed')}</p>"
    found = [[each.rule, each.level, each.resource, each.message, each.remedy] for each in policy.findings]
    yield _table(["Rule", "Level", "Resource", "What is wrong", "Remedy"], found)
    exempt = [[each.rule, each.resource, each.until, each.reason, let_off(each)] for each in policy.exempt]
    yield _table(["Exempt from", "Resource", "Until", "Reason", "What is let off"], exempt)
    pending = [[each.rule, each.resource, each.value] for each in policy.unevaluated]
    yield _table(["Not evaluated", "Resource", "Value that is not known yet"], pending)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{_escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>{body}</table>" if rows else ""


def _escaped(text: str) -> str:
    return html.escape(visible(text))
