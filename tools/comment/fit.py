"""Sections of a comment that can be shortened, and texts that are cut, with everything closed that was opened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tools.comment.escape import fence, size

_FENCE: Final = re.compile(r"(`{3,})[a-z]*")
_CUT: Final = "The rest is left out here."
_ROOM: Final = 200
"""Characters kept free for what closes a text that is cut."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A folded part of the comment, the middle of whose lines may be left out."""

    summary: str
    """HTML of one line."""
    lines: tuple[str, ...]
    language: str | None = None
    """Of the fence around the lines; None for Markdown, which then is rows of a table."""
    head: str = ""
    """Markdown before the lines, such as the head of their table."""
    tail: str = ""
    """Markdown after the lines."""
    left_out: int = 0
    """Lines that are no longer there."""
    at: int = 0
    """Where they were."""
    unfolded: bool = False

    def text(self) -> str:
        """The section in Markdown."""
        lines = list(self.lines)
        if self.left_out:
            lines.insert(self.at, self._note())
        body = "\n".join(lines) if self.language is None else fence(lines, self.language)
        body = "\n".join(part for part in (self.head, body) if part)
        parts = [f"<details{' open' * self.unfolded}><summary>{self.summary}</summary>", body, self.tail, "</details>"]
        return "\n\n".join(part for part in parts if part)

    def within(self, most: int) -> "Section":
        """The section with as many lines, from its beginning and its end, as there is room for."""
        if size(self.text()) <= most:
            return self
        sizes = [size(line) + 1 for line in self.lines]
        # A longer fence than the lines need, and the note, are paid for in advance.
        room = most - size(replace(self, lines=(), left_out=len(self.lines) or 1).text()) - 2 * self._longest_fence()
        first, last = 0, len(sizes)
        while first < last:
            front = first <= len(sizes) - last
            room -= sizes[first] if front else sizes[last - 1]
            if room < 0:
                break
            first, last = (first + 1, last) if front else (first, last - 1)
        kept = (*self.lines[:first], *self.lines[last:])
        return replace(self, lines=kept, left_out=self.left_out + last - first, at=first)

    def _note(self) -> str:
        count = f"{self.left_out:,} {'line is' if self.left_out == 1 else 'lines are'} left out here"
        text = f"… {count}, the full report has all"
        return f"    {text}" if self.language is not None else f"| {text} |"

    def _longest_fence(self) -> int:
        return size(fence(self.lines).partition("\n")[0]) if self.language is not None else 0


def fitted(sections: Sequence[Section], most: int) -> list[str]:
    """The sections' texts, together within so many characters: the largest give way, none below what all can have.

    What cannot even stand empty is left out, with a sentence.
    """
    sizes = [size(section.text()) + 2 for section in sections]
    if sum(sizes) <= most:
        return [section.text() for section in sections]
    share = _share(sizes, most)
    texts = [section.within(share - 2).text() for section in sections]
    if sum(size(text) + 2 for text in texts) <= most:
        return texts
    note = f"Details of {len(sections)} parts are left out here, the full report has all."
    return [note] if size(note) + 2 <= most else []


def cut(text: str, most: int) -> str:
    """A text of ours cut at the end of a line, its fences and its `<details>` closed."""
    if size(text) <= most:
        return text
    kept: list[str] = []
    room, ticks, opened = most - _ROOM, "", 0
    for line in text.split("\n"):
        room -= size(line) + 1
        if room < 0:
            break
        kept.append(line)
        match = _FENCE.fullmatch(line)
        if ticks:
            ticks = "" if line == ticks else ticks
        elif match:
            ticks = match[1]
            room -= len(ticks)
        elif line.startswith("<details"):
            opened += 1
            room -= len("\n\n</details>")
        elif line == "</details>":
            opened -= 1
    closing = ([ticks] if ticks else []) + ["", _CUT, *["", "</details>"] * opened]
    return "\n".join([*kept, *closing])


def _share(sizes: Sequence[int], most: int) -> int:
    """The largest size so that no section beyond it makes them exceed what there is."""
    room, waiting = most, len(sizes)
    for each in sorted(sizes):
        if each * waiting > room:
            break
        room -= each
        waiting -= 1
    return room // max(waiting, 1)
