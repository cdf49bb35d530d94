"""Writes a stack's file of versions: comments stay where they are, the order is always the same; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from settings import Versions
from settings.stack_files import is_plain
from settings.versions_file import SECTIONS

_SECTION: Final = re.compile(rf"({'|'.join(SECTIONS)}):")
_ENTRY: Final = re.compile(r"\s+[\"']?([\w.-]+)[\"']?:")
# No version holds a number sign, so that a comment begins at the first one.
_COMMENT: Final = re.compile(r"(?:^|\s)(#.*?)\s*$")
_MARKS: Final = ("---", "...")

Place = tuple[str, str]
"""A section, and the name of an entry of it or nothing."""


@dataclass
class _Comments:
    """Comments of a file, by what they stand above or behind."""

    top: list[str] = field(default_factory=list[str])
    """Those before the first section: they are about the file."""
    above: dict[Place, list[str]] = field(default_factory=dict[Place, list[str]])
    behind: dict[Place, str] = field(default_factory=dict[Place, str])
    end: list[str] = field(default_factory=list[str])


def new_text(stack: str) -> str:
    """A file that keeps the stack on nothing yet."""
    return (
        f"# What {stack} is kept on, written by `make promote`. What is absent follows components/versions.py, or the\n"
        f"# image of Pulumi.{stack}.yaml: docs/promotion.md.\n"
    )


def written(text: str, versions: Versions) -> str:
    """The file `text` with these versions instead of its own."""
    comments = _comments(text)
    lines = [*comments.top]
    for section in SECTIONS:
        entries = versions.section(section)
        if not entries:
            # A section of comments alone.
            for place in (each for each in {**comments.above, **comments.behind} if each[0] == section):
                behind = comments.behind.get(place)
                lines += [*comments.above.get(place, []), *([behind] if behind else [])]
            continue
        lines += [*comments.above.get((section, ""), []), _with(f"{section}:", comments.behind.get((section, "")))]
        lines += _entries(section, entries, comments)
    lines += comments.end
    return "\n".join(lines) + "\n" if lines else ""


def merged(kept: Versions, written_: Mapping[str, Mapping[str, str]]) -> Versions:
    """Versions with others, by section, in place of or beside their own."""
    return Versions(**{section: {**kept.section(section), **written_.get(section, {})} for section in SECTIONS})


def _entries(section: str, entries: Mapping[str, str], comments: _Comments) -> list[str]:
    lines: list[str] = []
    for name, value in sorted(entries.items()):
        lines += [f"  {line}" for line in comments.above.get((section, name), [])]
        shown = value if is_plain(value) else f'"{value}"'
        lines.append(_with(f"  {name}: {shown}", comments.behind.get((section, name))))
    return lines


def _with(line: str, comment: str | None) -> str:
    return f"{line}  {comment}" if comment else line


def _comments(text: str) -> _Comments:
    found, waiting, section = _Comments(), list[str](), ""
    for line in text.splitlines():
        comment = _COMMENT.search(line)
        code = line[: comment.start()].rstrip() if comment else line.rstrip()
        if not code or code in _MARKS:
            waiting += [comment[1]] if comment else []
            continue
        entry = _ENTRY.match(code)
        place = ("", "")
        if named := _SECTION.match(code):
            if not section:
                found.top, waiting = waiting, []
            section = named[1]
            place = (section, "")
        elif entry and section:
            place = (section, entry[1])
        if place[0]:
            found.above[place] = [*found.above.get(place, []), *waiting]
            waiting = []
        if comment and place[0]:
            found.behind[place] = comment[1]
        elif comment:
            waiting.append(comment[1])
    if section:
        found.end = waiting
    else:
        found.top = waiting
    return found
