"""Examines a stack and says what to type for all that is wrong: `python -m tools.doctor STACK [--json]`."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from tools.doctoring.examination import examine, first_broken
from tools.doctoring.finding import LEVELS, Finding, Level
from tools.doctoring.scene import Scene
from tools.sentences import FAILED

_STYLES: Final[dict[Level, str]] = {"ok": "green", "warning": "yellow", "broken": "bold red", "not checked": "dim"}
_LEVEL, _CHECK = 13, 15
"""Columns of the first two words of a line."""


def run(scene: Scene, *, as_json: bool) -> int:
    """Print every finding as it comes; the exit code is 1 when anything is broken."""
    found: list[Finding] = []
    for each in examine(scene):
        found.append(each)
        if not as_json:
            show(each)
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    else:
        Console(highlight=False, soft_wrap=True).print(f"{scene.stack}: {summary(found)}", markup=False)
    return FAILED if any(each.level == "broken" for each in found) else 0


def show(finding: Finding) -> None:
    """Print one line, and below it what to type."""
    console = Console(highlight=False, soft_wrap=True)
    line = Text(f"{finding.level:<{_LEVEL}}", style=_STYLES[finding.level])
    console.print(line + Text(f"{finding.check:<{_CHECK}}{finding.text}", style="default"))
    if finding.fix and finding.level != "ok":
        console.print(Text(f"{'':<{_LEVEL + _CHECK}}{finding.fix}"))


def summary(found: Iterable[Finding]) -> str:
    """How many findings there are of each level."""
    counted = Counter(each.level for each in found)
    return ", ".join(f"{counted[level]} {level}" for level in LEVELS if counted[level])


def after_failure(stack: str, scene: Scene | None = None) -> str | None:
    """Why a command of the engine may have failed, in one sentence; None when the way to the state is right.

    For commands whose output went to the terminal: nobody but the person has read it.
    """
    found = first_broken(scene or Scene(stack))
    return f"{stack}: {found.check}: {found.text}: {found.fix}".rstrip(": ") if found else None


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Examine a stack: backend, credentials, clock, key, lock, state, settings, versions, budget."""
    raise typer.Exit(run(Scene(stack), as_json=as_json))


if __name__ == "__main__":
    typer.run(main)
