"""The lines of a diff that show one change; none begins without a sign or a space."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from tools.changes.model import Change, PropertyDiff
from tools.changes.visible import one_line, shortened
from tools.comment.escape import BAR, LONGEST_LINE, guttered
from tools.comment.words import short, sign

MOST_LINES: Final = 60
"""Lines of one change in a comment."""
_COMPARED: Final = 400
"""Lines of a value that are compared one by one."""
_AROUND: Final = 2
"""Lines that are shown before and after those that differ."""
_NAME: Final = 200
_FORCES: Final = "  # forces the replacement"


def change_lines(change: Change, most: int | None = MOST_LINES) -> list[str]:
    """A change: what happens to which resource, then its properties, at most so many lines.

    Of what is deleted, the properties are there only when `most` is None.
    """
    because = f"  because of {', '.join(change.replace_reasons)}" if change.replace_reasons else ""
    title = f"@@ {sign(change)} {short(change.type)} {change.name}{because} @@"
    lines = [shortened(one_line(title), LONGEST_LINE)]
    if most is None or change.op not in ("delete", "delete-replaced"):
        lines += [line for diff in change.diffs for line in property_lines(diff)]
    if most is not None and len(lines) > most:
        left_out = len(lines) - most + 1
        lines = [*lines[: most - 1], f"    … {left_out:,} more lines in the full report"]
    return lines


def property_lines(diff: PropertyDiff) -> Iterator[str]:
    """One property: its line, or the lines of its value that differ."""
    path = shortened(one_line(diff.path), _NAME)
    forces = _FORCES if diff.forces_replacement else ""
    if diff.kind == "update" and diff.before == diff.after:
        what = "what differs is not told" if diff.before is None else f"{diff.before}, another one"
        yield from guttered(f"{path}: {one_line(what)}{forces}", "!   ")
        return
    before, after = _lines(diff.before), _lines(diff.after)
    if len(before) <= 1 and len(after) <= 1:
        yield from (line for each in before for line in guttered(f"{path}: {each}{forces * (not after)}", "-   "))
        yield from (line for each in after for line in guttered(f"{path}: {each}{forces}", "+   "))
        return
    yield from guttered(f"{path}:{forces}", "#   ")
    yield from _compared(before, after)


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.split("\n")


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    if max(len(before), len(after)) > _COMPARED:
        yield f"    … {len(before):,} lines before, {len(after):,} after: in the full report"
        return
    groups = list(SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_AROUND))
    for number, group in enumerate(groups):
        if number or group[0][1] or group[0][3]:
            yield "    …"
        for tag, first, last, other, end in group:
            if tag == "equal":
                yield from _gutter(before[first:last], f"    {BAR}")
            else:
                yield from _gutter(before[first:last], f"-   {BAR}")
                yield from _gutter(after[other:end], f"+   {BAR}")


def _gutter(lines: Sequence[str], gutter: str) -> Iterator[str]:
    for line in lines:
        yield from guttered(line, gutter)
