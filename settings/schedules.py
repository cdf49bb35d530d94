"""How often a cron line comes round."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from croniter import croniter

# Any fixed moment will do: 400 starts of a daily line are a year, which shows every rhythm worth a word.
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_STARTS = 400


def longest_pause(line: str) -> timedelta:
    """Longest time between two starts of a cron line of five fields."""
    return max(later - earlier for earlier, later in pairwise(starts(line)))


def starts(line: str) -> list[datetime]:
    """As many starts of a cron line, in UTC, as show its rhythm."""
    ticks = croniter(line, _SOME_TIME)
    return [ticks.get_next(datetime) for _ in range(_STARTS)]


def longest_pause_hours(line: str) -> int:
    """The same in hours, rounded up."""
    return math.ceil(longest_pause(line) / timedelta(hours=1))
