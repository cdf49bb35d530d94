"""Lists the versions of a stack's state by the command that wrote them: `python -m tools.history STACK [--json]`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from tools.sentences import BAD_INPUT, refuse, sentences
from tools.state.backend import Backend, found_backend
from tools.state.objects import Objects
from tools.state.timeline import LIMIT, Step, timeline

_WIDEST: Final = 1000
"""Columns that a table may have: an id of S3 has up to 1,024 characters, in practice 32."""


def run(stack: str, *, as_json: bool, limit: int = LIMIT, backend: Backend | None = None) -> None:
    """Print what wrote the state of a stack; works on one whose object is deleted or broken too."""
    with sentences(stack, f"make history STACK={stack}"):
        objects = Objects(backend or found_backend())
        steps = timeline(objects, stack, limit)
    if not steps:
        raise refuse(
            f"{stack}: {objects.backend.url} has no version of its state and never had one: `make stacks` shows the "
            "stacks that are there",
            BAD_INPUT,
        )
    if as_json:
        print(json.dumps([_record(each) for each in steps], indent=2))
        return
    show(steps)
    Console(highlight=False, soft_wrap=True).print(_last_line(stack, steps[0]), markup=False)


def show(steps: Sequence[Step]) -> None:
    """Print the table, as wide as it is: the id of a version has to stay in one piece."""
    table = Table("when (UTC)", "who", "what", "result", "resources", "change", "version", box=None, pad_edge=False)
    for each in steps:
        style = "red" if each.broken or each.kind in ("deleted", "cut off") else ""
        table.add_row(
            f"{each.when.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            each.who or "?",
            each.kind,
            each.result,
            "" if each.resources is None else str(each.resources),
            each.change.words() if each.change is not None else "",
            each.version,
            style=style,
        )
    Console(highlight=False, width=Console(width=_WIDEST).measure(table).maximum).print(table)


def _last_line(stack: str, newest: Step) -> str:
    rescue = f"`make rescue STACK={stack} VERSION=…`"
    if newest.kind == "deleted":
        return f"{stack}: its state was deleted, `make rescue STACK={stack}` brings the newest version back"
    if newest.broken:
        return f"{stack}: {newest.result}, `make rescue STACK={stack}` brings the newest version back that decodes"
    if newest.kind == "cut off":
        return f"{stack}: the last command was cut off, `make doctor STACK={stack}` says how to go on"
    return f"{stack}: {rescue} goes back to one of these"


def _record(step: Step) -> dict[str, Any]:
    found = asdict(step) | {"when": step.when.isoformat()}
    if step.change is not None:
        found["change"] = {
            verb: [str(each) for each in getattr(step.change, verb)] for verb in ("created", "deleted", "changed")
        }
    return found


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack, also one whose state is gone")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all names.")] = False,
    count: Annotated[int, typer.Option(min=1, help="How many commands are shown.")] = LIMIT,
) -> None:
    """List the versions of a stack's state."""
    run(stack, as_json=as_json, limit=count)


if __name__ == "__main__":
    typer.run(main)
