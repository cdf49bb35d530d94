"""Previews a stack if a change can touch it: `python -m tools.preview_touched STACK --since origin/main`.

Production is previewed after the merge: its preview needs its secrets, which no branch may open.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from bootstrap.answers import read_answers
from tools import preview_report
from tools.changes.report import Report
from tools.preview_comment import stacks_of
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.setup import ROOT
from tools.touched import changed_since, touched

REHEARSE: Final = "SOCLE_REHEARSE"
"""Variable that previews against the simulated cloud, production too: it has no secrets but stand-ins."""


def _preview(stack: str, out: Path, rehearse: bool) -> Report:
    return preview_report.run(stack, out, rehearse=rehearse)


@dataclass(frozen=True)
class Means:
    """What it works with, so that tests can give it others."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = ROOT
    preview: Callable[[str, Path, bool], Report] = _preview

    @property
    def rehearse(self) -> bool:
        """Whether the simulated cloud takes the place of AWS."""
        return bool(self.environ.get(REHEARSE))


@dataclass(frozen=True)
class Plan:
    """Stacks that a change touches."""

    now: tuple[str, ...]
    """Those that its pipeline previews."""
    later: tuple[str, ...]
    """Those that are previewed after the merge."""


def plan(since: str, means: Means) -> Plan:
    """Which stacks to preview for the change since a commit or branch; raises `typer.Exit` after a sentence."""
    try:
        changed = changed_since(since or "origin/main", means.folder)
    except ValueError as error:
        raise refuse(f"SINCE: {error}: fetch it with `git fetch`, or name another", BAD_INPUT) from None
    found = touched(changed, stacks_of(means.folder))
    with sentences("bootstrap", "make bootstrap"):
        production = () if means.rehearse else read_answers(means.folder).production
    return Plan(
        tuple(stack for stack in found if stack not in production),
        tuple(stack for stack in found if stack in production),
    )


def run(stack: str, since: str, means: Means | None = None) -> int:
    """Preview the stack, or say in one line why there is nothing to preview; the exit code."""
    means = means or Means()
    say = Console(highlight=False, soft_wrap=True).print
    found = plan(since, means)
    if stack in found.later:
        say(f"{stack}: is production, whose secrets no branch may open: it is previewed after the merge", markup=False)
        return 0
    if stack not in found.now:
        say(f"{stack}: the change does not touch it", markup=False)
        return 0
    if means.rehearse:
        say(f"{stack}: a rehearsal, because {REHEARSE} is set: this says nothing about AWS", markup=False)
    report = means.preview(stack, means.folder / preview_report.FOLDER / stack, means.rehearse)
    return FAILED if report.failed else 0


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    since: Annotated[str, typer.Option(help="Branch or commit that the change began at.")] = "origin/main",
) -> None:
    """Preview a stack if a change can touch it: exit code 1 when its preview fails."""
    raise typer.Exit(run(stack, since))


if __name__ == "__main__":
    typer.run(main)
