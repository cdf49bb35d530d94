"""Brings an older version of a stack's state back: `python -m tools.rescue STACK [--version ID]`."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, Any

import typer
from rich.console import Console

from tools.in_turn import in_turn
from tools.pulumi_cli import Pulumi, Runner
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.state.backend import Backend, found_backend
from tools.state.checkpoint import pending_of, resources_of
from tools.state.difference import Named
from tools.state.hold import Held, holding
from tools.state.objects import Objects
from tools.state.recovery import Found, Unsuitable, find, restore

_SHOWN = 20
"""Resources that are named before they are counted."""


@dataclass(frozen=True)
class Means:
    """What a rescue works with, so that tests can give it others."""

    backend: Callable[[], Backend] = found_backend
    run: Runner | None = None
    turn: Callable[[str, str], AbstractContextManager[Any]] = in_turn
    interactive: Callable[[], bool] = lambda: os.isatty(0)


def run(stack: str, version: str = "", *, yes: bool, means: Means | None = None) -> None:
    """Show what would change, ask, keep a copy, put the version back, and see that the engine reads it."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)
    again = f"make rescue STACK={stack}" + (f" VERSION={version}" if version else "")
    with sentences(stack, again):
        backend = means.backend()
    with sentences(stack, again, backend):
        objects = Objects(backend)
        try:
            found = find(objects, stack, version)
            _show(console, stack, found)
            if not _agreed(stack, found, again, yes=yes, means=means):
                raise refuse(f"{stack}: nothing was changed", BAD_INPUT)
            with means.turn(stack, again), holding(objects, stack):
                copy = restore(objects, stack, found)
        except Unsuitable as reason:
            raise refuse(f"{stack}: {reason}", BAD_INPUT) from None
        except Held as held:
            raise refuse(
                f"{stack}: {held} holds the lock, nothing was changed: wait until that ends, or see with "
                f"`make unlock STACK={stack}` whether it is stale, then `{again}`",
                FAILED,
            ) from None
        if copy is None:
            raise refuse(
                f"{stack}: somebody wrote the state meanwhile, nothing was changed: see it with `{again}`", FAILED
            )
        Pulumi(stack, means.run).export()
    if copy:
        console.print(f"{stack}: what was there is kept as s3://{backend.bucket}/{copy}", markup=False)
    console.print(
        f"{stack}: version {found.version.version} is its state again, and the engine reads it. The cloud may have "
        f"changed since: `pulumi refresh --stack {stack}`, then `make preview STACK={stack}`",
        markup=False,
    )


def _show(console: Console, stack: str, found: Found) -> None:
    change, deployment = found.change, found.deployment
    count, when = len(resources_of(deployment)), found.version.modified.astimezone(UTC)
    there = (
        "its state is deleted" if found.current is None else "its state does not decode" if found.now is None else ""
    )
    lines = [
        *([f"{stack}: {there}"] if there else []),
        f"{stack}: version {found.version.version} of {when:%Y-%m-%d %H:%M:%S} UTC has {count} resources",
        *(_lines("  + comes back", change.created) if found.now is not None else ()),
        *_lines("  - is forgotten, and stays in the cloud", change.deleted),
        *_lines("  ~ has its values of then", change.changed),
        *([f"{stack}: it was written in the middle of an update, {len(pending_of(deployment))} operations are pending: "
           f"`make unlock STACK={stack}` afterwards settles them"] if pending_of(deployment) else []),
    ]  # fmt: skip
    for line in lines:
        console.print(line, markup=False)


def _lines(verb: str, found: Sequence[Named]) -> list[str]:
    more = len(found) - _SHOWN
    return [f"{verb}: {each}" for each in found[:_SHOWN]] + ([f"{verb}: {more} more"] if more > 0 else [])


def _agreed(stack: str, found: Found, again: str, *, yes: bool, means: Means) -> bool:
    if yes:
        return True
    if not means.interactive():
        raise refuse(f"{stack}: nobody can be asked here: `{again} YES=1` puts this version back", BAD_INPUT)
    return typer.confirm(f"{stack}: put version {found.version.version} back?", default=False)


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack, also one whose state is gone")],
    version: Annotated[str, typer.Option(help="Id of a version, as `make history` shows it, or its beginning.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the state is written.")] = False,
) -> None:
    """Put an older version of a stack's state back."""
    run(stack, version, yes=yes)


if __name__ == "__main__":
    typer.run(main)
