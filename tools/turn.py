"""A command's turn on a stack: how it waits or refuses while another is at work, and what it leaves behind."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NoReturn

from tools.sentences import FAILED, errors, refuse
from tools.state.ci_jobs import Job, JobState, state_of
from tools.state.lease import BEAT, Lease, claim, give_back, new_lease, read_lease, why_free
from tools.state.lock_files import Lock, break_lock, read_locks
from tools.state.objects import Objects
from tools.state.pending import open_creates
from tools.state.processes import Here, here
from tools.state.pulse import stop_this
from tools.state.verdict import Verdict, age_of, covers, judge

_AGAIN_SAID: Final = 300.0
"""Seconds after which a wait is told again, so that nobody takes the job for dead."""


@dataclass(frozen=True)
class Means:
    """What a turn works with, so that tests can give it others."""

    objects: Callable[[Any], Objects] = Objects
    ask: Callable[[Job], JobState] = state_of
    here: Callable[[], Here] = here
    every: timedelta = BEAT
    pause: float = 15.0
    """Seconds between two looks at whether it is our turn."""
    lost: Callable[[], None] = stop_this


class Turn:
    """A turn that was taken, or that nobody needs to take."""

    def __init__(self, stack: str, again: str, objects: Objects | None, means: Means, minutes: float) -> None:
        self.stack, self._again, self._means = stack, again, means
        self._objects, self._minutes = objects, minutes
        self._here = means.here()
        self._lease: Lease | None = None
        self._earlier: set[str] = set()
        """Locks that were there before anything of this turn ran."""

    def blocked(self) -> str | None:
        """Who holds a lock on the stack that is not ours, in one sentence; for an engine that found it locked."""
        if self._objects is None:
            return None
        foreign = [
            each for each in self._foreign(self._objects) if each[1].kind == "live" or not self._is_ours(each[0])
        ]
        return next((self._sentence(*each) for each in foreign), None)

    def take(self, objects: Objects, job: Job | None) -> Lease:
        """Wait until nobody else has the turn, and take it. Raises `typer.Exit` after a sentence when that is long."""
        waiting = _Waiting(self._minutes, self._means.pause, self._refuse)
        while True:
            now = objects.now()
            seen = read_lease(objects, self.stack)
            free = why_free(seen, now, self._here, self._means.ask) if seen else "nobody had it"
            if free:
                mine = claim(objects, new_lease(self.stack, self._here, os.getpid(), job, now), seen)
                if mine:
                    if seen and seen.held:
                        _say(f"{self.stack}: took the turn over from {seen.named}: {free}")
                    self._lease = mine
                    return mine
            elif seen:
                waiting.for_(f"it is the turn of {seen.named}, for {age_of(seen.since, now)} now")

    def clear(self, objects: Objects, *, breaks: bool) -> None:
        """See to it that no lock is in the way: wait for live ones, break stale ones if told so.

        Raises `typer.Exit` after a sentence.
        """
        waiting = _Waiting(self._minutes, self._means.pause, self._refuse)
        while foreign := self._foreign(objects):
            self._earlier |= {lock.key for lock, _ in foreign}
            if breaks and all(verdict.kind == "stale" for _, verdict in foreign):
                for lock, verdict in foreign:
                    break_lock(objects, lock)
                    _say(f"{self.stack}: broke the lock of {lock.holder}: {verdict.why}")
            elif self._minutes and all(verdict.kind == "live" for _, verdict in foreign):
                lock, verdict = foreign[0]
                waiting.for_(f"{lock.holder} holds the lock for {age_of(lock.since, objects.now())} now")
            else:
                raise refuse(self._sentence(*foreign[0]), FAILED)
        begun = open_creates(objects, self.stack)
        if begun:
            raise refuse(
                f"{self.stack}: a killed update had begun to create {', '.join(each.name for each in begun)}, and "
                f"Pulumi would create them once more: `make unlock STACK={self.stack}` settles that, "
                f"then `{self._again}`",
                FAILED,
            )

    def leave(self, objects: Objects) -> None:
        """Give back the turn, and the locks that an engine of this turn was killed with."""
        mine = self._lease
        if mine is None:
            return
        for lock in read_locks(objects, self.stack):
            gone = not self._here.runs(lock.pid, lock.noted)
            if gone and self._is_ours(lock) and break_lock(objects, lock):
                _say(f"{self.stack}: the engine was killed, its lock is removed: see `make unlock STACK={self.stack}`")
        give_back(objects, mine)

    def _is_ours(self, lock: Lock) -> bool:
        """Whether it was taken on this machine during this turn."""
        return self._lease is not None and covers(self._lease, lock) and lock.key not in self._earlier

    def _foreign(self, objects: Objects) -> list[tuple[Lock, Verdict]]:
        locks = read_locks(objects, self.stack)
        if not locks:
            return []
        now, lease = objects.now(), read_lease(objects, self.stack)
        return [(lock, judge(lock, lease, now, self._here, self._means.ask)) for lock in locks]

    def _sentence(self, lock: Lock, verdict: Verdict) -> str:
        age = age_of(lock.since, self._objects.now()) if self._objects else ""
        who = f"{lock.holder}{', ' + verdict.job if verdict.job else ''}"
        if verdict.kind == "live":
            return (
                f"{self.stack}: {who} holds the lock for {age} now ({verdict.why}): see `make locks`, wait until it "
                f"ends, then `{self._again}`"
            )
        return (
            f"{self.stack}: {who} left a lock behind {age} ago ({verdict.why}): "
            f"`make unlock STACK={self.stack}` breaks it, then `{self._again}`"
        )

    def _refuse(self, what: str) -> NoReturn:
        waited = f", waited {self._minutes:g} minutes" if self._minutes else ""
        raise refuse(
            f"{self.stack}: {what}{waited}: see `make locks`, wait until it ends, then `{self._again}`", FAILED
        )


class _Waiting:
    """Patience up to a limit, which says what it waits for."""

    def __init__(self, minutes: float, pause: float, give_up: Callable[[str], NoReturn]) -> None:
        self._until = time.monotonic() + minutes * 60
        self._pause, self._give_up = pause, give_up
        self._said = float("-inf")

    def for_(self, what: str) -> None:
        """Wait a little, or give up."""
        now = time.monotonic()
        if now >= self._until:
            self._give_up(what)
        if now - self._said >= _AGAIN_SAID:
            _say(f"waiting: {what}")
            self._said = now
        time.sleep(min(self._pause, self._until - now))


def _say(line: str) -> None:
    errors().print(line, markup=False)
