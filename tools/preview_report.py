"""Previews a stack into files that may be published: `python -m tools.preview_report STACK [--out FOLDER]`."""

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from rehearsal import engine
from rehearsal.session import CloudNotStarted, Session, environment, running_cloud
from rehearsal.workspace import open_workspace
from settings import missing_secrets, read_stack
from tools.changes.document import PreviewUnreadable
from tools.changes.event_log import told
from tools.changes.grants import permission_summary
from tools.changes.known_secrets import known_secrets
from tools.changes.masks import Masks, secrets_of
from tools.changes.model import Diagnostic, Preview
from tools.changes.reader import read_preview
from tools.changes.report import FILE, Report, report_of, write_report
from tools.changes.summaries import CostSummary, PolicySummary
from tools.changes.widget import FILE as WIDGET
from tools.changes.widget import write_widget
from tools.comment.context import Context
from tools.comment.marker import without_marker
from tools.comment.page import page
from tools.comment.render import least, render
from tools.comment.warnings import cause
from tools.comment.words import totals
from tools.costing.summary import cost_summary
from tools.policing.summary import policy_or_none
from tools.pulumi_cli import Done, Program, Runner
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences
from tools.setup import ROOT
from tools.state.backend import BackendRefused, found_backend
from tools.state.objects import Objects
from tools.tunnel import reachable

FOLDER: Final = "previews"
"""Where reports go, a folder for each stack; git ignores it."""
SUMMARY: Final = "report.md"
PAGE: Final = "report.html"
_COMMAND: Final = ("preview", "--json", "--show-sames", "--non-interactive")
_SUMMARY_LIMIT: Final = 1_000_000
"""Characters of the summary: GitHub takes 1 MiB of each step's.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""


@dataclass(frozen=True)
class Means:
    """What a preview runs with, so that tests can give it others."""

    run: Runner
    """The engine, where the stack's program and state are."""
    variables: Mapping[str, str]
    """More variables, such as those of a tunnel."""
    state: str | None = None
    """Version of the state, where the backend keeps versions."""
    cost: Callable[[Preview, str], CostSummary | Diagnostic | None] = cost_summary
    """What the preview changes in the bill; never fails."""
    policy: Callable[[Preview, str, CostSummary | None], PolicySummary | None] = policy_or_none
    """What the rules say of it; never fails."""


def preview_report(
    stack: str, means: Means, *, refresh: bool = False, environ: Mapping[str, str] = os.environ
) -> Report:
    """Preview a stack and tell of it, masked. A preview that fails is told of too. Raises `PreviewUnreadable`."""
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    arguments = [*_COMMAND, "--stack", stack, *(["--refresh"] if refresh else [])]
    done = told(means.run, arguments, means.variables)
    preview = _read(stack, done, Masks(secrets_of(environ)))
    if preview.diagnostics:
        # A message may quote what only the stack knows.
        preview = _read(stack, done, Masks([*secrets_of(environ), *known_secrets(stack, means.run)]))
    cost = means.cost(preview, stack)
    if isinstance(cost, Diagnostic):
        preview, cost = replace(preview, diagnostics=(*preview.diagnostics, cost)), None
    policy = means.policy(preview, stack, cost)
    permissions = None if preview.failed else permission_summary(preview, Masks(secrets_of(environ)))
    return report_of(preview, valid_at=began, state=means.state, cost=cost, policy=policy, permissions=permissions)


def _read(stack: str, done: Done, masks: Masks) -> Preview:
    return read_preview(stack, done.output, done.code, done.errors, masks)


def write(report: Report, folder: Path) -> None:
    """Write a stack's report for programs, for GitLab, for a job's summary and for browsers.

    What GitLab would count of a preview that failed is not all that there is, so there is no such file then.
    """
    write_report(report, folder / FILE)
    (folder / WIDGET).unlink(missing_ok=True)
    if not report.failed:
        write_widget(report, folder / WIDGET)
    context = Context(forge="github", project="", merge_request=0, sha="", pipeline=0)
    shown = render([report], context, max(_SUMMARY_LIMIT, least([report], context)))
    (folder / SUMMARY).write_text(without_marker(shown) + "\n", encoding="utf-8")
    (folder / PAGE).write_text(page([report]), encoding="utf-8")


@contextmanager
def real(stack: str, folder: Path = ROOT) -> Generator[Means]:
    """The real stack, through a tunnel where its cluster needs one."""
    state = _version(stack)
    with reachable(stack, folder=folder, at_once=False) as variables:
        yield Means(Program(folder), variables, state)


@contextmanager
def rehearsed(stack: str, folder: Path = ROOT) -> Generator[Means]:
    """The stack's rehearsal: the working tree's program against the simulated cloud, as `make rehearse` left it."""
    lacking = missing_secrets(read_stack(stack, folder))
    workspace = open_workspace(stack, folder, lacking)
    found = engine.find()
    with running_cloud(workspace) as cloud:
        Session(workspace, found, cloud)  # gives the stack its stand-ins for secrets
        environ = {**os.environ, **environment(workspace, found, cloud)}
        yield Means(Program(workspace.folder, environ), {})


def _version(stack: str) -> str | None:
    """Version of the state before the preview; None where the backend is no bucket, or the stack has no state."""
    try:
        backend = found_backend()
    except BackendRefused:
        return None
    stored = Objects(backend).read(backend.state_key(stack))
    return stored.version if stored else None


def run(stack: str, out: Path, *, refresh: bool = False, rehearse: bool = False) -> Report:
    """Preview a stack, write its files and say where they are; raises `typer.Exit` after a sentence."""
    again = f"python -m tools.preview_report {stack}{' --rehearse' * rehearse}"
    with sentences(stack, again):
        try:
            with (rehearsed if rehearse else real)(stack) as means:
                report = preview_report(stack, means, refresh=refresh)
        except PreviewUnreadable as unreadable:
            raise refuse(f"{stack}: {unreadable}: preview it again with `{again}`", BAD_INPUT) from None
        except CloudNotStarted as error:
            raise refuse(f"{stack}: {error}: try again with `{again}`", FAILED) from None
        write(report, out)
    say = errors() if report.failed else Console(highlight=False, soft_wrap=True)
    failed = f"the preview failed ({cause(report)}): correct that, then `{again}`"
    result = failed if report.failed else ", ".join(totals(report.counts)) or "no changes"
    say.print(f"{stack}: {result}; the whole of it is in {out / PAGE}", markup=False)
    return report


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    out: Annotated[Path | None, typer.Option(help=f"Folder of the report; {FOLDER}/STACK when omitted.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Look for drift too.")] = False,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Preview against the simulated cloud.")] = False,
) -> None:
    """Preview a stack into report.json, terraform.json, report.md and report.html: exit code 1 when it fails."""
    report = run(stack, out or Path(FOLDER, stack), refresh=refresh, rehearse=rehearse)
    raise typer.Exit(FAILED if report.failed else 0)


if __name__ == "__main__":
    typer.run(main)
