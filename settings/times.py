"""Kinds of value that say when: a moment, and the lines of cron."""

import re
from datetime import datetime
from typing import Annotated, Any, Final

from croniter import croniter
from pydantic import PlainValidator

from settings.kinds import Expected, text

# Largest values of the fields of a cron line, beyond which a step means nothing.
_MOST: Final = (59, 23, 31, 12, 6)
_STEP: Final = re.compile(r"/(\d+)")


def _cron_line(value: Any) -> str:
    # What every scheduler understands alike: digits, stars, steps, ranges and lists, the days of the week from 0 to 6.
    if "7" in text(value, r"[0-9*/,-]+(?: [0-9*/,-]+){4}").split()[4] or not croniter.is_valid(value):
        raise ValueError(value)
    if any(int(low) > int(high) for low, high in re.findall(r"(\d+)-(\d+)", value)):
        raise ValueError(value)
    if any(int(step) > most for field, most in zip(value.split(), _MOST, strict=True) for step in _STEP.findall(field)):
        raise ValueError(value)
    croniter(value).get_next()  # raises for a day that no month has
    return value


def _moment(value: Any) -> str:
    datetime.fromisoformat(text(value, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"))  # raises for a day that no month has
    return value


Moment = Annotated[str, PlainValidator(_moment), Expected('a moment in UTC such as "2026-12-24T18:00:00Z", in quotes')]
CronLine = Annotated[
    str,
    PlainValidator(_cron_line),
    Expected('a cron line of five fields in quotes such as "0 3 * * *" (every day at 3:00)'),
]
