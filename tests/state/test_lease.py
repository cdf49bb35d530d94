"""The lease: who may have the turn on a stack, in as many interleavings as hypothesis finds."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.state.memory_objects import MemoryObjects
from tools.state.ci_jobs import Job, JobState
from tools.state.lease import LONGEST, SILENT, Lease, beat, claim, give_back, new_lease, read_lease, why_free
from tools.state.processes import Here

STACK = "staging"
NUMBERS = st.integers(min_value=0, max_value=2)


def place(number: int = 0) -> Here:
    return Here(f"runner-{number}", "ci", f"machine-{number}")


def job(number: int = 0) -> Job:
    return Job("gitlab", "https://gitlab.com", "7", number, f"https://gitlab.com/jobs/{number}", who="ada")


def lease(bucket: MemoryObjects, number: int = 0, *, by: Job | None = None) -> Lease:
    return new_lease(STACK, place(number), 4711, by, bucket.now())


def taken(bucket: MemoryObjects, number: int = 0, *, by: Job | None = None) -> Lease:
    """The turn, held by a machine."""
    mine = claim(bucket.objects(), lease(bucket, number, by=by), None)
    assert mine is not None
    return mine


def current(bucket: MemoryObjects) -> Lease:
    found = read_lease(bucket.objects(), STACK)
    assert found is not None
    return found


def free(bucket: MemoryObjects, state: JobState = "unknown", number: int = 1) -> str:
    """Why another machine may take the turn over."""
    return why_free(current(bucket), bucket.now(), place(number), lambda _: state)


def test_what_was_written_is_read() -> None:
    bucket = MemoryObjects()
    mine = taken(bucket, by=job())
    assert current(bucket) == replace(mine, heartbeat=bucket.now())
    assert (mine.holder, mine.url) == ("ada@runner-0", "https://gitlab.com/jobs/0")


def test_of_two_that_saw_it_free_one_takes_it() -> None:
    bucket = MemoryObjects()
    first, second = lease(bucket, 0), lease(bucket, 1)
    assert claim(bucket.objects(), first, None) is not None
    assert claim(bucket.objects(), second, None) is None
    assert current(bucket).token == first.token


def test_a_turn_that_was_given_back_is_free_and_remembers_nobody() -> None:
    bucket = MemoryObjects()
    assert give_back(bucket.objects(), taken(bucket))
    assert free(bucket) == "it was given back"
    after = claim(bucket.objects(), lease(bucket, 1), current(bucket))
    assert after is not None
    assert after.before is None


def test_only_ones_own_turn_is_given_back() -> None:
    bucket = MemoryObjects()
    mine = taken(bucket)
    bucket.later(hours=3)
    theirs = claim(bucket.objects(), lease(bucket, 1), current(bucket))
    assert theirs is not None
    assert not give_back(bucket.objects(), mine)
    assert current(bucket).held
    before = current(bucket).before
    assert before is not None
    assert (current(bucket).token, before.token, before.held) == (theirs.token, mine.token, False)


def test_a_beat_whose_answer_was_lost_keeps_the_turn() -> None:
    bucket = MemoryObjects()
    mine = taken(bucket)
    bucket.lose_answers = True
    alive = beat(bucket.objects(), mine)
    bucket.lose_answers = False
    assert alive is not None
    assert beat(bucket.objects(), alive) is not None


def test_a_beat_tells_whoever_was_taken_over() -> None:
    bucket = MemoryObjects()
    mine = taken(bucket)
    assert claim(bucket.objects(), lease(bucket, 1), current(bucket)) is not None
    assert beat(bucket.objects(), mine) is None


@pytest.mark.parametrize(
    ("silent", "state", "reason"),
    [
        (SILENT - timedelta(seconds=1), "ended", ""),
        (SILENT, "ended", "its job has ended"),
        (SILENT, "running", ""),
        (SILENT, "unknown", ""),
        (LONGEST, "running", ""),
        (LONGEST, "unknown", "it has been silent for more than two hours"),
    ],
)
def test_another_machine_takes_over_after_silence_and_the_end_of_the_job(
    silent: timedelta, state: JobState, reason: str
) -> None:
    bucket = MemoryObjects()
    taken(bucket, by=job())
    bucket.clock += silent
    assert free(bucket, state) == reason


def test_the_same_machine_knows_at_once_whether_the_process_lives() -> None:
    bucket = MemoryObjects()
    taken(bucket)
    assert free(bucket, number=0) == "process 4711 is gone"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"job": 1, "since": "then"}'])
def test_a_lease_that_nobody_can_read_is_in_nobodys_way(body: bytes) -> None:
    bucket = MemoryObjects()
    bucket.write("socle/leases/staging.json", body)
    assert read_lease(bucket.objects(), STACK) is None
    assert claim(bucket.objects(), lease(bucket), None) is not None


class Turns(RuleBasedStateMachine):
    """Three pipelines that look, claim, beat, die and come back in any order, on a forge that tells the truth."""

    @initialize()
    def start(self) -> None:
        self.bucket = MemoryObjects()
        self.jobs = 0
        self.actors: dict[int, dict[str, Any]] = {}
        for number in range(3):
            self.begin(number)

    def begin(self, number: int) -> None:
        self.jobs += 1
        self.actors[number] = {"job": self.jobs, "alive": True, "mine": None, "seen": None, "free": False}

    def ask(self, asked: Job) -> JobState:
        return "running" if any(each["job"] == asked.id and each["alive"] for each in self.actors.values()) else "ended"

    def here(self, number: int) -> Here:
        # Each job has a machine of its own, as in the cloud.
        return place(self.actors[number]["job"])

    @rule(number=NUMBERS)
    def look(self, number: int) -> None:
        actor = self.actors[number]
        seen = read_lease(self.bucket.objects(), STACK)
        free_now = seen is None or bool(why_free(seen, self.bucket.now(), self.here(number), self.ask))
        actor |= {"seen": seen, "free": free_now}

    @rule(number=NUMBERS)
    def take(self, number: int) -> None:
        actor = self.actors[number]
        if actor["free"] and actor["mine"] is None and actor["alive"]:
            wanted = new_lease(STACK, self.here(number), 1, job(actor["job"]), self.bucket.now())
            actor["mine"] = claim(self.bucket.objects(), wanted, actor["seen"])
        actor["free"] = False

    @rule(number=NUMBERS)
    def beat(self, number: int) -> None:
        actor = self.actors[number]
        if actor["mine"] and actor["alive"]:
            actor["mine"] = beat(self.bucket.objects(), actor["mine"])
            assert actor["mine"], "a turn was lost by a job that runs"

    @rule(number=NUMBERS)
    def give_back(self, number: int) -> None:
        actor = self.actors[number]
        if actor["mine"] and actor["alive"]:
            assert give_back(self.bucket.objects(), actor["mine"])
            actor["mine"] = None

    @rule(number=NUMBERS)
    def die(self, number: int) -> None:
        self.actors[number]["alive"] = False

    @rule(number=NUMBERS)
    def come_again(self, number: int) -> None:
        if not self.actors[number]["alive"]:
            self.begin(number)

    @rule(minutes=st.sampled_from([1, 9, 11, 130]))
    def wait(self, minutes: int) -> None:
        self.bucket.later(minutes=minutes)

    @invariant()
    def at_most_one_that_runs_has_the_turn(self) -> None:
        holders = [each for each in getattr(self, "actors", {}).values() if each["alive"] and each["mine"]]
        assert len(holders) <= 1

    def teardown(self) -> None:
        # Whatever happened, whoever comes next gets the turn once the others have ended.
        for number in range(3):
            self.die(number)
        self.bucket.later(minutes=11)
        self.begin(0)
        self.look(0)
        self.take(0)
        assert self.actors[0]["mine"]


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
