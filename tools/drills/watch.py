"""Waiting for the cluster, with a bound and with news of what it does."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tools.drills.api import DrillError, Unreachable

Found = TypeVar("Found")

_SECONDS_BETWEEN = 3.0
_UNANSWERED = 10
"""Questions in a row that may go without an answer: the API of a managed cluster restarts now and then."""


@dataclass(frozen=True)
class Clock:
    """Time, which tests replace."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The present, in UTC."""
    sleep: Callable[[float], None] = time.sleep
    """Waits that many seconds."""


class Watch:
    """Waits until something is so, at most until a moment."""

    def __init__(self, clock: Clock, minutes: float, say: Callable[[str], None]) -> None:
        self.clock = clock
        self.say = say
        self.minutes = minutes
        self._end = clock.now() + timedelta(minutes=minutes)

    def until(self, what: str, probe: Callable[[], tuple[Found | None, str]], advice: str) -> Found:
        """Ask `probe` for what is awaited and for the news of it, again and again until it has found it.

        When time is up, the sentence has the last news and `advice`, which is what to look at.
        """
        unanswered = 0
        while True:
            try:
                found, news = probe()
                unanswered = 0
            except Unreachable as error:
                unanswered += 1
                if unanswered > _UNANSWERED:
                    raise
                found, news = None, str(error)
            if found is not None:
                return found
            self.say(f"{what}: {news}" if news else what)
            if self.clock.now() >= self._end:
                last = f" ({news})" if news else ""
                raise DrillError(f"{what} took more than {self.minutes:g} minutes{last}: {advice}")
            self.clock.sleep(_SECONDS_BETWEEN)
