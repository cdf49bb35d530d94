import hashlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

SITE = Path(__file__).parent.parent / "site"
PAGES = ["index.html", "404.html", "docs/index.html"]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Elements of a page: whether they are closed in order, what they link to, what a strict policy would block."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.inline: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.attributes[tag] = values
        self.links += [value for key in ("href", "src") if (value := values.get(key))]
        if tag in {"style", "script"} or any(key == "style" or key.startswith("on") for key in values):
            self.inline.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page((SITE / str(request.param)).read_text(encoding="utf-8"))


def test_every_element_is_closed(page: Page) -> None:
    assert page.open == []


def test_a_page_says_its_language_and_its_title(page: Page) -> None:
    assert page.attributes["html"]["lang"] == "en"
    assert "title" in page.attributes


def test_links_are_absolute_so_that_the_404_page_works_at_any_depth_and_lead_to_a_file(page: Page) -> None:
    for link in page.links:
        assert link.startswith("/")
        assert not link.startswith("//")
        assert (SITE / (link + "index.html" if link.endswith("/") else link).lstrip("/")).is_file()


def test_a_page_keeps_to_the_default_content_security_policy(page: Page) -> None:
    assert page.inline == []


@pytest.mark.parametrize("file", [path.name for path in (SITE / "assets").iterdir()])
def test_an_asset_is_named_after_its_content(file: str) -> None:
    digest = hashlib.sha256((SITE / "assets" / file).read_bytes()).hexdigest()
    assert file.split(".")[1] == digest[:8]


def test_the_style_sheet_has_a_dark_side() -> None:
    (sheet,) = (SITE / "assets").glob("*.css")
    assert "prefers-color-scheme: dark" in sheet.read_text(encoding="utf-8")
