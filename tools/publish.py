"""Publishes the built site of a stack, or of a merge request: `python -m tools.publish STACK [--preview NAME]`."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console

from tools.sentences import FAILED
from tools.site.built import read_built
from tools.site.means import Means, at_place
from tools.site.publishing import Plan, commit_of, is_done, plan, publish, publish_preview, release_id
from tools.site.refused import SiteRefused
from tools.site.smoke import show

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MOST: Final = 20
"""Files that are listed by name."""


def run(stack: str, *, preview: str, release: str, dry_run: bool, take_over: bool, means: Means | None = None) -> None:
    """Publish what was built; raises `typer.Exit` when that fails or the site is not well afterwards."""
    means, console = means or Means(), Console(highlight=False, soft_wrap=True)
    again = f"make publish STACK={stack}{f' PREVIEW={preview}' if preview else ''}"
    with at_place(stack, again, means, preview) as place:
        if release and (preview or not _NAME.fullmatch(release)):
            why = "a preview has no releases" if preview else "use up to 80 letters, digits, dots and dashes"
            raise SiteRefused(f"RELEASE is {release!r}: {why}")
        planned = plan(place, read_built(place, means.source), means)
        if is_done(planned):
            console.print(f"{place.address} is already what was built, nothing is published", markup=False)
            return
        _show(planned, console)
        if dry_run:
            return
        commit = commit_of()
        name = release or release_id(means.objects(place).now(), commit)
        if preview:
            publish_preview(planned, f"{preview}-{name}", means)
        else:
            publish(planned, name, commit, again, means, take_over=take_over)
        console.print(f"{place.address} is {preview or f'release {name}'} now", markup=False)
        found = means.smoke(place.address, planned.built.files["index.html"].etag)
    if not show(found, console):
        console.print(f"{stack}: the site is not well: `make unpublish STACK={stack}` goes back", markup=False)
        raise typer.Exit(FAILED)


def _show(planned: Plan, console: Console) -> None:
    changes = planned.changes
    for what, paths in (("upload", changes.uploaded), ("delete", changes.deleted), ("refresh", planned.paths)):
        console.print(f"{what:8}{_listed(paths)}", markup=False)


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST} more" if len(paths) > _MOST else ""
    return f"{len(paths):4}  {' '.join(paths[:_MOST])}{more}".rstrip()


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    preview: Annotated[str, typer.Option(help="Publish under /previews/NAME/, such as mr-42.")] = "",
    release: Annotated[str, typer.Option(help="Name of the release; the time and the commit when omitted.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Go on where another one is known to be dead.")
    ] = False,
) -> None:
    """Publish the built site: hashed files first, deletions last, caches refreshed where something changed."""
    run(stack, preview=preview, release=release, dry_run=dry_run, take_over=take_over)


if __name__ == "__main__":
    typer.run(main)
