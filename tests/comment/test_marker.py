"""The hidden line of a comment."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.comment.markdown import check
from tests.comment.reports import CHANGED, DIGEST, FAILED, FULL, JOB, MOMENT, UNCHANGED, context
from tools.comment.marker import Marker, Seen, find_marker, is_older, marker_of, same_but_time, without_marker
from tools.comment.render import render

MARKER = Marker(project="team/infra", merge_request=42, sha="abc", pipeline=9, valid_at=MOMENT)


def at(moment: str, pipeline: int = 9) -> Marker:
    return replace(MARKER, valid_at=moment, pipeline=pipeline)


def test_a_comment_tells_what_it_is_of() -> None:
    found = find_marker(render([CHANGED, FAILED], context()))
    assert found == Marker(
        project="team/infra",
        merge_request=42,
        sha="abc1234def5678",
        pipeline=981,
        valid_at=MOMENT,
        stacks={"prod": Seen(digest=DIGEST, state="v41"), "staging": Seen()},
    )
    assert found is not None
    assert not found.failed


def test_the_oldest_report_is_the_moment_of_a_comment() -> None:
    reports = [CHANGED, replace(UNCHANGED, valid_at="2026-11-21T12:00:00+02:00")]
    assert marker_of(reports, context()).valid_at == "2026-11-21T12:00:00+02:00"
    assert marker_of(reports, context(valid_at=MOMENT)).valid_at == MOMENT


@given(st.text(), st.text(), st.text(), st.dictionaries(st.text(), st.builds(Seen, digest=st.text(), state=st.text())))
def test_any_marker_is_found_again_and_nothing_ends_it(
    project: str, sha: str, moment: str, stacks: dict[str, Seen]
) -> None:
    marker = Marker(project=project, merge_request=1, sha=sha, pipeline=2, valid_at=moment, stacks=stacks)
    line = marker.line()
    assert line.count("--") == 2
    assert "\n" not in line
    assert find_marker(f"{line}\nand more") == marker
    assert find_marker(f"{line}\r\nand more") == marker
    assert check(f"{line}\n") == ""


@pytest.mark.parametrize(
    "body",
    [
        "",
        "a comment of a person",
        f"Look:\n{MARKER.line()}\n",
        f"> {MARKER.line()}\n",
        MARKER.line().replace('"v":1', '"v":2'),
        MARKER.line().replace('"sha"', '"other"'),
        MARKER.line().replace("{", "{[", 1),
        "<!-- socle:preview {} -->",
        '<!-- socle:preview {"v":1} --> after it',
    ],
)
def test_what_is_no_comment_of_ours_has_no_marker(body: str) -> None:
    assert find_marker(body) is None


def test_a_marker_within_a_value_is_not_the_comments_own() -> None:
    body = render([CHANGED], context())
    spoofed = f"something before\n{body}"
    assert find_marker(spoofed) is None


def test_drift_and_preview_are_told_apart() -> None:
    found = find_marker(render([CHANGED], context(subject="drift")))
    assert found
    assert found.subject == "drift"


def test_the_visible_comment_is_without_its_marker() -> None:
    body = render([UNCHANGED], context())
    assert without_marker(body.replace("\n", "\r\n")) == body.split("\n")[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (at("2026-11-21T10:00:00Z"), at("2026-11-21T10:00:01Z")),
        (at("2026-11-21T10:00:00+02:00"), at("2026-11-21T09:00:00Z")),
        (at("2026-11-21T10:00:00"), at("2026-11-21T10:00:01Z")),
        (at(MOMENT, 9), at(MOMENT, 10)),
        (at("2026-11-21T10:00:01Z", 1), at("2026-11-21T10:00:00Z", 99)),
        (at("whenever"), at(MOMENT)),
    ],
)
def test_the_earlier_pipeline_is_older_then_the_earlier_moment(one: Marker, other: Marker) -> None:
    assert is_older(one, other)
    assert not is_older(other, one)
    assert not is_older(one, one)


def test_only_the_time_may_differ_where_nothing_is_to_write() -> None:
    body = render([CHANGED], context())
    later = render([replace(CHANGED, valid_at="2026-11-21T11:00:00Z", duration=99.0)], context())
    assert body != later
    assert same_but_time(body, later)
    assert same_but_time(body, body.replace("\n", "\r\n") + "\n")


@pytest.mark.parametrize(
    "other",
    [
        render([replace(CHANGED, state="v42")], context()),
        render([replace(CHANGED, changes=CHANGED.changes[1:])], context()),
        render([CHANGED], context(sha="fff")),
        render([CHANGED], context(pipeline=982)),
        render([CHANGED], context(job_url=FULL)),
    ],
)
def test_whatever_else_differs_is_to_write(other: str) -> None:
    assert not same_but_time(render([CHANGED], context()), other)


def test_the_line_is_json_that_any_program_reads() -> None:
    line = marker_of([CHANGED], context()).line()
    document = json.loads(line.removeprefix("<!-- socle:preview ").removesuffix(" -->"))
    assert document["stacks"] == {"prod": {"digest": DIGEST, "state": "v41"}}
    assert (document["v"], document["mr"], document["pipeline"]) == (1, 42, 981)
    assert JOB not in line
