"""Takes down the stacks whose end has come: `python -m tools.reap [--yes]`; without it, shows which."""

import os
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools import destroy, remove
from tools.drain import MINUTES
from tools.in_turn import WAIT
from tools.pulumi_cli import Pulumi
from tools.sentences import FAILED, INTERRUPTED, errors, refuse
from tools.stack_copies.lifetimes import between, read
from tools.stack_copies.means import Means
from tools.stack_copies.reaping import Expired, Prolonged, expired, take_down
from tools.stack_copies.refused import told
from tools.state.objects import Objects
from tools.state.registry import records

AGAIN = "make reap YES=1"
Destroy = Callable[[str], None]


def destroyed(stack: str) -> None:
    """Destroy a stack as `make destroy` does. Raises `typer.Exit` when that fails or leaves something."""
    destroy.run(stack, Pulumi(stack), yes=True, minutes=MINUTES)


def run(*, yes: bool, means: Means | None = None, take: Destroy = destroyed) -> None:
    """Show what has expired, or destroy and remove it; exit code 1 when one could not be taken down."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)
    with told("reap", AGAIN):
        objects = means.objects()
        found = expired(objects, records(objects), means, objects.now())
        if not found:
            console.print("No stack has expired")
            return
        console.print(_table(found, objects))
        if not yes:
            console.print(f"\nNothing was changed: `{AGAIN}` destroys and removes those that nobody works on")
            return
        failed = [each.stack for each in found if not each.busy and not _reap(each, objects, means, take)]
    if failed:
        raise refuse(f"reap: {', '.join(failed)} could not be taken down: see why above, then `{AGAIN}`", FAILED)


def _reap(each: Expired, objects: Objects, means: Means, take: Destroy) -> bool:
    """Take one stack down, and say why when that fails: the others do not have to wait for it."""

    def in_turn(stack: str) -> None:
        with means.turn(stack, AGAIN, means.folder):
            take(stack)

    try:
        with told(each.stack, AGAIN):
            take_down(each, objects, means, in_turn)
        remove.run(each.stack, yes=True, means=means)
    except Prolonged as alive:
        errors().print(str(alive), markup=False)
    except typer.Exit as end:
        if end.exit_code == INTERRUPTED:
            raise  # Ctrl-C is for all of them
        return end.exit_code == 0
    except Exception as error:  # (whatever it was, the next stack has to go)
        errors().print(f"{each.stack}: {type(error).__name__}: {error}", markup=False)
        return False
    return True


def _table(found: list[Expired], objects: Objects) -> Table:
    now = objects.now()
    rows = Table("stack", "made by", "expired", "resources", "what happens to it", box=None, padding=(0, 2, 0, 0))
    for each in found:
        count = "none" if not each.resources else str(each.resources)
        what = f"stays for now, {each.busy} works on it" if each.busy else "destroyed and removed"
        rows.add_row(each.stack, each.whose, f"{between(read(each.expires), now)} ago", count, what)
    return rows


def main(
    yes: Annotated[bool, typer.Option("--yes", help="Destroy and remove them; only show them otherwise.")] = False,
) -> None:
    """Take down the stacks whose end has come."""
    # Whoever has the turn on a stack has it: the next round comes.
    os.environ.setdefault(WAIT, "0")
    run(yes=yes)


if __name__ == "__main__":
    typer.run(main)
