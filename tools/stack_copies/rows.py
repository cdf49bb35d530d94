"""What there is to know of every stack, with few questions to the bucket."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from settings import Settings, SettingsError, parse, read_stack_file
from tools.stack_copies.expiry import end_of
from tools.stack_copies.names import stack_file, stacks_of
from tools.stack_copies.settings_of import settings_of
from tools.state.checkpoint import StateBroken, resources_of
from tools.state.counts import deployment_in_state, stacks_in_backend
from tools.state.history import Update, updates
from tools.state.lock_files import Lock, read_locks
from tools.state.objects import Objects
from tools.state.registry import Record, records

_COSTS: Final = "costs"
_AT_ONCE: Final = 8
"""Stacks that are read at the same time. Each takes one read of its state, one of its record, one of its cost and what
its newest update takes; locks, records, costs and states are listed once for all."""


@dataclass(frozen=True)
class Row:
    """A stack, as the team sees it."""

    stack: str
    kind: str
    """`eks`, `k3s`, `site`, `network` or `empty`; empty when nobody here can tell."""
    resources: int | None
    """None when the backend does not know the stack, or its state does not decode."""
    updated: str
    """When its newest update ended, in ISO 8601; empty when there was none."""
    updated_by: str
    eur_month: float | None
    """What the cost estimate stored last; None when it stored nothing."""
    lock: str
    """Who holds its lock, and since when; empty when nobody does."""
    expires: str
    """Moment; empty when it has no end."""
    made_by: str
    """ARN of whoever made it with `make new`; empty for the team's own stacks."""
    note: str
    """What is out of order."""

    def as_json(self) -> dict[str, Any]:
        """The row for programs."""
        return asdict(self)


@dataclass(frozen=True)
class _Known:
    """What was listed once for all stacks."""

    records: Mapping[str, Record]
    states: frozenset[str]
    costs: frozenset[str]
    locks: Mapping[str, Lock]
    folder: Path


def rows(objects: Objects, folder: Path) -> list[Row]:
    """Every stack that has a file here, a state in the backend or a record, by name."""
    costs = objects.backend.own_key(_COSTS)
    known = _Known(
        records(objects),
        frozenset(stacks_in_backend(objects)),
        frozenset(key.removeprefix(costs).removesuffix(".json") for key in objects.keys(costs)),
        {each.stack: each for each in read_locks(objects)},
        folder,
    )
    names = sorted({*stacks_of(folder), *known.states, *known.records})

    def row(stack: str) -> Row:
        return _row(objects, stack, known)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(row, names))


def _row(objects: Objects, stack: str, known: _Known) -> Row:
    record = known.records.get(stack)
    count, broken = _count(objects, stack) if stack in known.states else (None, "")
    newest = next(iter(updates(objects, stack, limit=1)), None) if stack in known.states else None
    lock, end = known.locks.get(stack), end_of(stack, record, known.folder)
    notes = [broken, end.problem, *_notes(stack, known, record)]
    return Row(
        stack=stack,
        kind=_kind(stack, known.folder, record),
        resources=count,
        updated=_moment(newest),
        updated_by=newest.who if newest else "",
        eur_month=_cost(objects, stack) if stack in known.costs else None,
        lock=f"{lock.holder} since {lock.since:%Y-%m-%d %H:%M}" if lock else "",
        expires=end.expires,
        made_by=record.person_arn if record else "",
        note="; ".join(filter(None, notes)),
    )


def _count(objects: Objects, stack: str) -> tuple[int | None, str]:
    try:
        deployment = deployment_in_state(objects, stack)
    except StateBroken as error:
        return None, f"{error}: `make rescue STACK={stack}`"
    return (None if deployment is None else len(resources_of(deployment))), ""


def _notes(stack: str, known: _Known, record: Record | None) -> list[str]:
    has_file = stack_file(known.folder, stack).is_file()
    if record and not record.complete:
        return [f"half made: `make new STACK={stack}` goes on, `make remove STACK={stack}` gives up"]
    if record and record.doomed:
        return [f"`make reap` takes it down since {record.doomed}"]
    if stack not in known.states:
        return [f"not in the backend: `pulumi stack init {stack}` makes it" if not record else "not in the backend"]
    if not has_file:
        return [f"no file here: `make new STACK={stack} RESTORE=1`" if record else "no file here"]
    return []


def _kind(stack: str, folder: Path, record: Record | None) -> str:
    try:
        if stack_file(folder, stack).is_file():
            return kind_of(parse(read_stack_file(stack_file(folder, stack))))
        return kind_of(settings_of(record.stack_file, stack, folder)) if record and record.complete else ""
    except SettingsError:
        return ""


def kind_of(settings: Settings) -> str:
    """The largest part that a stack has."""
    if settings.cluster:
        return settings.cluster.kind
    return "site" if settings.site else "network" if settings.network else "empty"


def _cost(objects: Objects, stack: str) -> float | None:
    stored = objects.read(objects.backend.own_key(_COSTS, f"{stack}.json"))
    try:
        given: Any = json.loads(stored.body) if stored else {}
        return float(given["eur_month"])
    except (ValueError, KeyError, TypeError):
        return None


def _moment(newest: Update | None) -> str:
    return newest.end.isoformat(timespec="seconds") if newest else ""


def is_over(row: Row, now: datetime) -> bool:
    """Whether the stack has expired."""
    return bool(row.expires) and datetime.fromisoformat(row.expires) <= now
