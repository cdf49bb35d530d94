"""The bill against the budget as a drawing: a bar before the change, and one after it."""

import html
from typing import Final

from tools.changes.summaries import CostSummary
from tools.changes.visible import one_line
from tools.comment.words import money

_WIDTH: Final = 640
_LABEL: Final = 64
"""Where bars begin."""
_ROOM: Final = 96
"""For the sums, on the right."""
_BAR: Final = 22
_STEP: Final = 34
_OURS: Final = "#0969da"
_OTHERS: Final = "#afb8c1"
_LIMIT: Final = "#d1242f"


def cost_chart(stack: str, cost: CostSummary) -> str:
    """An SVG, without any script: what the other stacks cost in grey, this one in blue, and the budget as a line."""
    known = {name: amount for name, amount in sorted(cost.others.items()) if amount}
    others = sum(known.values())
    sums = {"before": others + cost.before, "after": others + cost.after}
    most = max(*sums.values(), cost.budget or 0.0)
    if most <= 0:
        return ""
    scale = (_WIDTH - _LABEL - _ROOM) / most
    height = 2 * _STEP + 24
    parts = [
        f'<svg role="img" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'aria-label="{_told(stack, cost, sums)}" font-size="13">'
    ]
    for row, (label, total) in enumerate(sums.items()):
        top = row * _STEP + 6
        own = total - others
        parts += [
            f'<text x="0" y="{top + 16}" fill="#59636e">{label}</text>',
            _bar(_LABEL, top, others * scale, _OTHERS, f"{', '.join(known)}: {money(others, cost.currency)}"),
            _bar(_LABEL + others * scale, top, own * scale, _OURS, f"{stack}: {money(own, cost.currency)}"),
            f'<text x="{_WIDTH}" y="{top + 16}" text-anchor="end">{_text(money(total, cost.currency))}</text>',
        ]
    if cost.budget is not None:
        at = _LABEL + cost.budget * scale
        said = f"budget {money(cost.budget, cost.currency)}"
        parts += [
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{2 * _STEP}" stroke="{_LIMIT}" stroke-width="2"/>',
            f'<text x="{at:.1f}" y="{2 * _STEP + 16}" text-anchor="end" fill="{_LIMIT}">{_text(said)}</text>',
        ]
    return "".join([*parts, "</svg>"])


def _bar(left: float, top: float, width: float, colour: str, said: str) -> str:
    size = f'x="{left:.1f}" y="{top}" width="{max(width, 0):.1f}" height="{_BAR}"'
    return f'<rect {size} fill="{colour}"><title>{_text(said)}</title></rect>' if width > 0 else ""


def _told(stack: str, cost: CostSummary, sums: dict[str, float]) -> str:
    budget = "" if cost.budget is None else f", of a budget of {money(cost.budget, cost.currency)}"
    before, after = (money(each, cost.currency) for each in sums.values())
    return _text(f"All stacks with {stack}: {before} a month before, {after} after{budget}")


def _text(text: str) -> str:
    return html.escape(one_line(text))
