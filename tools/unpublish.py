"""Takes the site of a stack back to a release, or a preview away: `python -m tools.unpublish STACK`."""

from typing import Annotated

import typer
from rich.console import Console

from tools.sentences import FAILED
from tools.site.means import Means, at_place
from tools.site.place import Place
from tools.site.returning import go_back, way_back
from tools.site.smoke import show


def run(stack: str, *, preview: str, release: str, dry_run: bool, take_over: bool, means: Means | None = None) -> None:
    """Go back, or take a preview away; raises `typer.Exit` when that fails or the site is not well afterwards."""
    means, console = means or Means(), Console(highlight=False, soft_wrap=True)
    again = f"make unpublish STACK={stack}{f' PREVIEW={preview}' if preview else ''}"
    with at_place(stack, again, means, preview) as place:
        if preview:
            _take_away(place, means, console, dry_run=dry_run)
            return
        way = way_back(place, release, means)
        what = f"{place.address} goes from {way.left} to {way.target.id} of {way.target.since:%Y-%m-%d %H:%M} UTC"
        files = f"{len(way.changes.uploaded)} files put back, {len(way.changes.deleted)} deleted"
        console.print(f"{what}: {files}, {len(way.paths)} addresses refreshed", markup=False)
        if dry_run:
            return
        went = go_back(way, again, means, take_over=take_over)
        console.print(f"{place.address} is release {went.id} again", markup=False)
        found = means.smoke(place.address, went.files["index.html"].etag)
    if not show(found, console):
        raise typer.Exit(FAILED)


def _take_away(place: Place, means: Means, console: Console, *, dry_run: bool) -> None:
    shelf = means.shelf(place)
    paths = sorted(shelf.listing())
    if not paths:
        console.print(f"{place.address} is not there", markup=False)
        return
    console.print(f"{place.address}: {len(paths)} files go", markup=False)
    if not dry_run:
        shelf.delete(paths)
        means.cache(place).forget([f"{place.base}*"], f"{means.objects(place).now():%Y%m%dT%H%M%S}", lambda: None)
        console.print(f"{place.address} is gone", markup=False)


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    preview: Annotated[str, typer.Option(help="Take the site of a merge request away, such as mr-42.")] = "",
    release: Annotated[str, typer.Option(help="Release to go to; the one before when omitted.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Go on where another one is known to be dead.")
    ] = False,
) -> None:
    """Put the files of an earlier release back, without building anything."""
    run(stack, preview=preview, release=release, dry_run=dry_run, take_over=take_over)


if __name__ == "__main__":
    typer.run(main)
