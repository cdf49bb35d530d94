"""Shows who is at work on the stacks, and whether he still is: `python -m tools.locks`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tools.sentences import sentences
from tools.state.backend import found_backend
from tools.state.ci_jobs import Job, JobState, state_of
from tools.state.lease import Lease, read_lease, read_leases, why_free
from tools.state.lock_files import Lock, read_locks
from tools.state.objects import Objects
from tools.state.processes import Here, here
from tools.state.verdict import Verdict, age_of, judge


@dataclass(frozen=True)
class Means:
    """What the command works with, so that tests can give it others."""

    objects: Callable[[], Objects] = lambda: Objects(found_backend())
    ask: Callable[[Job], JobState] = state_of
    here: Callable[[], Here] = here


@dataclass(frozen=True)
class Found:
    """What is held on the stacks."""

    locks: list[tuple[Lock, Verdict]]
    turns: list[tuple[Lease, str]]
    """Turns that were not given back, each with why it may be taken over; empty when it may not."""
    now: datetime
    """By the clock of S3."""


def find(objects: Objects, means: Means, stack: str = "") -> Found:
    """Everything that is held on a stack, or on all of them."""
    locks = read_locks(objects, stack)
    leases = filter(None, [read_lease(objects, stack)]) if stack else read_leases(objects)
    known, now, place = {lease.stack: lease for lease in leases}, objects.now(), means.here()
    turns = [(lease, why_free(lease, now, place, means.ask)) for lease in known.values() if lease.held]
    return Found([(lock, judge(lock, known.get(lock.stack), now, place, means.ask)) for lock in locks], turns, now)


def table(found: Found) -> Table:
    """What is held, as a person reads it."""
    rows = Table("stack", "what", "who", "for", "still runs", "verdict")
    for row in _rows(found):
        rows.add_row(*(row[name] for name in ("stack", "what", "who", "age", "runs", "verdict")))
    return rows


def document(found: Found) -> list[dict[str, Any]]:
    """What is held, for programs."""
    return [dict(row) for row in _rows(found)]


def _rows(found: Found) -> Sequence[dict[str, str]]:
    locks = [
        {
            "stack": lock.stack,
            "what": "lock",
            "who": f"{lock.holder}{f', {verdict.job}' if verdict.job else ''}",
            "since": lock.since.isoformat(),
            "age": age_of(lock.since, found.now),
            "runs": verdict.runs,
            "verdict": f"{verdict.kind}: {verdict.why}",
        }
        for lock, verdict in found.locks
    ]
    turns = [
        {
            "stack": lease.stack,
            "what": "turn",
            "who": lease.named,
            "since": lease.since.isoformat(),
            "age": age_of(lease.since, found.now),
            "runs": "no" if free else "yes",
            "verdict": f"stale: {free}" if free else f"live: last heard of {age_of(lease.heartbeat, found.now)} ago",
        }
        for lease, free in found.turns
    ]
    return sorted([*locks, *turns], key=lambda row: (row["stack"], row["since"]))


def run(stack: str = "", *, as_json: bool = False, means: Means | None = None) -> None:
    """Print what is held, and by whom."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)
    with sentences(stack or "locks", "make locks"):
        found = find(means.objects(), means, stack)
    if as_json:
        console.print(json.dumps(document(found), indent=2), markup=False)
    elif found.locks or found.turns:
        console.print(table(found))
        for name in sorted({lock.stack for lock, verdict in found.locks if verdict.kind != "live"}):
            console.print(f"`make unlock STACK={name}` breaks what nobody holds any more.", markup=False)
    else:
        console.print(f"Nobody is at work{f' on {stack}' if stack else ''}: there is no lock.", markup=False)


def main(
    stack: Annotated[str, typer.Argument(metavar="[STACK]", help="one stack; all of them when omitted")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Show who holds what on the stacks, since when, and whether that still runs."""
    run(stack, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
