"""An update killed with SIGKILL: what stays behind is seen, judged, broken and settled, and nothing is lost."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.state.busy_cloud import PATIENCE, STACK, Busy, ended, kill
from tests.state.faults import fault
from tests.state.test_two_updates import JOB, actor, line_with
from tools import locks
from tools.in_turn import in_turn
from tools.locks import Means as LockMeans
from tools.state.ci_jobs import Job, JobState
from tools.state.lease import read_lease
from tools.state.objects import Objects
from tools.state.processes import Here, here
from tools.turn import Means


def seen(staging: Busy) -> list[str]:
    """Verdicts on the locks, as `make locks` has them."""
    means = LockMeans()
    found = locks.find(staging.place.objects, means, STACK)
    return [verdict.kind for _, verdict in found.locks]


def killed_at(staging: Busy, *names: str, gate: str, made: bool) -> None:
    """Begin an update to these resources and kill it where one of them stands at the gate."""
    staging.declare(*names)
    closed = staging.close(gate, made=made)
    update = staging.up()
    closed.wait()
    # All others have come to their end, also in the state.
    deadline = time.monotonic() + PATIENCE
    while not {staging.cloud().get(name) for name in {*names} - {gate}} <= {*staging.stated()}:
        assert time.monotonic() < deadline, "the others do not come up"
        time.sleep(0.05)
    assert seen(staging) == ["live"]
    kill(update)
    closed.drop()
    assert seen(staging) == ["stale"]


@pytest.mark.parametrize(
    ("row", "made"), [("killed-before-the-cloud-made-it", False), ("killed-after-the-cloud-made-it", True)]
)
def test_after_a_killed_create_the_state_learns_what_the_cloud_has(
    staging: Busy, capsys: pytest.CaptureFixture[str], row: str, made: bool
) -> None:
    killed_at(staging, "a", "b", gate="b", made=made)
    staging.close()
    assert staging.make_up() == 1
    refused = capsys.readouterr().err
    assert "`make unlock STACK=staging` breaks it, then `make up STACK=staging`" in refused
    assert staging.make_unlock() == 1
    told = capsys.readouterr()
    assert staging.locks() == []
    assert "creating random:index/randomPet:RandomPet b: look in the cloud whether it exists" in told.out
    assert staging.make_up() == 1, "it would create b once more"
    assert "a killed update had begun to create " in capsys.readouterr().err
    assert ("b" in staging.cloud()) == made
    answers = " ".join(f"{name}={staging.cloud().get(name, '')}" for name in open_in(told.err))
    assert staging.make_unlock(answers) == 0
    settled = capsys.readouterr().out
    assert "the state as it was is in s3://" in settled
    assert staging.make_up() == 0
    assert staging.stated() == staging.ids()
    assert len(staging.ids()) == 2
    typed = ["make unlock STACK=staging", f'make unlock STACK=staging SETTLE="{answers}"', "make up STACK=staging"]
    rows = {
        "killed-before-the-cloud-made-it": fault("killed-before-the-cloud-made-it"),
        "killed-after-the-cloud-made-it": fault("killed-after-the-cloud-made-it"),
    }
    rows[row].prove(refused, typed=typed, lost=set(staging.stated()) ^ set(staging.ids()))


def open_in(said: str) -> list[str]:
    """Names of the creates that `make unlock` asks about."""
    example = said.partition('SETTLE="')[2].partition('"')[0]
    assert example, said
    return [each.removesuffix("=ID") for each in example.split()]


@pytest.mark.parametrize("made", [False, True])
def test_after_a_killed_delete_the_next_update_goes_on(staging: Busy, made: bool) -> None:
    staging.declare("a", "b")
    assert staging.make_up() == 0
    killed_at(staging, "a", gate="b", made=made)
    staging.close()
    assert staging.make_unlock() == 1, "a refresh is to be typed"
    assert staging.locks() == []
    assert ended(staging.start("refresh", "--yes", "--skip-preview"))[0] == 0
    assert staging.make_unlock() == 0
    assert staging.make_up() == 0
    assert staging.stated() == staging.ids()
    assert list(staging.cloud()) == ["a"]


def test_an_engine_that_is_killed_alone_leaves_no_lock_behind(
    staging: Busy, capsys: pytest.CaptureFixture[str]
) -> None:
    staging.declare("a")
    gate = staging.close("a")

    def killed(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
        update = staging.up()
        gate.wait()
        kill(update)
        return 137

    assert staging.make_up(launch=killed) == 137
    assert staging.locks() == []
    assert "the engine was killed, its lock is removed: see `make unlock STACK=staging`" in capsys.readouterr().err
    lease = read_lease(staging.place.objects, STACK)
    assert lease is not None
    assert not lease.held


class Later(Objects):
    """The bucket, half an hour later."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=30)


def test_the_next_pipeline_takes_over_from_a_killed_one_whose_job_has_ended(
    staging: Busy, capsys: pytest.CaptureFixture[str]
) -> None:
    staging.declare()
    killed = actor(staging, **JOB)
    line_with(killed, "Updating")
    kill(killed)
    # On another machine, where nobody can look for its process.
    elsewhere = replace(here(), host="runner-2", machine="another")

    def ask(job: Job) -> JobState:
        assert (job.forge, job.project, job.id) == ("gitlab", "7", 4711)
        return "ended"

    def turn(*given: Any) -> Any:
        means = Means(objects=Later, ask=ask, here=lambda: elsewhere, pause=0.01)
        return in_turn(*given, environ={**staging.environ, "CI": "true", "SOCLE_WAIT": "0"}, means=means)

    assert staging.make_up(turn=turn) == 0
    said = capsys.readouterr().err
    assert f"took the turn over from ada@{here().host} ({JOB['CI_JOB_URL']}): its job has ended" in said
    assert staging.locks() == []
    lost = set(staging.stated()) ^ set(staging.ids())
    fault("killed-pipeline").prove(said, typed=["make up STACK=staging"], lost=lost)


def test_a_lock_of_another_machine_is_not_broken_and_its_user_is_named(
    staging: Busy, capsys: pytest.CaptureFixture[str]
) -> None:
    staging.declare("a")
    gate = staging.close("a")
    update = staging.up()
    gate.wait()
    kill(update)
    other = LockMeans(here=lambda: Here("laptop-of-grace", "grace", "another"))
    assert staging.make_unlock(means=other) == 1
    said = capsys.readouterr().err
    assert len(staging.locks()) == 1
    assert "may be at work (nobody here can tell whether it still runs), nothing was changed" in said
    assert f": ask {here().user}, or wait until it ends" in said
