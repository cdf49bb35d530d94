"""Compares a stack with the cloud, and keeps an issue on what differs: `python -m tools.drift STACK`."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from settings import read_stack
from tools import preview_report
from tools.changes.report import Report
from tools.comment.context import LIMITS
from tools.comment.marker import find_marker, without_marker
from tools.comment.render import render
from tools.forge.ci_job import CiJob, ci_job
from tools.forge.forge import ForgeRefused
from tools.forge.posting import Rules, close_issue, upsert_issue
from tools.preview_comment import context_of, rules
from tools.sentences import FAILED, refuse, sentences

_CLOSED: Final = "The cloud is what the settings say again"


def asleep(stack: str) -> bool:
    """Whether the stack's own schedule has its machines off now, so that no cluster answers."""
    with sentences(stack, f"make drift STACK={stack}"):
        sleep = read_stack(stack).sleep
    return sleep is not None and not sleep.is_awake(datetime.now(UTC))


@dataclass(frozen=True)
class Means:
    """What a comparison works with, so that tests can give it others."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    preview: Callable[[str, Path], Report] = lambda stack, out: preview_report.run(stack, out, refresh=True)
    asleep: Callable[[str], bool] = asleep


def of_stack(stack: str) -> Rules:
    """How the issue on the drift of one stack is told from those of others."""
    any_drift = rules("drift")

    def ours(text: str) -> bool:
        marker = find_marker(text)
        return any_drift.ours(text) and marker is not None and set(marker.stacks) == {stack}

    return Rules(ours=ours, older=any_drift.older, same=lambda one, other: _told(one) == _told(other))


def _told(body: str) -> str:
    """What an issue says, without the night and the job of which it says it, in its marker and its last line."""
    return without_marker(body).rpartition("\n\n")[0]


def differs(report: Report) -> bool:
    """Whether the cloud has something otherwise than the state, or the state otherwise than the settings."""
    return report.counts.total > 0 or bool(report.drift and report.drift.changes)


def title_of(report: Report) -> str:
    """Title of the issue on a stack's drift."""
    if report.failed:
        return f"Drift of {report.stack}: nobody can tell, its preview fails"
    drifted = len(report.drift.changes) if report.drift else 0
    parts = [f"{drifted} changed in the cloud"] * bool(drifted)
    parts += [f"{report.counts.total} not deployed"] * bool(report.counts.total)
    return f"Drift of {report.stack}: {', '.join(parts)}"


def tell(report: Report, job: CiJob) -> str:
    """Open, renew or close the issue on a stack's drift; what was done. Raises `ForgeRefused`."""
    forge, kind = job.forge(), of_stack(report.stack)
    if not report.failed and not differs(report):
        closed = close_issue(forge, f"{_CLOSED}: {job.url}", kind)
        return f"issue closed: {closed.url}" if closed else "no issue is open"
    body = render([report], context_of(job, "drift"), min(forge.limit, LIMITS[job.kind]))
    deed, issue = upsert_issue(forge, title_of(report), body, kind)
    return f"issue {deed}: {issue.url}"


def run(stack: str, out: Path, means: Means) -> bool:
    """Compare a stack with the cloud; whether both are what the settings say, as far as that can be told."""
    console = Console(highlight=False, soft_wrap=True)
    job = ci_job(means.environ)
    # Somebody who types it may have woken the stack; a pipeline has not.
    if job and means.asleep(stack):
        console.print(f"{stack}: asleep by socle:sleep, and compared only while its machines run", markup=False)
        return True
    report = means.preview(stack, out)
    clean = not report.failed and not differs(report)
    if not clean:
        console.print(without_marker(render([report], context_of(None, "drift"))), markup=False)
    if job and job.token:
        try:
            console.print(f"{stack}: {tell(report, job)}", markup=False)
        except ForgeRefused as refused:
            raise refuse(f"{stack}: no issue: {refused}", FAILED) from None
    elif job:
        console.print(f"{stack}: no issue, because this job has no token for the forge", markup=False)
    verdict = "the cloud is what the settings say" if clean else title_of(report)
    console.print(f"{stack}: {verdict}", markup=False)
    return clean


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
) -> None:
    """Compare a stack with the cloud: exit code 0 when nothing differs, else 1."""
    if not run(stack, out or Path(preview_report.FOLDER, f"{stack}-drift"), Means()):
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    typer.run(main)
