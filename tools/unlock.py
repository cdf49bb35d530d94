"""Breaks the locks that nobody holds any more, and no others: `python -m tools.unlock STACK`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated

import typer
from rich.console import Console

from tools import settle
from tools.locks import Found, find
from tools.locks import Means as LockMeans
from tools.pulumi_cli import Program, Runner
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.state.checkpoint import StateBroken
from tools.state.lease import give_back
from tools.state.lock_files import Lock, break_lock
from tools.state.objects import Objects
from tools.state.pending import Pending, read_pending
from tools.state.verdict import Verdict, age_of
from tools.tunnel import reachable

Held = tuple[Lock, Verdict]


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


@dataclass(frozen=True)
class Means:
    """What the command works with, so that tests can give it others."""

    locks: LockMeans = field(default_factory=LockMeans)
    run: Runner = field(default_factory=Program)
    reach: Callable[[str], AbstractContextManager[Mapping[str, str]]] = reachable
    attended: Callable[[], bool] = _at_a_terminal


def run(stack: str, *, yes: bool = False, answers: Sequence[str] = (), means: Means | None = None) -> None:
    """Break what is stale, refuse what is live, and settle what was under way."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(line, markup=False)

    again = f"make unlock STACK={stack}"
    with sentences(stack, again):
        objects = means.locks.objects()
        found = find(objects, means.locks, stack)
        _refuse_live(stack, found)
        _break(objects, stack, found, yes=yes, say=say)
        try:
            pending = read_pending(objects, stack)
        except StateBroken as broken:
            raise refuse(f"{stack}: {broken}: `make doctor STACK={stack}` says more", FAILED) from None
        if pending:
            pending = _settle(objects, stack, pending, answers=answers, yes=yes, means=means, say=say)
    if pending:
        raise refuse(f"{stack}: its lock is free, but these are open: {_how(stack, pending)}", FAILED)
    say(f"{stack}: nobody holds it and nothing is open: `make up STACK={stack}` goes on")


def _refuse_live(stack: str, found: Found) -> None:
    for lock, verdict in found.locks:
        if verdict.kind == "live":
            job = f", {verdict.job}" if verdict.job else ""
            whom = lock.username or "the team"
            later = "; after two hours it counts as old" if verdict.runs == "unknown" else ""
            raise refuse(
                f"{stack}: {lock.holder}{job} has held the lock for {age_of(lock.since, found.now)} and may be at work "
                f"({verdict.why}), nothing was changed: ask {whom}, or wait until it ends{later}",
                FAILED,
            )
    for lease, free in found.turns:
        if not free:
            raise refuse(
                f"{stack}: it is the turn of {lease.named}, last heard of {age_of(lease.heartbeat, found.now)} ago, "
                "nothing was changed: wait until it ends",
                FAILED,
            )


def _break(objects: Objects, stack: str, found: Found, *, yes: bool, say: settle.Say) -> None:
    for lock, verdict in found.locks:
        say(f"{stack}: {lock.holder} left a lock behind {age_of(lock.since, found.now)} ago: {verdict.why}")
    _confirm(stack, found.locks, yes=yes)
    for lock, _ in found.locks:
        say(f"{stack}: the lock {lock.id} is {'broken' if break_lock(objects, lock) else 'gone already'}")
    for lease, free in found.turns:
        if give_back(objects, lease):
            say(f"{stack}: the turn of {lease.named} is over: {free}")


def _confirm(stack: str, locks: Sequence[Held], *, yes: bool) -> None:
    """Ask before a lock is broken; one that is only old needs the name of the stack, whatever was said beforehand."""
    if not locks or (yes and all(verdict.kind == "stale" for _, verdict in locks)):
        return
    try:
        if any(verdict.kind == "old" for _, verdict in locks):
            asked = f"{stack}: nobody here can tell whether it still runs. Type {stack} to break it all the same"
            agreed = str(typer.prompt(asked, default="", show_default=False)) == stack
        else:
            agreed = typer.confirm(f"{stack}: break it?", default=True)
    except typer.Abort:
        raise refuse(
            f"{stack}: nobody is there to answer, nothing was changed: YES=1 breaks what is certainly stale, and what "
            "is only old needs a person",
            BAD_INPUT,
        ) from None
    if not agreed:
        raise refuse(f"{stack}: nothing was changed", BAD_INPUT)


def _settle(
    objects: Objects,
    stack: str,
    pending: Sequence[Pending],
    *,
    answers: Sequence[str],
    yes: bool,
    means: Means,
    say: settle.Say,
) -> list[Pending]:
    """Put the state in order as far as answers go; what stays open."""
    say(f"{stack}: an update was killed in the middle of these:")
    for each in pending:
        say(f"  {each.advice}")
    told = settle.read_answers(answers, pending)
    attended = not yes and means.attended()
    if not answers and not attended:
        return list(pending)
    if attended:
        told = settle.ask(pending, told)
    with means.reach(stack) as variables:
        return settle.settle(stack, told, objects, run=means.run, say=say, variables=variables)


def _how(stack: str, pending: Sequence[Pending]) -> str:
    opened = [each for each in pending if each.open]
    if not opened:
        return f"`pulumi refresh --stack {stack}` finds out how they ended"
    example = " ".join(f"{each.name}=ID" for each in opened)
    return (
        f"look for their ids in the cloud (`make leftovers STACK={stack}` lists what is there), then "
        f'`make unlock STACK={stack} SETTLE="{example}"`, with nothing after = for what does not exist'
    )


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack whose lock was left behind")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before breaking what is certainly stale.")] = False,
    settle_: Annotated[
        str, typer.Option("--settle", help="What became of creates: NAME=ID NAME=, with white space between.")
    ] = "",
) -> None:
    """Break a stale lock, never a live one, then settle what the killed update had begun."""
    run(stack, yes=yes, answers=settle_.split())


if __name__ == "__main__":
    typer.run(main)
