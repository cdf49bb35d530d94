"""How long a stack of one's own lives."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from tools.stack_copies.refused import StackRefused

SHORTEST: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(days=14)
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_FORM: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


def lifetime(text: str) -> timedelta:
    """A time such as `30m`, `8h` or `14d`. Raises `StackRefused`."""
    given = _FORM.fullmatch(text)
    found = int(given[1]) * _UNITS[given[2]] if given else timedelta()
    if not SHORTEST <= found <= LONGEST:
        raise StackRefused(f'TTL: expected a time from 30m to {LONGEST.days}d such as 8h, got "{text}"')
    return found


def written(moment: datetime) -> str:
    """A moment as `socle:expires` has it."""
    return moment.astimezone(UTC).strftime(_MOMENT)


def read(text: str) -> datetime:
    """The moment that `written` wrote. Raises ValueError for anything else."""
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def between(early: datetime, late: datetime) -> str:
    """How long it is from one moment to a later one, in the two largest units: `2 d 3 h`, `45 min`."""
    minutes = max(int((late - early).total_seconds()) // 60, 0)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"


def told(expires: str, now: datetime) -> str:
    """`in 7 h 59 min`, or `expired 3 h ago`."""
    moment = read(expires)
    return f"in {between(now, moment)}" if moment > now else f"expired {between(moment, now)} ago"
