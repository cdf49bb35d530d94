"""Texts of others inside of Markdown, which they cannot leave: code spans, fences, `<code>` in HTML, addresses.

Code is where both forges look for no mention, no reference and no link. Backslashes and entities are not enough: the
forges look for mentions in what Markdown has become, where both are gone again.
"""

import html
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from tools.changes.visible import one_line, shortened, visible

LONGEST: Final = 160
"""Characters of a name outside of fences."""
LONGEST_LINE: Final = 600
"""Characters of a line within a fence."""
BAR: Final = "│ "
"""Stands before lines of others where no sign does: GitLab runs `/close` and its like after mere spaces.

https://docs.gitlab.com/user/project/quick_actions/
"""
_RUNS: Final = re.compile("`+")
_ADDRESS: Final = re.compile(r"https?://[^\s/]+(?:/.*)?", re.DOTALL)
_SHORTEST_FENCE: Final = 3
_ASTRAL: Final = 0xFFFF


def size(text: str) -> int:
    """Length as the forges limit it, or more: in units of UTF-16, of which no text has fewer than characters.

    GitHub refuses more than 65,536 characters or 262,144 bytes, GitLab more than 1,000,000 characters:
    https://docs.gitlab.com/user/gitlab_com/ and https://github.com/dead-claudia/github-limits.
    """
    return len(text) if text.isascii() else len(text) + sum(ord(char) > _ASTRAL for char in text)


def code(text: str, most: int = LONGEST) -> str:
    """A code span with the text on one line; fit for a cell of a table."""
    # No way of escaping a bar in a cell is the same in all of the forges' Markdown.
    shown = shortened(one_line(text), most).replace("|", "¦") or "?"
    ticks = "`" * (_longest_run(shown) + 1)
    return f"{ticks} {shown} {ticks}" if "`" in shown else f"{ticks}{shown}{ticks}"


def html_code(text: str, most: int = LONGEST) -> str:
    """The text on one line as HTML, where Markdown is not looked for, such as in a `<summary>`."""
    return f"<code>{html.escape(shortened(one_line(text), most)) or '?'}</code>"


def fence(lines: Iterable[str], language: str = "") -> str:
    """A fenced block that none of its lines can close."""
    shown = list(lines)
    ticks = "`" * max(_SHORTEST_FENCE, max(map(_longest_run, shown), default=0) + 1)
    return "\n".join([f"{ticks}{language}", *shown, ticks])


def guttered(text: str, gutter: str) -> list[str]:
    """Lines of a text for a fence, none of which begins a line of the comment itself."""
    return [(gutter + shortened(line, LONGEST_LINE)).rstrip() for line in visible(text).split("\n")]


def link(title: str, address: str) -> str:
    """A link with a title of ours, or the title alone where there is no address of the web."""
    if not _ADDRESS.fullmatch(address):
        return title
    return f"[{title}]({quote(address, safe=':/?#=&%+,;~.-_', errors='replace')})"


def _longest_run(text: str) -> int:
    return max(map(len, _RUNS.findall(text)), default=0)
