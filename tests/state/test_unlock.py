"""`make locks` and `make unlock`: what they show, break, refuse and settle."""

import io
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer

from tests.pulumi_stand_in import StandIn, resource
from tests.state.memory_objects import MemoryObjects
from tools import locks, unlock
from tools.state.ci_jobs import Job, JobState
from tools.state.lease import claim, new_lease, read_lease
from tools.state.lock_files import read_locks
from tools.state.pending import pending_in, settled
from tools.state.processes import Here

JOB = Job("gitlab", "https://gitlab.com", "7", 4711, "https://gitlab.com/jobs/4711", "ada")
RUNNER = Here("runner-1", "ci", "another machine")
BUCKET = "aws:s3/bucket:Bucket"


class Machine(Here):
    """A machine on which one process runs."""

    def runs(self, pid: int, noted: datetime) -> bool:
        return pid == 1

    def lives(self, pid: int, born: str) -> bool:
        return pid == 1


def begun(kind: str, name: str, **inputs: Any) -> dict[str, Any]:
    """An operation that a killed update left in the state."""
    return {"type": kind, "resource": resource(BUCKET, name, inputs=inputs)}


@dataclass
class Stage:
    """A bucket, an engine and a forge for the commands."""

    bucket: MemoryObjects = field(default_factory=MemoryObjects)
    engine: StandIn = field(default_factory=StandIn)
    job: JobState = "unknown"
    attended: bool = False

    def lock(self, pid: int, user: str = "ada", host: str = "laptop", stack: str = "staging") -> None:
        said = {"pid": pid, "username": user, "hostname": host, "timestamp": self.bucket.now().isoformat()}
        self.bucket.write(f"{self.bucket.backend.locks_prefix(stack)}{user}-{pid}.json", json.dumps(said).encode())

    def turn(self, by: Here = RUNNER, job: Job | None = JOB) -> None:
        assert claim(self.bucket.objects(), new_lease("staging", by, 2, job, self.bucket.now()), None)

    def leave_open(self, *operations: dict[str, Any]) -> None:
        self.engine.pending = list(operations)
        latest = {"resources": self.engine.resources, "pending_operations": self.engine.pending}
        body = json.dumps({"checkpoint": {"latest": latest}}).encode()
        self.bucket.write(self.bucket.backend.state_key("staging"), body)

    @property
    def left(self) -> list[int]:
        """Processes whose locks are there."""
        return [each.pid for each in read_locks(self.bucket.objects())]

    def means(self) -> locks.Means:
        here = Machine("laptop", "ada", "this machine")
        return locks.Means(self.bucket.objects, lambda _: self.job, lambda: here)

    def unlock(self, *answers: str, yes: bool = True) -> int:
        def reach(stack: str) -> AbstractContextManager[Mapping[str, str]]:
            return nullcontext({"TOLD": stack})

        means = unlock.Means(self.means(), self.engine, reach, lambda: self.attended)
        try:
            unlock.run("staging", yes=yes, answers=answers, means=means)
        except typer.Exit as end:
            return end.exit_code
        return 0


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("COLUMNS", "240")
    return Stage()


def types(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


# make locks


def test_nobody_at_work_is_said_in_a_sentence(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    locks.run(means=stage.means())
    assert capsys.readouterr().out == "Nobody is at work: there is no lock.\n"


def test_every_stack_has_its_locks_and_turns_with_a_verdict(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.turn()
    stage.lock(7, "ci", "runner-1")
    stage.lock(2, stack="prod")
    stage.bucket.later(minutes=65)
    locks.run(as_json=True, means=stage.means())
    found = {(each["stack"], each["what"]): each for each in json.loads(capsys.readouterr().out)}
    assert found["prod", "lock"] == {
        "stack": "prod",
        "what": "lock",
        "who": "ada@laptop (process 2)",
        "since": "2026-11-21T12:00:00+00:00",
        "age": "1 h 5 min",
        "runs": "no",
        "verdict": "stale: process 2 is gone from this machine",
    }
    assert found["staging", "lock"]["who"] == "ci@runner-1 (process 7), https://gitlab.com/jobs/4711"
    assert found["staging", "turn"]["who"] == "ada@runner-1 (https://gitlab.com/jobs/4711)"
    assert found["staging", "turn"]["verdict"] == "live: last heard of 1 h 5 min ago"
    stage.job = "ended"
    locks.run("staging", means=stage.means())
    said = capsys.readouterr().out
    assert said.count("stale: its job has ended") == 2
    assert "`make unlock STACK=staging` breaks what nobody holds any more." in said
    assert "prod" not in said


# make unlock


def test_a_stale_lock_of_this_host_is_broken(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.lock(2)
    stage.bucket.later(minutes=3)
    assert (stage.unlock(), stage.left) == (0, [])
    assert capsys.readouterr().out.splitlines() == [
        "staging: ada@laptop (process 2) left a lock behind 3 min ago: process 2 is gone from this machine",
        "staging: the lock ada-2 is broken",
        "staging: nobody holds it and nothing is open: `make up STACK=staging` goes on",
    ]


def test_a_live_lock_is_never_broken_and_a_stale_one_beside_it_neither(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.lock(1)
    stage.lock(2)
    stage.bucket.later(hours=5)
    assert (stage.unlock(), stage.left) == (1, [1, 2])
    assert capsys.readouterr().err == (
        "staging: ada@laptop (process 1) has held the lock for 5 h and may be at work (process 1 runs on this machine),"
        " nothing was changed: ask ada, or wait until it ends\n"
    )


def test_a_lock_of_another_machine_is_refused_while_it_may_be_at_work(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.lock(2, "grace", "desk")
    stage.bucket.later(minutes=119)
    assert (stage.unlock(), stage.left) == (1, [2])
    said = capsys.readouterr().err
    assert "grace@desk (process 2) has held the lock for 1 h 59 min" in said
    assert said.endswith("ask grace, or wait until it ends; after two hours it counts as old\n")


@pytest.mark.parametrize("typed", ["staging", "prod", "y"])
@pytest.mark.parametrize("yes", [False, True])
def test_an_old_lock_is_broken_by_whoever_types_the_name_of_the_stack(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, yes: bool, typed: str
) -> None:
    stage.lock(2, "grace", "desk")
    stage.bucket.later(hours=2)
    types(monkeypatch, f"{typed}\n")
    assert (stage.unlock(yes=yes), stage.left) == ((0, []) if typed == "staging" else (2, [2]))


def test_where_nobody_can_answer_an_old_lock_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.lock(2, "grace", "desk")
    stage.bucket.later(hours=2)
    types(monkeypatch, "")
    assert (stage.unlock(), stage.left) == (2, [2])
    assert "staging: nobody is there to answer, nothing was changed: YES=1 breaks" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, []), ("n\n", 2, [2])])
def test_a_stale_lock_is_asked_about_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, left: list[int]
) -> None:
    stage.lock(2)
    types(monkeypatch, typed)
    assert (stage.unlock(yes=False), stage.left) == (code, left)


def test_the_turn_of_a_pipeline_that_has_ended_is_over_too(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.turn()
    stage.lock(7, "ci", "runner-1")
    stage.bucket.later(minutes=11)
    assert (stage.unlock(), stage.left) == (1, [7])
    stage.job = "ended"
    assert (stage.unlock(), stage.left) == (0, [])
    said = capsys.readouterr().out
    assert "the turn of ada@runner-1 (https://gitlab.com/jobs/4711) is over: its job has ended" in said
    lease = read_lease(stage.bucket.objects(), "staging")
    assert lease is not None
    assert not lease.held


def test_a_turn_without_a_lock_is_not_taken_from_whoever_is_alive(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.turn()
    stage.bucket.later(minutes=4)
    assert stage.unlock() == 1
    assert "it is the turn of ada@runner-1 (https://gitlab.com/jobs/4711), last heard of 4 min ago" in (
        capsys.readouterr().err
    )


# What a killed update had begun


def test_open_creates_are_named_with_what_to_type(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.leave_open(begun("creating", "site", bucket="site-1f2e"), begun("updating", "logs"))
    assert (stage.unlock(), stage.engine.loaded) == (1, [])
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "staging: an update was killed in the middle of these:",
        '  creating aws:s3/bucket:Bucket site: look in the cloud whether it exists, probably named "site-1f2e", '
        "and note its id",
        "  updating aws:s3/bucket:Bucket logs: a refresh finds out how it ended",
    ]
    assert said.err == (
        "staging: its lock is free, but these are open: look for their ids in the cloud (`make leftovers STACK=staging`"
        ' lists what is there), then `make unlock STACK=staging SETTLE="site=ID"`, with nothing after = for what does'
        " not exist\n"
    )


def test_answers_are_noted_in_the_state_after_a_copy_was_kept(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.engine.resources = [resource(BUCKET, "old", id="old-1")]
    stage.leave_open(begun("creating", "site"), begun("creating", "never"))
    assert stage.unlock("site=site-1f2e", "never=") == 0
    (loaded,) = stage.engine.loaded
    assert [each.get("id") for each in loaded["deployment"]["resources"]] == ["old-1", "site-1f2e"]
    assert loaded["deployment"]["pending_operations"] == []
    (copy,) = stage.bucket.keys("socle/backups/staging/")
    kept = json.loads(stage.bucket.stored[copy].body)
    assert len(kept["deployment"]["pending_operations"]) == 2
    refresh = stage.engine.asked[-1]
    assert refresh.startswith("refresh --yes --skip-preview --target=")
    assert refresh.endswith("::site")
    assert stage.engine.variables[-1] == {"TOLD": "staging"}
    said = capsys.readouterr().out
    assert "staging: site is in the state with the id site-1f2e\nstaging: never is forgotten\n" in said


def test_a_person_is_asked_for_each_id(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.attended = True
    stage.leave_open(begun("creating", "site"), begun("creating", "never"), begun("deleting", "logs"))
    types(monkeypatch, "site-1f2e\n-\n")
    assert stage.unlock(yes=False) == 0
    assert [each["id"] for each in stage.engine.loaded[0]["deployment"]["resources"]] == ["site-1f2e"]


def test_what_nobody_answers_stays_open(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.leave_open(begun("creating", "site"), begun("creating", "other"))
    assert stage.unlock("site=site-1f2e") == 1
    (still,) = stage.engine.loaded[0]["deployment"]["pending_operations"]
    assert still["resource"]["urn"].endswith("::other")
    assert 'SETTLE="other=ID"' in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["site", "sit=1", "logs=1", "=1"])
def test_an_answer_to_nothing_is_refused_before_anything_changes(
    stage: Stage, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    stage.leave_open(begun("creating", "site"), begun("updating", "logs"))
    assert (stage.unlock(answer), stage.engine.asked) == (2, [])
    assert f'(site; or its whole URN, where two have one name), or NAME= when it does not exist, got "{answer}"' in (
        capsys.readouterr().err
    )


def test_a_refresh_that_fails_leaves_the_ids_in_the_state(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.leave_open(begun("creating", "site"))
    stage.engine.codes = {"refresh": 255}
    assert stage.unlock("site=site-1f2e") == 1
    assert len(stage.engine.loaded) == 1
    assert "correct the cause above, then `pulumi refresh --stack staging`" in capsys.readouterr().err


def test_a_state_that_does_not_decode_sends_to_the_doctor(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.bucket.write(stage.bucket.backend.state_key("staging"), b"{")
    assert stage.unlock() == 1
    assert "does not decode (1 bytes): `make doctor STACK=staging` says more" in capsys.readouterr().err


def test_a_replacement_that_was_made_comes_before_what_it_replaces() -> None:
    old, other = resource(BUCKET, "site", id="old"), resource(BUCKET, "other", id="other")
    operation = begun("creating", "site")
    after = settled({"resources": [old, other], "pending_operations": [operation]}, {old["urn"]: "new"})
    assert [(each["id"], each.get("delete", False)) for each in after["resources"]] == [
        ("new", False),
        ("other", False),
        ("old", True),
    ]
    again = settled({**after, "pending_operations": [operation]}, {old["urn"]: "new"})
    assert again["resources"] == after["resources"]


def test_what_was_begun_is_read_with_the_name_that_it_was_given() -> None:
    operations = [begun("creating", "site", bucket="site-1f2e"), begun("creating", "role", bucket={"secret": 1})]
    found = pending_in({"pending_operations": operations})
    assert [(each.name, each.given, each.open) for each in found] == [("site", "site-1f2e", True), ("role", "", True)]


def test_the_clock_of_this_machine_does_not_matter(stage: Stage) -> None:
    """An hour off, in either direction: the lock is as old as S3 says."""
    said = {"pid": 2, "username": "grace", "hostname": "desk"}
    for hours in (-24, 24):
        told = datetime(2026, 11, 21, 12, tzinfo=UTC) + timedelta(hours=hours)
        key = f"{stage.bucket.backend.locks_prefix('staging')}{hours}.json"
        stage.bucket.write(key, json.dumps({**said, "timestamp": told.isoformat()}).encode())
    stage.bucket.later(minutes=30)
    assert (stage.unlock(), stage.left) == (1, [2, 2])
