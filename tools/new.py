"""Makes a stack of one's own, which goes away by itself: `python -m tools.new STACK --from staging --ttl 8h`."""

from typing import Annotated

import typer
from rich.console import Console

from tools.sentences import errors
from tools.stack_copies.claims import Desk
from tools.stack_copies.files import restore_files
from tools.stack_copies.lifetimes import told as time_left
from tools.stack_copies.making import Made, make
from tools.stack_copies.means import Means
from tools.stack_copies.names import stack_file
from tools.stack_copies.refused import StackRefused, told
from tools.stack_copies.request import Request, quota_of, read_request
from tools.state.registry import read_record

TTL = "8h"
"""How long a stack lives unless told otherwise: a day of work."""
_SAID_ABOVE = ("socle:network.cidr", "socle:owner", "socle:expires")


def run(stack: str, source: str, ttl: str, owner: str, means: Means | None = None) -> None:
    """Make the stack, and print what it is; everything is undone when a step fails."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)
    with told(stack, f"make new STACK={stack} FROM={source} TTL={ttl}"):
        request = read_request(stack, source, ttl, owner, means.folder)
        objects = means.objects()
        desk = Desk(objects, means.person(objects), means.folder, quota_of(means.folder), objects.now())
        made = make(desk, request, means.commands, lambda line: errors().print(line, markup=False))
        for line in _report(request, made, desk):
            console.print(line, markup=False)
        means.estimate(stack)
        console.print(f"Next: `make up STACK={stack}`; `make destroy` and `make remove` give it back.", markup=False)


def restore(stack: str, means: Means | None = None) -> None:
    """Write the file of a stack that was made with `make new`, for a checkout that does not have it."""
    means = means or Means()
    with told(stack, f"make new STACK={stack} RESTORE=1"):
        objects = means.objects()
        record, file = read_record(objects, stack), stack_file(means.folder, stack)
        if record is None or not record.complete:
            raise StackRefused(f"{stack}: nobody made it with `make new`: `make stacks` shows which stacks there are")
        if file.exists():
            raise StackRefused(f"{stack}: {file.name} is here already, nothing was changed")
        restore_files(record, means.folder)
        Console(highlight=False, soft_wrap=True).print(
            f"{stack}: {file.name} is back, as {record.person_name} ({record.person_arn}) made it from "
            f"{record.source}; it expires {record.expires}, {time_left(record.expires, objects.now())}",
            markup=False,
        )


def _report(request: Request, made: Made, desk: Desk) -> list[str]:
    """What was made, for people."""
    record, origin = made.record, request.origin.stack
    lines = [f"{record.stack}: made from {origin} for {record.person_arn}"]
    lines.append(f"  settings   {made.file.name}, owner {made.settings.owner}")
    if record.cidr:
        lines.append(f"  addresses  {record.cidr}")
    lines.append(f"  expires    {record.expires}, {time_left(record.expires, desk.now)}; `make extend` prolongs it")
    if made.copied:
        lines.append(f"  secrets    {', '.join(made.copied)}, as {origin} has them")
    lines.append(f"What {origin} has otherwise; edit {made.file.name} to have it back:")
    lines += [f"  {change}" for change in made.changes if change.key not in _SAID_ABOVE]
    if made.lacking:
        lines.append("Secrets that it needs before it can be deployed:")
        lines += [f"  make secret STACK={record.stack} KEY={key}  ({why})" for key, why in made.lacking.items()]
    return lines


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="its name, such as dev-search-page")],
    source: Annotated[str, typer.Option("--from", help="The stack that it is made from.")] = "staging",
    ttl: Annotated[str, typer.Option(help="How long it lives, from 30m to 14d.")] = TTL,
    owner: Annotated[str, typer.Option(help="Who answers for it; whoever makes it when omitted.")] = "",
    restore_file: Annotated[bool, typer.Option("--restore", help="Only write the file of one that exists.")] = False,
) -> None:
    """Make a stack of one's own: its state, its addresses, its names, smaller, and with an end."""
    if restore_file:
        restore(stack)
    else:
        run(stack, source, ttl, owner)


if __name__ == "__main__":
    typer.run(main)
