"""Takes a stack down and leaves nothing behind: `python -m tools.destroy STACK`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tools import leftovers
from tools.account import Account
from tools.costing.kept import gone
from tools.drain import KUBECONFIG, MINUTES, Means, confirmed, drain
from tools.in_turn import in_turn
from tools.left.item import Item
from tools.owner import Owner, read_owner
from tools.pulumi_cli import Export, Pulumi, Resource, protected, resources
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.setup import ROOT
from tools.spot_requests import cancel_all

Find = Callable[[Owner], Sequence[Item]]
"""Lists what is left of a stack in AWS."""
Cancel = Callable[[Owner, Export], str | None]
"""Cancels what would launch machines again, and says so."""
_KUBERNETES = "kubernetes:"


def run(
    stack: str,
    pulumi: Pulumi,
    *,
    yes: bool,
    minutes: float,
    means: Means | None = None,
    find: Find = lambda owner: leftovers.find(Account(), owner),
    cancel: Cancel = cancel_all,
    folder: Path = ROOT,
) -> None:
    """Refuse what is protected, ask, drain, cancel spot requests, destroy, and list what is left."""
    console = Console(highlight=False)
    again = f"make destroy STACK={stack}"
    with sentences(stack, again):
        owner = read_owner(stack, folder=folder)
        export = pulumi.export()
        _refuse_protected(stack, protected(export))
        count = len(resources(export))
        if count:
            if not confirmed(stack, f"{stack}: {count} resources are deleted, with their data.", yes=yes):
                raise refuse(f"{stack}: that was not its name, nothing was changed", BAD_INPUT)
            means = means or Means()
            with means.reach(stack) as variables:
                _drain(owner, pulumi, export, minutes=minutes, console=console, means=means)
                if cancelled := cancel(owner, export):
                    console.print(cancelled, markup=False)
                _destroy(stack, pulumi, variables, again)
        else:
            console.print(f"{stack}: its state has no resources")
        items = find(owner)
    leftovers.show(console, owner, items)
    if items:
        raise refuse(
            f"{stack}: destroyed, but for these: type the commands above, then `make leftovers STACK={stack}`", FAILED
        )
    gone(stack, folder)
    console.print(f"{stack}: destroyed. `make remove STACK={stack}` forgets its state too, and frees its name.")


def _refuse_protected(stack: str, found: Sequence[Resource]) -> None:
    """Stop before anything is touched: Pulumi would refuse only after the drain."""
    if not found:
        return
    commands = "\n".join(f"  pulumi state unprotect '{each['urn']}' --stack {stack} --yes" for each in found)
    raise refuse(
        f"{stack}: {len(found)} resources are protected, nothing was changed. To lose them and their data, type\n"
        f"{commands}\nthen `make destroy STACK={stack}`",
        FAILED,
    )


def _drain(owner: Owner, pulumi: Pulumi, export: Export, *, minutes: float, console: Console, means: Means) -> None:
    """Drain the cluster, if the stack has one that Pulumi still has objects in."""
    if not any(str(each["type"]).startswith(_KUBERNETES) for each in resources(export)):
        return
    outputs = pulumi.outputs()
    if KUBECONFIG not in outputs:
        return
    if drain(owner, outputs, export, minutes=minutes, console=console, means=means):
        raise refuse(
            f"{owner.stack}: nothing was destroyed, for the cluster could not be emptied: see why above, "
            f"then `make destroy STACK={owner.stack}` goes on",
            FAILED,
        )


def _destroy(stack: str, pulumi: Pulumi, variables: Mapping[str, str], again: str) -> None:
    code = pulumi.destroy(variables)
    if code:
        raise refuse(
            f"{stack}: pulumi stopped, what still exists is in its state: correct the cause above, then `{again}`; "
            f"when AWS names a dependency, `make leftovers STACK={stack}` shows it",
            code,
        )


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the stack's name.")] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Minutes that the drain takes at most.")] = MINUTES,
) -> None:
    """Drain a stack's cluster, destroy the stack, and list what is left of it."""
    with in_turn(stack, f"make destroy STACK={stack}"):
        run(stack, Pulumi(stack), yes=yes, minutes=timeout)


if __name__ == "__main__":
    typer.run(main)
