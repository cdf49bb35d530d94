"""Which lock may be broken, and which never."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.state.memory_objects import MemoryObjects
from tools.state import processes
from tools.state.ci_jobs import Job, JobState
from tools.state.lease import LONGEST, SILENT, Lease, new_lease
from tools.state.lock_files import Lock, break_lock, read_locks, read_moment
from tools.state.processes import Here, born, here, runs
from tools.state.verdict import Verdict, age_of, judge

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
JOB = Job("gitlab", "https://gitlab.com", "7", 4711, "https://gitlab.com/jobs/4711")
THERE = Here("runner-1", "ci", "another machine")


class Known(Here):
    """A machine on which one process runs."""

    def runs(self, pid: int, noted: datetime) -> bool:
        return pid == 1


HERE = Known("laptop", "ada", "this machine")


def lock(pid: int = 1, user: str = "ada", host: str = "laptop", age: timedelta = timedelta(minutes=3)) -> Lock:
    return Lock("staging", "key", "id", pid, user, host, NOW - age, NOW - age)


def lease(by: Here, job: Job | None = None, silent: timedelta = timedelta(0)) -> Lease:
    made = new_lease("staging", by, 1, job, NOW - timedelta(hours=4))
    return replace(made, heartbeat=NOW - silent)


def judged(held: Lock, by: Lease | None = None, state: JobState = "unknown") -> tuple[str, str, str]:
    found = judge(held, by, NOW, HERE, lambda _: state)
    return found.kind, found.runs, found.why


GONE = ("stale", "no", "process 2 is gone from this machine")
RUNS = ("live", "yes", "process 1 runs on this machine")
YOUNG = ("live", "unknown", "nobody here can tell whether it still runs")
OLD = ("old", "unknown", "older than the longest operation, two hours")


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        (lock(pid=1), RUNS),
        (lock(pid=1, age=LONGEST), RUNS),
        (lock(pid=2), GONE),
        (lock(pid=2, user="grace"), YOUNG),
        (lock(pid=2, host="desk"), YOUNG),
        (lock(pid=2, host="desk", age=LONGEST - timedelta(seconds=1)), YOUNG),
        (lock(pid=2, host="desk", age=LONGEST), OLD),
        (lock(pid=0, user="", host=""), YOUNG),
    ],
)
def test_a_lock_without_a_turn_is_judged_by_its_process_and_its_age(held: Lock, verdict: tuple[str, str, str]) -> None:
    assert judged(held) == verdict


@pytest.mark.parametrize(
    ("silent", "state", "verdict"),
    [
        (SILENT - timedelta(minutes=1), "ended", ("live", "yes", "it said 9 min ago that it is alive")),
        (SILENT, "ended", ("stale", "no", "its job has ended")),
        (SILENT, "running", ("live", "yes", "its job runs")),
        (LONGEST, "running", ("live", "yes", "its job runs")),
        (SILENT, "unknown", YOUNG),
        (LONGEST, "unknown", OLD),
    ],
)
def test_the_lock_of_a_pipeline_is_judged_by_its_heartbeat_and_its_job(
    silent: timedelta, state: JobState, verdict: tuple[str, str, str]
) -> None:
    held = lock(user="ci", host="runner-1", age=timedelta(hours=3))
    assert judged(held, lease(THERE, JOB, silent), state) == verdict


def test_another_machine_of_the_same_name_and_user_is_not_taken_for_this_one() -> None:
    twin = Here(HERE.host, HERE.user, "another machine")
    assert judged(lock(pid=2), lease(twin, silent=timedelta(minutes=11))) == YOUNG
    assert judged(lock(pid=2), lease(HERE)) == GONE


def test_a_lock_from_before_the_turn_or_after_it_is_not_its_own() -> None:
    earlier = lock(host="runner-1", age=timedelta(hours=5))
    assert judged(earlier, lease(THERE, JOB, SILENT), "ended") == OLD
    over = replace(lease(THERE, JOB, timedelta(hours=1)), held=False)
    assert judged(lock(host="runner-1"), over, "ended") == YOUNG


def test_the_lock_of_whoever_was_taken_over_is_still_known() -> None:
    dead = replace(lease(THERE, JOB, timedelta(minutes=20)), held=False)
    held = lock(host="runner-1", age=timedelta(minutes=40))
    found = judge(held, replace(lease(HERE), before=dead), NOW, HERE, lambda job: "ended")
    assert found == Verdict("stale", "no", "its job has ended", JOB.url)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3600, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (172_860, "2 d"),
    ],
)
def test_an_age_is_told_in_words(seconds: int, words: str) -> None:
    assert age_of(NOW - timedelta(seconds=seconds), NOW) == words


# Locks as the engine writes them


def written(body: bytes, name: str = "staging/8dea7c96.json") -> MemoryObjects:
    bucket = MemoryObjects()
    bucket.write(bucket.backend.locks_prefix() + name, body)
    return bucket


def test_a_lock_of_the_engine_is_read_with_its_nanoseconds() -> None:
    body = b'{"pid":18525,"username":"ada","hostname":"laptop","timestamp":"2026-11-21T12:37:10.949173538Z"}'
    bucket = written(body)
    (found,) = read_locks(bucket.objects())
    assert (found.stack, found.id, found.holder) == ("staging", "8dea7c96", "ada@laptop (process 18525)")
    assert found.noted == datetime(2026, 11, 21, 12, 37, 10, 949173, tzinfo=UTC)
    assert found.since == bucket.now()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"pid": "x", "hostname": 3}'])
def test_a_lock_that_nobody_can_read_is_shown_all_the_same(body: bytes) -> None:
    (found,) = read_locks(written(body).objects(), "staging")
    assert (found.pid, found.hostname, found.holder) == (0, "", "somebody that it does not name")


def test_what_is_no_lock_is_left_alone() -> None:
    assert read_locks(written(b"{}", "readme.txt").objects()) == []
    assert read_locks(written(b"{}", "prod/1.json").objects(), "staging") == []


def test_a_lock_that_was_written_anew_is_not_broken() -> None:
    bucket = written(b"{}")
    (found,) = read_locks(bucket.objects())
    bucket.write(found.key, b'{"pid": 2}')
    assert not break_lock(bucket.objects(), found)
    (found,) = read_locks(bucket.objects())
    assert break_lock(bucket.objects(), found)
    assert read_locks(bucket.objects()) == []


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-21T12:00:00"])
def test_a_time_without_its_zone_is_none(text: str) -> None:
    assert read_moment(text) is None


# Processes


def test_this_process_runs_and_has_one_birth() -> None:
    assert runs(os.getpid(), datetime.now(UTC))
    assert born(os.getpid()) == born(os.getpid()) != ""
    assert here().lives(os.getpid(), born(os.getpid()))
    assert not here().lives(os.getpid(), "another birth")


@pytest.mark.parametrize("pid", [0, -1, 2**30])
def test_what_is_no_process_does_not_run(pid: int) -> None:
    assert not runs(pid, datetime.now(UTC))
    assert born(pid) == ""


def test_a_later_process_with_the_id_of_a_dead_one_is_not_taken_for_it() -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as later:
        assert runs(later.pid, datetime.now(UTC))
        assert not runs(later.pid, an_hour_ago)
        later.communicate(b"\n")


def test_a_process_that_ended_and_was_not_waited_for_does_not_run() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read() == b""
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not runs(child.pid, datetime.now(UTC))


def has_birth(pid: int, noted: datetime) -> bool:
    return bool(born(pid))


@pytest.mark.parametrize("ask", [runs, has_birth])
def test_without_proc_the_system_is_asked_with_ps(
    ask: Callable[[int, datetime], bool], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    (folder / "ps").write_text("#!/bin/sh\necho 'S    Sat Nov 21 12:30:38 2026 /usr/bin/make'\n", encoding="utf-8")
    (folder / "ps").chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(processes, "_PROC", folder)
    monkeypatch.setenv("TZ", "UTC")
    assert ask(4711, datetime(2027, 1, 1, tzinfo=UTC))
    (folder / "ps").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    assert not ask(4711, datetime(2027, 1, 1, tzinfo=UTC))
