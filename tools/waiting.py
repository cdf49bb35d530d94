"""Waits for things to go, saying what it waits for, until a time that all waits share."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

Say = Callable[[str], None]
"""Shows a line to the person who waits."""

PAUSE: Final = 5.0
"""Seconds between two looks."""
_REMINDER: Final = 60.0
"""Seconds after which a line tells again what is waited for."""
_NAMED: Final = 5
"""Things that one line names."""


@dataclass
class Waiting:
    """A bound on all waits together."""

    say: Say
    seconds: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    left: list[str] = field(default_factory=list[str])
    """What had not gone when the time was over."""

    def __post_init__(self) -> None:
        """Start the time."""
        self._end = self.clock() + self.seconds

    def until_gone(self, what: str, remaining: Callable[[], Sequence[str]]) -> bool:
        """Wait until `remaining` names nothing; notes in `left` what is there at the end of the time.

        `what` completes the sentences "waiting for ..." and "... are gone", such as `3 volumes`.
        """
        shown: set[str] = set()
        told = self.clock()
        waited = False
        while there := remaining():
            now = self.clock()
            if set(there) != shown or now - told >= _REMINDER:
                self.say(f"  waiting for {what}: {listed(there)} ({_clock(self._end - now)} left)")
                shown, told, waited = set(there), now, True
            if now >= self._end:
                self.left += there
                return False
            self.sleep(min(PAUSE, max(0.0, self._end - now)))
        if waited:
            self.say(f"  gone: {what}")
        return True


def listed(names: Sequence[str]) -> str:
    """Names in a line, the first few of many."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _clock(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
