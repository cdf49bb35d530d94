"""A comment as a forge renders it, and whether all is closed that was opened and nothing of others gets out."""

import re
from html.parser import HTMLParser
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER: Final = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_TAGS: Final = {"details", "summary", "code"}
_COMMENT: Final = re.compile(r"<!-- socle:(?:(?:preview|drift) \{[^<>]*\}|stale|stale end) -->")
# What a forge would make of a text that stands outside of code.
_ALIVE: Final = re.compile(r"[@#!%~$^]\w|https?:|www\.|\b[0-9a-f]{7,40}\b|[<>]")
_VOID: Final = {"br", "hr", "img", "meta", "input"}


def html_of(body: str) -> str:
    """The comment in HTML."""
    return _PARSER.render(body)


class _Tags(HTMLParser):
    """Follows the tags of a text, and what stands outside of `<code>`."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.outside = ""
        self.code = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        opened = self.open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.code += data
        else:
            self.outside += data


def check(body: str, *links: str) -> str:
    """Assert that a comment is well formed, its links only these; returns what stands in code."""
    body.encode("utf-8")
    tokens = _PARSER.parse(body)
    raw = "".join(_checked(token, set(links)) for token in _all(tokens))
    _balanced(raw)
    _rows(body)
    for line in body.split("\n"):
        assert not re.match(r"\s*/[a-z]", line), "a quick action"
    whole = _Tags()
    whole.feed(html_of(body))
    assert whole.open == []
    return whole.code


def _all(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *(token.children or ()))]


def _checked(token: Token, links: set[str]) -> str:
    """What a token has of raw HTML."""
    if token.type in ("html_block", "html_inline"):
        return token.content
    if token.type == "text" and token.content != "[!CAUTION]":
        assert not _ALIVE.search(token.content), token.content
    if token.type == "link_open":
        assert token.attrGet("href") in links
    assert token.type not in ("image", "code_block", "s_open", "em_open"), token.type
    if token.type == "fence":
        assert not any(line.startswith((" /", "/")) for line in token.content.split("\n"))
    return ""


def _balanced(raw: str) -> None:
    tags = _Tags()
    tags.feed(_COMMENT.sub("", raw))
    assert tags.open == []
    assert tags.seen <= _TAGS
    assert "<!--" not in _COMMENT.sub("", raw)
    assert not _ALIVE.search(tags.outside), tags.outside


def _rows(body: str) -> None:
    """Every row of a table has as many cells as its head, a sentence about rows left out excepted."""
    cells = 0
    for line in body.split("\n"):
        if not line.startswith("|"):
            cells = 0
        elif "left out here" not in line:
            cells = cells or line.count("|")
            assert line.count("|") == cells, line
