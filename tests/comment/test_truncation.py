"""Comments that are too long."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.comment.markdown import check
from tests.comment.reports import CHANGED, FAILED, FULL, FULLER, JOB, UNCHANGED, change, context, diff
from tools.changes.model import Diagnostic
from tools.changes.summaries import CostRow
from tools.comment.context import LIMITS
from tools.comment.escape import size
from tools.comment.fit import cut
from tools.comment.render import least, render

MANY = tuple(
    change("delete" if n % 9 == 0 else "update", f"files-{n:04}", diff("a", f'"{n}"', '"🌈``"')) for n in range(1_200)
)
LONG = replace(FULLER, changes=MANY)
ROWS = tuple(CostRow(type="t", name=f"n{n}", before=0, after=1) for n in range(150))
assert LONG.cost
REPORTS = [
    replace(LONG, cost=replace(LONG.cost, rows=ROWS)),
    replace(FAILED, diagnostics=(Diagnostic(severity="error", message="first\n" + "x\n" * 1_000 + "last"),)),
    UNCHANGED if UNCHANGED.stack != FAILED.stack else replace(UNCHANGED, stack="other"),
]
LEAST = least(REPORTS, context())
COMMENT = render(REPORTS, context())
WHOLE = render(REPORTS, context(), 10_000_000)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_long_comment_is_as_long_as_it_may_be(forge: str) -> None:
    body = render(REPORTS, context("gitlab" if forge == "gitlab" else "github"))
    limit = LIMITS["gitlab" if forge == "gitlab" else "github"]
    assert size(body) <= limit
    if forge == "github":
        assert size(body) > limit - 2_000
    check(body, JOB, FULL)


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=LEAST, max_value=70_000))
def test_within_any_limit_header_totals_warnings_and_footer_stay(limit: int) -> None:
    body = render(REPORTS, context(), limit)
    assert size(body) <= limit
    check(body, JOB, FULL)
    top = WHOLE.partition("\n\n> ")[0]
    assert body.startswith(top)
    assert "> [!CAUTION]\n> - " in body
    assert "more warnings" in body or body.count("\n> - ") == WHOLE.count("\n> - ")
    assert body.split("\n")[-1] == WHOLE.split("\n")[-1]


def test_the_middle_of_the_largest_section_is_left_out() -> None:
    body = render(REPORTS, context())
    assert "files-0000" in body
    assert body.index("files-0000") < body.index("left out here, the full report has all")
    assert "files-1199" in body
    assert "│ first" in body
    assert "│ last" in body


def test_small_sections_stay_whole_beside_large_ones() -> None:
    body = render([LONG, replace(CHANGED, stack="small")], context(), 20_000)
    assert 'tags["a.b"]: "1"' in body


def test_a_limit_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match=f"limit must be {LEAST} or more for these stacks, got 100"):
        render(REPORTS, context(), 100)


def test_a_comment_that_fits_is_not_touched() -> None:
    assert "left out" not in render([CHANGED, UNCHANGED], context())


@given(st.text("a🌈\ud800é"))
def test_the_size_is_never_below_what_a_forge_counts(text: str) -> None:
    assert size(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2 >= len(text)


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=600, max_value=60_000))
def test_a_text_that_is_cut_is_closed(most: int) -> None:
    text = cut(COMMENT, most)
    assert size(text) <= most
    check(text, JOB, FULL)
