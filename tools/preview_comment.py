"""Tells a merge request what it would change: `python -m tools.preview_comment [--dry-run]`."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from tools import preview_report
from tools.changes.report import FILE, Report, ReportUnreadable, failed_report, read_reports
from tools.comment.context import LIMITS, Context, Subject
from tools.comment.marker import Marker, find_marker, is_older, same_but_time, without_marker
from tools.comment.render import render, render_stale
from tools.costing.gate import OVER_BUDGET
from tools.costing.reading import CostsRefused
from tools.costing.summary import verdict_of
from tools.forge.ci_job import CiJob, ci_job
from tools.forge.forge import ForgeRefused
from tools.forge.posting import Posted, Rules, found_note, post
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.setup import ROOT

COMMENT: Final = "comment.md"
"""The comment as it would be posted, kept with the reports."""
_SUMMARY_LIMIT: Final = 900_000
"""https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary"""
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
_NO_REPORT: Final = "its job ended without a report: see its log"


def rules(subject: Subject) -> Rules:
    """How our notes on a subject are told from others, and from newer ones."""

    def marked(text: str) -> Marker | None:
        found = find_marker(text)
        return found if found and found.subject == subject else None

    def older(one: str, other: str) -> bool:
        first, second = marked(one), marked(other)
        return bool(first and second and is_older(first, second))

    return Rules(ours=lambda text: marked(text) is not None, older=older, same=same_but_time)


@dataclass(frozen=True)
class Means:
    """What a comment is made with, so that tests can give it others."""

    environ: Mapping[str, str]
    rehearse: Callable[[str, Path], object] = lambda stack, out: preview_report.run(stack, out, rehearse=True)


def stacks_of(folder: Path = ROOT) -> list[str]:
    """Stacks that have a file."""
    return sorted(file.name.split(".")[1] for file in folder.glob("Pulumi.*.yaml"))


def gathered(folder: Path, expected: Sequence[str]) -> list[Report]:
    """The reports in a folder, and a failed one for every stack whose job left none. Raises `ReportUnreadable`."""
    reports = read_reports(folder)
    there = {report.stack for report in reports}
    now = datetime.now(UTC).strftime(_MOMENT)
    missing = [failed_report(stack, _NO_REPORT, now) for stack in expected if stack not in there]
    return sorted([*reports, *missing], key=lambda report: report.stack)


def context_of(job: CiJob | None, subject: Subject = "preview", later: Sequence[str] = ()) -> Context:
    """Where a comment stands; on a laptop, nowhere."""
    if job is None:
        return Context(forge="gitlab", project="", merge_request=0, sha="", pipeline=0, subject=subject, later=later)
    return Context(
        forge=job.kind,
        project=job.project,
        merge_request=job.request or 0,
        sha=job.sha,
        pipeline=job.pipeline,
        job_url=job.url,
        report_url=job.artifacts_url,
        subject=subject,
        later=later,
    )


def posted(reports: Sequence[Report], job: CiJob, context: Context) -> Posted:
    """Write or renew the note on the job's merge request. Raises `ForgeRefused`."""
    forge, request, kind = job.forge(), job.request or 0, rules("preview")
    body = render(reports, context, min(forge.limit, LIMITS[job.kind]))
    if reports and all(report.failed for report in reports):
        before = found_note(forge, request, kind)
        # What the last good preview told stays there to be read, marked as no longer valid.
        if before:
            body = render_stale(before.body, body, forge.limit)
    return post(forge, request, body, kind)


def run(
    folder: Path, expected: Sequence[str], *, dry_run: bool, means: Means, later: Sequence[str] | None = None
) -> None:
    """Post the comment of the reports in a folder, or print it; raises `typer.Exit` after a sentence.

    `later` are stacks that are previewed after the merge; who gives it has looked at what a change touches, and says by
    an empty `expected` that it touches none.
    """
    console = Console(highlight=False, soft_wrap=True)
    job = ci_job(means.environ)
    if dry_run and job is None:
        for stack in expected:
            means.rehearse(stack, folder / stack)
    try:
        reports = gathered(folder, expected)
    except ReportUnreadable as unreadable:
        raise refuse(str(unreadable), BAD_INPUT) from None
    if not reports and later is None:
        raise refuse(f"{folder}: has no {FILE} of any stack: `make preview-report STACK=...` writes it", BAD_INPUT)
    context = context_of(job, later=later or ())
    if not reports:
        context = replace(context, valid_at=datetime.now(UTC).strftime(_MOMENT))
    text = render(reports, context)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / COMMENT).write_text(text + "\n", encoding="utf-8")
    if dry_run:
        typer.echo(text)
        return
    if job and job.summary_file:
        with Path(job.summary_file).open("a", encoding="utf-8") as summary:
            summary.write(without_marker(text)[:_SUMMARY_LIMIT] + "\n")
    silent = "this is no job of GitLab CI or GitHub Actions" if job is None else job.why_silent()
    if job is None or silent:
        console.print(f"no comment: {silent}; it is in {folder / COMMENT}", markup=False)
    else:
        try:
            done = posted(reports, job, context)
        except ForgeRefused as refused:
            raise refuse(f"no comment: {refused}; it is in {folder / COMMENT}", FAILED) from None
        url = job.forge().note_url(job.request or 0, done.note)
        console.print(f"comment {done.deed}: {url}", markup=False)
    _stop_above_budget(reports)


def _stop_above_budget(reports: Sequence[Report]) -> None:
    """End with exit code 3 when the stacks cost more than the budget, and this change adds to that."""
    try:
        verdict = verdict_of(reports)
    except CostsRefused as refused:
        raise refuse("; ".join(refused.problems), BAD_INPUT) from None
    if verdict and verdict.level == "stop":
        raise refuse(verdict.sentence, OVER_BUDGET)


def main(
    stacks: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="Stacks; all when omitted.")] = None,
    reports: Annotated[Path, typer.Option(help="Folder with the reports of all stacks.")] = Path(preview_report.FOLDER),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print it; outside of a pipeline, of a rehearsal of the working tree.")
    ] = False,
) -> None:
    """Write the comment on the merge request that this pipeline belongs to, or bring it up to date."""
    known = stacks_of()
    for stack in stacks or ():
        if stack not in known:
            raise refuse(f"There is no stack {stack}. The stacks are {', '.join(known)}.", BAD_INPUT)
    run(reports, stacks or known, dry_run=dry_run, means=Means(os.environ))


if __name__ == "__main__":
    typer.run(main)
