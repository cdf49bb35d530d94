"""What the commands about stacks of one's own work with, so that tests can give them others."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import typer

from tools.drain import confirmed
from tools.in_turn import in_turn
from tools.sentences import BAD_INPUT, refuse
from tools.setup import ROOT
from tools.stack_copies.commands import Commands
from tools.state.backend import found_backend
from tools.state.objects import Objects, client_of
from tools.state.person import Person, whoami
from tools.up import estimate


@dataclass(frozen=True)
class Means:
    """The checkout, the bucket, the engine, and whoever runs this."""

    folder: Path = ROOT
    """Where the stack files are."""
    objects: Callable[[], Objects] = lambda: Objects(found_backend())
    person: Callable[[Objects], Person] = lambda objects: whoami(client_of(objects.backend, "sts"))
    commands: Commands = field(default_factory=Commands)
    turn: Callable[[str, str, Path], AbstractContextManager[object]] = in_turn
    """Keeps others from the stack meanwhile, given its name and the command to type again."""
    estimate: Callable[[str], int | None] = estimate
    """Prints what a stack costs, where something can tell."""


def ask(stack: str, what: str, again: str, *, yes: bool) -> None:
    """Have the stack's name typed, unless told not to. Raises `typer.Exit` after a sentence when it is not."""
    try:
        agreed = confirmed(stack, what, yes=yes)
    except typer.Abort:
        raise refuse(
            f"{stack}: nobody answered, nothing was changed: `{again} YES=1` does not ask", BAD_INPUT
        ) from None
    if not agreed:
        raise refuse(f"{stack}: that was not its name, nothing was changed", BAD_INPUT)
