"""The turn of a command: where there is one, how long it waits, and what it leaves when it ends."""

import signal
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import EndpointConnectionError

from tests.state.memory_objects import MemoryObjects
from tests.state.test_unlock import JOB, RUNNER, Machine, Stage, begun
from tools import destroy
from tools.in_turn import WAIT, in_turn
from tools.sentences import refuse
from tools.state.lease import Lease, claim, new_lease, read_lease
from tools.state.pulse import Pulse
from tools.turn import Means, Turn

S3 = {"PULUMI_BACKEND_URL": "s3://socle-state?region=eu-west-3"}
HERE = Machine("laptop", "ada", "this machine")


def turn(stage: Stage, environ: Mapping[str, str] = S3, folder: Path = Path("/none")) -> AbstractContextManager[Turn]:
    means = Means(
        objects=lambda _: stage.bucket.objects(), ask=lambda _: stage.job, here=lambda: HERE, pause=0.001,
        every=timedelta(hours=1),
    )  # fmt: skip
    return in_turn("staging", "make up STACK=staging", folder, environ=environ, means=means)


def refused(stage: Stage, environ: Mapping[str, str] = S3) -> int:
    with pytest.raises(typer.Exit) as ended, turn(stage, environ):
        raise AssertionError("it is not our turn")
    return ended.value.exit_code


def held(stage: Stage) -> Lease | None:
    lease = read_lease(stage.bucket.objects(), "staging")
    return lease if lease and lease.held else None


@pytest.mark.parametrize(
    ("environ", "project"),
    [({"PULUMI_BACKEND_URL": "file:///tmp/states"}, ""), ({}, "name: socle"), ({}, "backend: {url: file:///tmp}")],
)
def test_without_a_bucket_there_are_no_turns(environ: Mapping[str, str], project: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(project, encoding="utf-8")
    stage = Stage()
    with turn(stage, environ, tmp_path) as ours:
        assert ours.blocked() is None
    assert stage.bucket.stored == {}


def test_the_address_of_the_project_file_counts_too(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("backend: {url: 's3://socle-state?region=eu-west-3'}", encoding="utf-8")
    stage = Stage()
    with turn(stage, {}, tmp_path):
        assert held(stage)


@pytest.mark.parametrize("end", [None, ZeroDivisionError, KeyboardInterrupt, typer.Exit])
def test_the_turn_is_given_back_however_it_ends(end: type[BaseException] | None) -> None:
    stage = Stage()

    def work() -> None:
        with turn(stage):
            assert held(stage)
            if end:
                raise end

    if end is None:
        work()
    else:
        with pytest.raises(typer.Exit if end is KeyboardInterrupt else end):
            work()
    assert held(stage) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_turn_and_gives_it_back(number: signal.Signals) -> None:
    stage = Stage()
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as ended, turn(stage):
        signal.raise_signal(number)
    assert ended.value.code == 128 + number
    assert held(stage) is None
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("told", ["soon", "-1", "nan", "inf"])
def test_a_wait_that_is_no_number_of_minutes_is_refused(told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(Stage(), {**S3, WAIT: told}) == 2
    assert capsys.readouterr().err == f'SOCLE_WAIT: expected a number of minutes, such as "60", got "{told}"\n'


def test_a_mistyped_address_is_refused_before_anything_happens(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(Stage(), {"PULUMI_BACKEND_URL": "s3://socle-state?regoin=eu-west-3"}) == 2
    assert 'got "regoin"' in capsys.readouterr().err


def test_a_wait_that_is_over_says_for_whom(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    stage.turn()
    assert refused(stage, {**S3, WAIT: "0.0005"}) == 1
    said = capsys.readouterr().err.splitlines()
    who = "it is the turn of ada@runner-1 (https://gitlab.com/jobs/4711), for less than a minute now"
    assert said == [
        f"waiting: {who}",
        f"staging: {who}, waited 0.0005 minutes: see `make locks`, wait until it ends, then `make up STACK=staging`",
    ]
    lease = held(stage)
    assert lease is not None
    assert lease.machine == RUNNER.machine


def test_a_person_is_told_to_break_a_stale_lock_and_a_pipeline_breaks_it(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    stage.lock(2)
    assert refused(stage) == 1
    assert "`make unlock STACK=staging` breaks it, then `make up STACK=staging`" in capsys.readouterr().err
    assert (stage.left, held(stage)) == ([2], None)
    with turn(stage, {**S3, "CI": "true"}):
        assert stage.left == []
    assert "broke the lock of ada@laptop (process 2): process 2 is gone from this machine" in capsys.readouterr().err


def test_a_pipeline_never_breaks_a_lock_that_is_only_old(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    stage.lock(2, "grace", "desk")
    stage.bucket.later(hours=3)
    assert refused(stage, {**S3, "CI": "true"}) == 1
    assert stage.left == [2]
    assert "grace@desk (process 2) left a lock behind 3 h ago" in capsys.readouterr().err


def test_a_pipeline_waits_for_the_lock_of_a_person_to_go(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    stage.lock(2, "grace", "desk")
    gone = threading.Timer(
        0.1, stage.bucket.stored.pop, [f"{stage.bucket.backend.locks_prefix('staging')}grace-2.json"]
    )
    gone.start()
    with turn(stage, {**S3, "CI": "true"}):
        assert stage.left == []
    gone.join()
    assert "waiting: grace@desk (process 2) holds the lock for less than a minute now" in capsys.readouterr().err


def test_an_update_that_would_create_a_thing_once_more_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    stage.leave_open(begun("creating", "site"))
    assert refused(stage) == 1
    assert "a killed update had begun to create site, and Pulumi would create them once more" in capsys.readouterr().err
    stage.leave_open(begun("updating", "site"))
    with turn(stage):
        assert held(stage)


def test_only_the_locks_of_this_turn_are_removed_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    with turn(stage):
        stage.lock(1)  # lives
        stage.lock(2)  # gone
        stage.lock(3, "grace", "desk")  # of another machine
    assert stage.left == [1, 3]
    assert capsys.readouterr().err.count("the engine was killed, its lock is removed") == 1


def test_a_destroy_is_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, seen = Stage(), list[str]()

    def ours(stack: str, again: str) -> AbstractContextManager[Turn]:
        seen.append(again)
        return turn(stage)

    def run(stack: str, *given: Any, **more: Any) -> None:
        assert held(stage)
        seen.append(stack)

    monkeypatch.setattr(destroy, "in_turn", ours)
    monkeypatch.setattr(destroy, "run", run)
    destroy.main("staging", yes=True)
    assert seen == ["make destroy STACK=staging", "staging"]
    assert held(stage) is None


# The heartbeat


class Flaky(MemoryObjects):
    """A bucket that is out of reach for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.beats = threading.Semaphore(0)

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        self.beats.release()
        if self.failures:
            self.failures -= 1
            raise EndpointConnectionError(endpoint_url="https://s3")
        return super().replace(key, body, etag)


def beaten(bucket: Flaky, times: int) -> None:
    for _ in range(times):
        assert bucket.beats.acquire(timeout=30)


def begin(bucket: MemoryObjects, **more: Any) -> Pulse:
    mine = claim(bucket.objects(), new_lease("staging", HERE, 1, JOB, bucket.now()), None)
    assert mine is not None
    return Pulse(bucket.objects(), mine, every=timedelta(milliseconds=1), **more)


def test_a_beat_that_fails_is_survived() -> None:
    bucket = Flaky()
    bucket.failures = 3
    pulse = begin(bucket)
    beaten(bucket, 6)
    pulse.stop()
    lease = read_lease(bucket.objects(), "staging")
    assert lease is not None
    assert (lease.held, pulse.lost) == (True, False)
    assert lease.beat >= 2


def test_a_turn_that_was_lost_is_told_once() -> None:
    bucket, told = Flaky(), threading.Event()
    pulse = begin(bucket, lost=told.set)
    beaten(bucket, 1)
    bucket.write("socle/leases/staging.json", b"{}")
    assert told.wait(30)
    pulse.stop()
    assert pulse.lost


def test_whoever_loses_the_turn_ends_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    stage, told = Stage(), threading.Event()
    means = Means(
        objects=lambda _: stage.bucket.objects(), here=lambda: HERE, every=timedelta(milliseconds=1), lost=told.set
    )
    with pytest.raises(typer.Exit) as ended, in_turn("staging", "make up STACK=staging", environ=S3, means=means):
        stage.bucket.write("socle/leases/staging.json", b"{}")
        assert told.wait(30)
        raise refuse("staging: stopped", 7)
    assert ended.value.exit_code == 1
    assert "another command took over the turn, so this one stopped: `make up STACK=staging`" in capsys.readouterr().err
