"""Asks the site of a stack whether it is well: `python -m tools.site_smoke STACK`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from tools.sentences import FAILED
from tools.site.means import Means, at_place
from tools.site.smoke import show


def run(stack: str, *, preview: str, as_json: bool, means: Means | None = None) -> bool:
    """Ask until all is well or the time is over; whether all is well."""
    means = means or Means()
    with at_place(stack, f"make site-smoke STACK={stack}", means, preview) as place:
        found = means.smoke(place.address, means.released(place))
    if as_json:
        typer.echo(json.dumps({"address": place.address, "findings": [asdict(each) for each in found]}, indent=2))
        return all(each.good for each in found)
    return show(found, Console(highlight=False, soft_wrap=True))


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    preview: Annotated[str, typer.Option(help="Ask the site of a merge request, such as mr-42.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask the site of a stack, its headers, its 404 page and a file of its style: 0 when all are well, else 1."""
    if not run(stack, preview=preview, as_json=as_json):
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    typer.run(main)
