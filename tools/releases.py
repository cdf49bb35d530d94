"""Lists the releases of a stack's site: `python -m tools.releases STACK`."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.site.current import Current
from tools.site.means import Means, at_place
from tools.site.release import Release, Releases


def run(stack: str, *, as_json: bool, means: Means | None = None) -> None:
    """Print the releases on record, the newest first, and what is half done."""
    means = means or Means()
    with at_place(stack, f"make releases STACK={stack}", means) as place:
        objects = means.objects(place)
        pointer, found = Current(objects).read().pointer, Releases(objects).all()
    if as_json:
        releases = [each.model_dump(mode="json", exclude={"files"}) | {"files": len(each.files)} for each in found]
        attempt = pointer.attempt and pointer.attempt.release
        typer.echo(json.dumps({"current": pointer.release, "attempt": attempt, "releases": releases}, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(_table(found, pointer.release) if found else f"{stack}: nothing was published yet")
    if pointer.attempt:
        attempt = pointer.attempt
        console.print(f"{attempt.by} on {attempt.host} has not completed {attempt.release}", markup=False)


def _table(found: list[Release], current: str | None) -> Table:
    table = Table("Release", "Since (UTC)", "By", "Files", "")
    for each in found:
        mark = "current" if each.id == current else ""
        table.add_row(each.id, f"{each.since:%Y-%m-%d %H:%M}", each.by, str(len(each.files)), mark)
    return table


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the releases of the site that `make unpublish` can go back to."""
    run(stack, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
