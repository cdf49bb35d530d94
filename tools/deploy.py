"""Deploys a stack exactly as it was reviewed: `python -m tools.deploy STACK --reviewed previews/STACK/report.json`."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tools import preview_report, up
from tools.changes.report import FILE, Report, ReportUnreadable, read_report
from tools.comment.marker import without_marker
from tools.comment.render import render
from tools.in_turn import in_turn
from tools.preview_comment import context_of
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences
from tools.state.backend import found_backend
from tools.state.objects import Objects
from tools.state.reviewed import Reviewed, forget, remember, remembered
from tools.turn import Turn


def up_within(stack: str, turn: Turn) -> int:
    """`make up` within a turn that has been taken."""

    def same(stack: str, again: str, folder: Path) -> AbstractContextManager[Turn]:
        del stack, again, folder
        return nullcontext(turn)

    return up.run(stack, preview=False, yes=True, means=up.Means(turn=same))


@dataclass(frozen=True)
class Means:
    """What a deployment works with, so that tests can give it others."""

    objects: Callable[[], Objects] = lambda: Objects(found_backend())
    preview: Callable[[str, Path], Report] = preview_report.run
    deploy: Callable[[str, Turn], int] = up_within
    turn: Callable[[str, str], AbstractContextManager[Turn]] = in_turn
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def seen_of(report: Report) -> Reviewed:
    """What somebody has seen who has read a report."""
    return Reviewed(report.digest, report.state or "", report.valid_at)


def why_not(shown: Reviewed, seen: Reviewed | None, now: datetime) -> str | None:
    """Why a plan was not reviewed, in words that follow `what would happen now`; None when it was."""
    if seen is None:
        return "has not been reviewed"
    if seen.digest != shown.digest:
        return "is not what was reviewed"
    if not seen.fits(shown):
        return "begins with another state than what was reviewed: somebody has deployed meanwhile"
    return None if seen.lasts(now) else "was reviewed more than a day ago"


def run(stack: str, reviewed: Path | None, folder: Path, means: Means | None = None) -> int:
    """Preview again, and deploy if that is what was reviewed; otherwise show it, and ask for the step once more."""
    means = means or Means()
    again = f"make deploy STACK={stack}"
    # From the preview to the end of the update nobody else is at work on the stack.
    with sentences(stack, again), means.turn(stack, again) as turn:
        objects = means.objects()
        seen = _read(reviewed)
        report = means.preview(stack, folder)
        if report.failed:
            raise refuse(f"{stack}: nothing was deployed, because its preview failed: see above", FAILED)
        shown = seen_of(report)
        reasons = [why_not(shown, each, means.now()) for each in (remembered(objects, stack), seen)]
        if all(reasons):
            _show(report)
            remember(objects, stack, shown)
            reason = reasons[1] if seen else reasons[0]
            raise refuse(
                f"{stack}: nothing was deployed, because what would happen now {reason}. Read it above; "
                f"running this step once more (`{again}`) deploys exactly that",
                FAILED,
            )
        code = means.deploy(stack, turn)
        if not code:
            forget(objects, stack)
    return code


def _read(file: Path | None) -> Reviewed | None:
    if file is None:
        return None
    try:
        return seen_of(read_report(file))
    except ReportUnreadable as unreadable:
        errors().print(str(unreadable), markup=False)
        raise typer.Exit(BAD_INPUT) from None


def _show(report: Report) -> None:
    text = without_marker(render([report], context_of(None)))
    Console(highlight=False, soft_wrap=True).print(text, markup=False)


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    reviewed: Annotated[
        Path | None, typer.Option(help=f"{FILE} that was reviewed; what this step showed last when omitted.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report of what would happen now.")] = None,
) -> None:
    """Deploy a stack if that does exactly what was reviewed; exit code 1 after showing what is new otherwise."""
    raise typer.Exit(run(stack, reviewed, out or Path(preview_report.FOLDER, f"{stack}-now")))


if __name__ == "__main__":
    typer.run(main)
