"""Takes an empty stack out of the backend and gives its name and addresses back: `python -m tools.remove STACK`."""

from contextlib import suppress
from ipaddress import IPv4Network
from typing import Annotated

import typer
from rich.console import Console

from settings import SettingsError
from tools.stack_copies.files import keep, remove_files
from tools.stack_copies.means import Means, ask
from tools.stack_copies.names import stack_file
from tools.stack_copies.refused import StackRefused, told
from tools.state import slots
from tools.state.checkpoint import pending_of
from tools.state.counts import deployment_in_state
from tools.state.objects import Objects
from tools.state.registry import Record, forget, read_record


def run(stack: str, *, yes: bool, means: Means | None = None) -> None:
    """Refuse a stack that has resources, ask, and remove it; each step may have been done before."""
    means = means or Means()
    again = f"make remove STACK={stack}"
    with told(stack, again):
        objects = means.objects()
        record, known = read_record(objects, stack), _is_empty(objects, stack)
        if record is None and not known:
            raise StackRefused(f"{stack}: neither the backend nor a `make new` knows it: `make stacks` shows all")
        ask(stack, _question(stack, record, means), again, yes=yes)
        with means.turn(stack, again, means.folder):
            # Somebody may have deployed it while the question stood there.
            if _is_empty(objects, stack):
                means.commands.remove(stack)
            if record:
                _give_back(objects, record, means)
        Console(highlight=False, soft_wrap=True).print(_last_line(stack, record, means), markup=False)


def _is_empty(objects: Objects, stack: str) -> bool:
    """Whether the backend knows the stack, which has no resources then; raises `StackRefused` when it has."""
    deployment = deployment_in_state(objects, stack)
    if deployment is None:
        return False
    count, begun = len(deployment.get("resources") or ()), len(pending_of(deployment))
    if count:
        raise StackRefused(f"{stack}: still has {count} resources: `make destroy STACK={stack}` deletes them first")
    if begun:
        raise StackRefused(
            f"{stack}: {begun} operations were begun and nobody knows how they ended: `make leftovers STACK={stack}` "
            f"lists what exists, `make unlock STACK={stack}` settles the operations"
        )
    return True


def _question(stack: str, record: Record | None, means: Means) -> str:
    if record is None:
        return f"{stack}: was not made with `make new`; the backend forgets it with its history."
    whose = f"{record.person_name} ({record.person_arn}) made it from {record.source}"
    file = stack_file(means.folder, stack)
    return f"{stack}: {whose}; its name and addresses are given back{f', {file.name} is deleted' * file.exists()}."


def _give_back(objects: Objects, record: Record, means: Means) -> None:
    """The slot, the stored cost and the files, and the record last: while it is there, all of this can be repeated."""
    with suppress(SettingsError):
        # As an older version of the record, which the bucket has for a while.
        keep(objects, record.stack, means.folder)
    if record.cidr:
        slots.give_back(objects, IPv4Network(record.cidr), record.stack)
    objects.delete(objects.backend.own_key("costs", f"{record.stack}.json"))
    remove_files(means.folder, record.stack)
    forget(objects, record.stack)


def _last_line(stack: str, record: Record | None, means: Means) -> str:
    if record is None:
        kept = f"; {stack_file(means.folder, stack).name} stays" if stack_file(means.folder, stack).exists() else ""
        return f"{stack}: removed from the backend{kept}"
    return f"{stack}: removed; its name{f' and {record.cidr} are' if record.cidr else ' is'} free again"


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack without resources")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the stack's name.")] = False,
) -> None:
    """Remove a stack that `make destroy` has emptied."""
    run(stack, yes=yes)


if __name__ == "__main__":
    typer.run(main)
