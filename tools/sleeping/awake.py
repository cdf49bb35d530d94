"""How many hours a week machines run by the schedules of a stack. Pure: it reads resources, not the cloud."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from tools.costing.resource import Resource

SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
SLEEPY: Final = ("aws:ec2/instance:Instance", "aws:eks/nodeGroup:NodeGroup")
"""Types of what a schedule stops or starts."""
HOURS_PER_WEEK: Final = 168.0
_HOUR, _DAY = 60, 24 * 60
_WEEK = 7 * _DAY
_NAMES: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_ANY: Final = ("*", "?")
_ITEM: Final = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?")


def minutes_of(expression: str) -> list[int] | None:
    """Minutes since Sunday's midnight at which a cron expression of the scheduler comes round each week.

    None for those that are not weekly: dates, rates, days of the month, months and years.
    """
    found = _CRON.fullmatch(expression)
    if not found:
        return None
    minute, hour, month_day, month, week_day, year = found.groups()
    if month_day not in _ANY or month not in _ANY or year not in _ANY:
        return None
    minutes, hours = _numbers(minute, 0, 59), _numbers(hour, 0, 23)
    days = _numbers("*" if week_day == "?" else week_day, 1, 7)
    if minutes is None or hours is None or days is None:
        return None
    return sorted((day - 1) * _DAY + each * _HOUR + at for day in days for each in hours for at in minutes)


def awake_hours(starts: Sequence[int], stops: Sequence[int]) -> float:
    """Hours a week between a start and the stop after it, of minutes of a week; a stop wins over a start beside it.

    Without a stop nothing sleeps; without a start nothing wakes.
    """
    turns = {at % _WEEK: True for at in starts} | {at % _WEEK: False for at in stops}
    if not stops:
        return HOURS_PER_WEEK
    order = sorted(turns)
    ends = [*order[1:], order[0] + _WEEK]
    return sum(end - at for at, end in zip(order, ends, strict=True) if turns[at]) / _HOUR


def sleepers(resources: Iterable[Resource]) -> dict[str, float]:
    """Hours a week for which each machine and node group runs that a schedule stops, by URN.

    What a schedule is about is read from what its target was made of, or from its description: a preview does not know
    the ids yet.
    """
    known = list(resources)
    starts: dict[str, list[int]] = defaultdict(list)
    stops: dict[str, list[int]] = defaultdict(list)
    for schedule in known:
        if schedule.type != SCHEDULE or schedule.value("state") == "DISABLED":
            continue
        came = minutes_of(str(schedule.value("scheduleExpression") or ""))
        if came is None:
            continue
        for urn in _targets(schedule, known):
            (starts if _wakes(schedule) else stops)[urn] += came
    return {urn: awake_hours(starts[urn], stops[urn]) for urn in stops}


def stack_awake_hours(resources: Iterable[Resource]) -> float:
    """Hours a week for which the machine that sleeps least runs: a whole week where nothing sleeps."""
    return max(sleepers(resources).values(), default=HOURS_PER_WEEK)


def _wakes(schedule: Resource) -> bool:
    call = str(schedule.value("target", "arn") or "").rpartition(":")[2]
    if call in ("startInstances", "stopInstances"):
        return call == "startInstances"
    given = schedule.value("target", "input")
    if not isinstance(given, str):
        return _description(schedule)[0] == "starts"
    parameters: Mapping[str, Any] = json.loads(given)
    return cast(Mapping[str, int], parameters.get("ScalingConfig", {})).get("DesiredSize", 0) > 0


def _targets(schedule: Resource, known: Sequence[Resource]) -> set[str]:
    """URNs of what is stopped or started; a component stands for its parts."""
    made_of = {
        urn for name, urns in schedule.links.items() if re.split(r"[.\[]", name)[0] == "target" for urn in urns if urn
    }
    names = _description(schedule)[1]
    return {
        each.urn
        for each in known
        if each.type in SLEEPY
        and (each.urn in made_of or each.parent in made_of or any(each.name.endswith(f"-{name}") for name in names))
    }


def _description(schedule: Resource) -> tuple[str, list[str]]:
    """What a schedule does, and to which machines or node groups, as `SleepSchedule` writes it."""
    verb, colon, names = str(schedule.value("description") or "").partition(": ")
    return (verb, names.split(", ")) if colon else ("", [])


def _numbers(field: str, low: int, high: int) -> list[int] | None:
    found: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        if not match:
            return None
        first, last = low, high
        if not match[1]:
            begin, end = _number(match[2]), _number(match[3] or match[2])
            if begin is None or end is None or not low <= begin <= end <= high:
                return None
            first, last = begin, end if match[3] or not match[4] else high
        step = int(match[4] or 1)
        if step < 1:
            return None
        found.update(range(first, last + 1, step))
    return sorted(found)


def _number(text: str) -> int | None:
    if text.upper() in _NAMES:
        return _NAMES.index(text.upper()) + 1
    return int(text) if text.isdecimal() else None
