"""One note of ours on a merge request, through the real client libraries."""

import re
import threading

import pytest

from tests.forge.conftest import Stage
from tests.forge.server import Fault
from tools.forge.forge import ForgeRefused
from tools.forge.posting import Rules, close_issue, post, upsert_issue

MR = 42


def body(run: int, text: str, at: str = "10:00") -> str:
    return f"<!-- socle:preview run={run} at={at} -->\n{text}"


def _run(text: str) -> int:
    found = re.search(r"run=(\d+)", text)
    return int(found[1]) if found else 0


RULES = Rules(
    ours=lambda text: text.startswith("<!-- socle:preview "),
    older=lambda one, two: _run(one) < _run(two),
    same=lambda one, two: re.sub(r"run=\d+ at=\S+", "", one) == re.sub(r"run=\d+ at=\S+", "", two),
)


def test_the_first_run_writes_a_note_and_the_next_one_rewrites_it(stage: Stage) -> None:
    assert post(stage.forge, MR, body(1, "two changes"), RULES).deed == "written"
    assert post(stage.forge, MR, body(2, "one change"), RULES).deed == "rewritten"
    assert stage.state.bodies(MR) == [body(2, "one change")]


def test_our_note_is_found_behind_hundreds_of_others(stage: Stage) -> None:
    for number in range(130):
        stage.state.add_note(MR, "marie", f"comment {number}")
    post(stage.forge, MR, body(1, "first"), RULES)
    for number in range(230):
        stage.state.add_note(MR, "marie", f"reply {number}")
    assert post(stage.forge, MR, body(2, "second"), RULES).deed == "rewritten"
    assert [each for each in stage.state.bodies(MR) if "socle:preview" in each] == [body(2, "second")]


def test_a_note_of_somebody_else_with_our_marker_is_left_alone(stage: Stage) -> None:
    stage.state.add_note(MR, "marie", body(9, "copied"))
    assert post(stage.forge, MR, body(2, "ours"), RULES).deed == "written"
    assert stage.state.bodies(MR) == [body(9, "copied"), body(2, "ours")]


def test_an_older_run_that_ends_later_changes_nothing(stage: Stage) -> None:
    post(stage.forge, MR, body(2, "newer"), RULES)
    before = len(stage.state.writes())
    posted = post(stage.forge, MR, body(1, "older"), RULES)
    assert (posted.deed, posted.body) == ("left to a newer run", body(2, "newer"))
    assert len(stage.state.writes()) == before


def test_nothing_is_written_when_nothing_but_the_time_differs(stage: Stage) -> None:
    post(stage.forge, MR, body(1, "same"), RULES)
    before = len(stage.state.writes())
    assert post(stage.forge, MR, body(2, "same", at="11:00"), RULES).deed == "unchanged"
    assert len(stage.state.writes()) == before


def test_a_note_that_was_deleted_between_two_runs_is_written_anew(stage: Stage) -> None:
    post(stage.forge, MR, body(1, "first"), RULES)
    stage.state.notes[MR].clear()
    assert post(stage.forge, MR, body(2, "second"), RULES).deed == "written"
    assert stage.state.bodies(MR) == [body(2, "second")]


def test_a_note_that_is_deleted_while_it_is_being_rewritten_is_written_anew(stage: Stage) -> None:
    post(stage.forge, MR, body(1, "first"), RULES)
    number = stage.state.notes[MR][0]["id"]
    verb, path = ("PUT", f"/notes/{number}") if stage.kind == "gitlab" else ("PATCH", f"/comments/{number}")
    stage.state.faults.append(Fault(verb, path, 404))
    assert post(stage.forge, MR, body(2, "second"), RULES).deed == "rewritten"
    assert stage.state.bodies(MR) == [body(2, "second")]


def test_two_notes_of_ours_become_one_with_what_the_newer_run_found(stage: Stage) -> None:
    me = stage.state.tokens["good"]
    stage.state.add_note(MR, me, body(1, "one"))
    stage.state.add_note(MR, me, body(3, "three"))
    assert post(stage.forge, MR, body(2, "two"), RULES).deed == "left to a newer run"
    assert stage.state.bodies(MR) == [body(3, "three")]


def test_jobs_that_write_at_the_same_time_leave_one_note_of_the_newest(stage: Stage) -> None:
    jobs = [
        threading.Thread(target=post, args=(stage.as_("good"), MR, body(run, f"run {run}"), RULES)) for run in range(6)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(timeout=60)
    # Whoever came first may have been overtaken; the run after settles what is left.
    post(stage.forge, MR, body(7, "the last word"), RULES)
    assert stage.state.bodies(MR) == [body(7, "the last word")]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_request_that_the_forge_asks_to_repeat_is_repeated(stage: Stage, status: int) -> None:
    end = "/notes" if stage.kind == "gitlab" else "/comments"
    stage.state.faults.append(Fault("POST", end, status, times=2, headers={"Retry-After": "0"}))
    assert post(stage.forge, MR, body(1, "at last"), RULES).deed == "written"
    assert stage.state.bodies(MR) == [body(1, "at last")]


def test_an_answer_that_got_lost_does_not_leave_two_notes(stage: Stage) -> None:
    end = "/notes" if stage.kind == "gitlab" else "/comments"
    stage.state.faults.append(Fault("POST", end, 502, after=True))
    post(stage.forge, MR, body(1, "once"), RULES)
    post(stage.forge, MR, body(2, "twice"), RULES)
    assert stage.state.bodies(MR) == [body(2, "twice")]


def test_a_token_without_the_right_says_which_right_is_missing(stage: Stage) -> None:
    with pytest.raises(ForgeRefused) as refused:
        post(stage.as_("weak"), MR, body(1, "x"), RULES)
    needed = "scope api and role Reporter" if stage.kind == "gitlab" else "pull-requests: write"
    assert "403" in str(refused.value)
    assert needed in str(refused.value)


def test_an_unknown_token_is_told_by_the_name_of_its_variable(stage: Stage) -> None:
    with pytest.raises(ForgeRefused, match=r"does not know the token in (SOCLE_GITLAB_TOKEN|GITHUB_TOKEN)"):
        post(stage.as_("wrong"), MR, body(1, "x"), RULES)


def test_a_note_that_is_too_long_for_the_forge_never_leaves(stage: Stage) -> None:
    with pytest.raises(ValueError, match=f"at most {stage.forge.limit} characters"):
        post(stage.forge, MR, "x" * (stage.forge.limit + 1), RULES)
    assert stage.state.asked == []


def test_our_limit_stays_below_the_forge_s_own(stage: Stage) -> None:
    assert stage.forge.limit < stage.state.limit


def test_an_issue_is_opened_brought_up_to_date_and_closed(stage: Stage) -> None:
    forge = stage.forge
    forge.open_issue("Something else", "of a person")
    assert upsert_issue(forge, "Drift of prod", body(1, "one resource"), RULES)[0] == "written"
    assert upsert_issue(forge, "Drift of prod", body(2, "one resource", at="11:00"), RULES)[0] == "unchanged"
    deed, issue = upsert_issue(forge, "Drift of prod: 2 resources", body(3, "two resources"), RULES)
    assert (deed, issue.author) == ("rewritten", stage.state.tokens["good"])
    assert upsert_issue(forge, "Drift of prod", body(2, "late"), RULES)[0] == "left to a newer run"
    closed = close_issue(forge, "prod is what its settings say again", RULES)
    assert closed is not None
    assert closed.title == "Drift of prod: 2 resources"
    assert [each["state"][:4] for each in stage.state.issues] == ["open", "clos"]
    assert close_issue(forge, "again", RULES) is None


def test_a_merge_request_is_opened_once_for_a_branch(stage: Stage) -> None:
    first = stage.forge.propose(branch="promote", target="main", title="Promote", body="one")
    again = stage.forge.propose(branch="promote", target="main", title="Promote two", body="two")
    assert first == again
    assert [each["title"] for each in stage.state.requests] == ["Promote two"]


def test_a_forge_that_is_not_there_is_told_in_one_sentence() -> None:
    from tools.forge.on_gitlab import OnGitlab  # noqa: PLC0415 (only here without a server)

    forge = OnGitlab("http://127.0.0.1:9", "devu42/infrastructure", "good")
    with pytest.raises(ForgeRefused, match=r"GitLab .* does not answer"):
        list(forge.open_issues())
