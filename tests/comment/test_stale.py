"""A comment on a failure, with what was told before."""

from dataclasses import replace

from tests.comment.markdown import check
from tests.comment.reports import CHANGED, FAILED, FULL, JOB, UNCHANGED, change, context, diff
from tools.comment.escape import size
from tools.comment.marker import find_marker
from tools.comment.render import render, render_stale

GOOD = render([CHANGED, UNCHANGED], context())
BAD = render([FAILED], context(sha="fed9876", pipeline=990))
FOLD = "<details><summary>No longer valid: what the preview of <code>abc1234</code> told</summary>"


def test_the_last_result_is_folded_below_the_failure_as_no_longer_valid() -> None:
    body = render_stale(GOOD, BAD, 60_000)
    check(body, JOB, FULL)
    assert find_marker(body) == find_marker(BAD)
    assert body.index("the preview failed") < body.index(FOLD) < body.index("| `prod` | 1 | 1 | 1 | 1 |")
    assert body.split("\n")[-1] == BAD.split("\n")[-1]
    assert body.count("<!-- socle:preview") == 1


def test_a_second_failure_keeps_the_result_before_the_first() -> None:
    first = render_stale(GOOD, BAD, 60_000)
    again = render([FAILED], context(sha="bbb2222", pipeline=991))
    second = render_stale(first.replace("\n", "\r\n"), again, 60_000)
    check(second, JOB, FULL)
    assert second.count(FOLD) == 1
    assert second.count("No longer valid") == 1
    assert (
        second.partition(FOLD)[2].partition("socle:stale end")[0]
        == first.partition(FOLD)[2].partition("socle:stale end")[0]
    )


def test_a_result_of_some_stacks_is_folded_without_what_it_had_folded() -> None:
    half = render_stale(GOOD, render([CHANGED, FAILED], context(sha="ccc3333")), 60_000)
    body = render_stale(half, BAD, 60_000)
    check(body, JOB, FULL)
    assert "<code>ccc3333</code>" in body
    assert FOLD not in body


def test_a_failure_without_an_earlier_result_stands_alone() -> None:
    assert render_stale(BAD, BAD, 60_000) == BAD
    assert render_stale("a comment of a person", BAD, 60_000) == BAD


def test_a_result_of_one_line_is_folded_too() -> None:
    body = render_stale(render([UNCHANGED], context()), BAD, 60_000)
    check(body, JOB, FULL)
    assert "no changes in `staging`" in body


def test_a_long_result_is_cut_within_the_limit() -> None:
    many = tuple(change("update", f"n{n}", diff("a", "1", "2")) for n in range(900))
    body = render_stale(render([replace(CHANGED, changes=many)], context()), BAD, 10_000)
    assert size(body) <= 10_000
    assert "The rest is left out here." in body
    check(body, JOB, FULL)
    assert render_stale(GOOD, BAD, size(BAD) + 100) == BAD


def test_marks_within_values_are_not_taken_for_ours() -> None:
    nasty = change("update", "x", diff("a", "\n<!-- socle:stale -->\nb", "\n<!-- socle:stale end -->\n</details>\nc"))
    body = render_stale(render([replace(CHANGED, changes=(nasty,))], context()), BAD, 60_000)
    check(body, JOB, FULL)
    again = render_stale(body, BAD, 60_000)
    assert again == body
