"""Stops the machines of a stack until somebody, or its schedule, wakes them: `python -m tools.sleep STACK`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from bootstrap.answers import read_answers
from settings import Settings, read_stack
from tools import leftovers
from tools.account import Account
from tools.drain import confirmed
from tools.left.item import Item
from tools.owner import Owner, read_owner
from tools.sentences import BAD_INPUT, refuse, sentences
from tools.setup import ROOT
from tools.sleeping.machines import Sleepers, find, put_to_sleep, wake

WAKING: Final = "pods answer about five minutes after their machines were called"
"""What to expect; nobody guarantees it."""


@dataclass(frozen=True)
class Means:
    """What the command works with."""

    folder: Path = ROOT
    """Where the stack files are."""
    account: Callable[[], Account] = Account
    production: Callable[[], Sequence[str]] = lambda: read_answers().production
    """Stacks that nobody sends to sleep without saying so."""
    left: Callable[[Account, Owner], Sequence[Item]] = leftovers.find
    """All that the stack has, with prices."""


def go_to_sleep(stack: str, *, yes: bool, means: Means | None = None) -> None:
    """Stop what runs, and say what goes on costing; nothing happens to what sleeps already."""
    means = means or Means()
    again = f"make sleep STACK={stack}"
    console = Console(highlight=False, soft_wrap=True)
    with sentences(stack, again):
        account, owner, settings, found = _look(stack, means)
        if stack in means.production():
            _agree(stack, again, yes=yes)
        done = put_to_sleep(account, owner, found)
        told = f"now going to sleep: {', '.join(done)}" if done else "sleeps already"
        console.print(f"{stack}: {told}; `make wake STACK={stack}` wakes it, and {WAKING}", markup=False)
        _tell_schedule(console, stack, settings)
        asleep = {*found.gone, *(each.id for each in found.machines)}
        console.print(costs([item for item in means.left(account, owner) if item.id not in asleep]))


def wake_up(stack: str, *, means: Means | None = None) -> None:
    """Start what is stopped; nothing happens to what runs."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)
    with sentences(stack, f"make wake STACK={stack}"):
        account, owner, settings, found = _look(stack, means)
        unknown = [group.name for group in found.groups if group.desired_size == 0 and group.awake is None]
        done = wake(account, owner, found)
        told = f"waking: {', '.join(done)}; {WAKING}" if done else "is awake already"
        console.print(f"{stack}: {told}", markup=False)
        for name in unknown:
            console.print(f"{stack}: {name} stays as it is: the settings have no such node group", markup=False)
        _tell_schedule(console, stack, settings)


def costs(items: Sequence[Item]) -> Table:
    """What a month of sleep costs, the dearest first; what has no known price is named as such."""
    priced = [item for item in items if item.price.usd is None or item.price.usd > 0]
    rows = Table("goes on costing while it sleeps", "USD a month", box=None, padding=(0, 2, 0, 0))
    rows.columns[1].justify = "right"
    for item in priced:
        cost = "unknown" if item.price.usd is None else f"{item.price.usd:.2f}"
        rows.add_row(f"{item.type} {item.name or item.id}, {item.price.basis}".replace("[", r"\["), cost)
    rows.add_row("in all", f"{sum(item.price.usd or 0.0 for item in priced):.2f}")
    return rows


def _look(stack: str, means: Means) -> tuple[Account, Owner, Settings, Sleepers]:
    settings, owner = read_stack(stack, means.folder), read_owner(stack, folder=means.folder)
    account = means.account()
    found = find(account, owner, settings)
    if not found:
        raise refuse(
            f"{stack}: has no machines that can sleep in {owner.region}: those of socle:cluster can, once "
            f"`make up STACK={stack}` made them",
            BAD_INPUT,
        )
    return account, owner, settings, found


def _agree(stack: str, again: str, *, yes: bool) -> None:
    try:
        agreed = confirmed(stack, f"{stack} is production, and everything on it stops.", yes=yes)
    except typer.Abort:
        raise refuse(f"{stack}: is production, nothing was stopped: `{again} YES=1` does", BAD_INPUT) from None
    if not agreed:
        raise refuse(f"{stack}: that was not its name, nothing was stopped", BAD_INPUT)


def _tell_schedule(console: Console, stack: str, settings: Settings) -> None:
    hours = settings.sleep
    if hours:
        days = ", ".join(hours.awake_days)
        console.print(
            f"{stack}: its schedule starts it at {hours.awake_from} and stops it at {hours.awake_until} on {days} "
            f"({hours.timezone})",
            markup=False,
        )


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    yes: Annotated[bool, typer.Option("--yes", help="Send production to sleep without being asked.")] = False,
) -> None:
    """Stop the machines of a stack, and say what goes on costing."""
    go_to_sleep(stack, yes=yes)


if __name__ == "__main__":
    typer.run(main)
