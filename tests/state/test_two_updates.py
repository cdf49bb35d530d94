"""Two updates of one stack at once: one wins, the other is told who, and nothing is lost."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from tests.state.actor import FOLDER
from tests.state.busy_cloud import STACK, Busy, ended
from tests.state.faults import ROOT, fault
from tools.in_turn import WAIT
from tools.state.lease import read_lease

JOB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_JOB_ID": "4711",
    "CI_PROJECT_ID": "7",
    "CI_JOB_URL": "https://gitlab.com/team/socle/-/jobs/4711",
    "GITLAB_USER_LOGIN": "ada",
}


def actor(staging: Busy, **more: str) -> subprocess.Popen[str]:
    """`make up` in a process of its own, begun."""
    given = {FOLDER: str(staging.place.folder), "PYTHONPATH": str(ROOT), **more}
    process = staging.spawn([sys.executable, "-m", "tests.state.actor"], **given)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["pid"] == process.pid
    return process


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """The next line that has these words."""
    assert process.stdout is not None
    return next(line for line in process.stdout if words in line)


def test_of_two_plain_updates_one_wins_and_make_up_tells_the_other_who(
    staging: Busy, capsys: pytest.CaptureFixture[str]
) -> None:
    staging.declare("a", "b")
    gate = staging.close("a")
    first = staging.up()
    gate.wait()
    assert staging.make_up() == 1
    said = capsys.readouterr().err
    gate.opened.set()
    assert ended(first)[0] == 0
    assert staging.make_up() == 0
    assert staging.stated() == staging.ids()
    lost = {"a", "b"} - staging.cloud().keys()
    fault("two-plain-updates").prove(said, typed=["make up STACK=staging"], lost=lost)


def test_the_engine_that_meets_a_lock_after_all_is_explained(staging: Busy, capsys: pytest.CaptureFixture[str]) -> None:
    staging.declare("a")
    gate = staging.close("a")
    started: list[subprocess.Popen[str]] = []

    def late(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
        started.append(staging.up())
        gate.wait()
        return staging.launch(arguments, variables)

    code = staging.make_up(launch=late)
    said = capsys.readouterr().err
    gate.opened.set()
    assert ended(started[0])[0] == 0
    assert code != 0
    assert f"(process {started[0].pid}) holds the lock for less than a minute now" in said
    assert "see `make locks`, wait until it ends, then `make up STACK=staging`" in said


def test_while_it_is_the_turn_of_another_a_person_is_refused_at_once(
    staging: Busy, capsys: pytest.CaptureFixture[str]
) -> None:
    staging.declare("a")
    gate = staging.close("a")
    first = actor(staging, **JOB)
    gate.wait()
    assert staging.make_up() == 1
    said = capsys.readouterr().err
    gate.opened.set()
    assert ended(first)[0] == 0
    assert JOB["CI_JOB_URL"] in said
    fault("turn-of-a-pipeline").prove(said, typed=["make up STACK=staging"], lost={"a"} - staging.cloud().keys())


def test_a_pipeline_waits_for_its_turn_and_then_goes_on(staging: Busy) -> None:
    staging.declare("a")
    gate = staging.close("a")
    first = actor(staging)
    gate.wait()
    staging.declare("a", "b")
    second = actor(staging, **JOB, **{WAIT: "5"})
    assert "waiting: it is the turn of " in line_with(second, "waiting")
    assert staging.locks(), "the first is at work"
    gate.opened.set()
    assert ended(first)[0] == 0
    code, output = ended(second)
    assert (code, "1 created" in output) == (0, True), output
    assert staging.stated() == staging.ids()


def test_a_pipeline_that_is_told_to_end_gives_back_lock_and_turn(staging: Busy) -> None:
    staging.declare("a", "b")
    gate = staging.close("a")
    job = actor(staging, **JOB)
    gate.wait()
    lease = read_lease(staging.place.objects, STACK)
    assert lease is not None
    assert (lease.held, lease.url, lease.pid) == (True, JOB["CI_JOB_URL"], job.pid)
    assert len(staging.locks()) == 1
    job.send_signal(signal.SIGTERM)
    line_with(job, "SIGTERM received; cancelling")
    gate.opened.set()
    code, output = ended(job)
    assert code == 1, output
    after = read_lease(staging.place.objects, STACK)
    assert after is not None
    assert (after.held, after.token) == (False, lease.token)
    assert staging.locks() == []
    lost = set(staging.stated()) ^ set(staging.ids())
    fault("cancelled-pipeline").prove(output, typed=["make up STACK=staging"], lost=lost)


def test_when_another_takes_the_turn_the_engine_ends_and_says_so(staging: Busy) -> None:
    staging.declare("a")
    gate = staging.close("a")
    job = actor(staging, **JOB)
    gate.wait()
    objects = staging.place.objects
    objects.write(objects.backend.own_key("leases", f"{STACK}.json"), b"{}")
    line_with(job, "SIGTERM received; cancelling")
    gate.opened.set()
    code, output = ended(job)
    assert (code, staging.locks()) == (1, [])
    assert "staging: another command took over the turn, so this one stopped: `make up STACK=staging`" in output
    assert staging.stated() == staging.ids()
