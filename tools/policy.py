"""Says which rules a stack breaks: `python -m tools.policy STACK [--real] [--json]`."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rehearsal.session import CloudNotStarted
from tools import preview_report
from tools.changes.document import PreviewUnreadable
from tools.changes.event_log import previewed
from tools.changes.model import Diagnostic, Preview
from tools.changes.reader import read_preview
from tools.changes.summaries import CostSummary, Finding, PolicySummary
from tools.costing.previewed import preview_of
from tools.policing.costs import cost_of
from tools.policing.summary import Known, known_of, policy_summary
from tools.policing.wording import exempted, pending
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences


def real(stack: str) -> Preview:
    """The preview of the real stack. Raises `PreviewUnreadable`, and what the way to it raises."""
    with preview_report.real(stack) as means:
        done = previewed(means.run, ["preview", "--non-interactive", "--stack", stack], means.variables)
    return read_preview(stack, done.output, done.code, done.errors)


def cost(preview: Preview, stack: str, deployed: bool) -> CostSummary | Diagnostic | None:
    """What the change of a preview costs."""
    return cost_of(preview, stack, deployed=deployed)


@dataclass(frozen=True)
class Means:
    """What the command works with, so that tests can give it others."""

    rehearsed: Callable[[str], Preview] = preview_of
    real: Callable[[str], Preview] = real
    known: Callable[[str], Known] = known_of
    cost: Callable[[Preview, str, bool], CostSummary | Diagnostic | None] = cost
    """What a change costs; the flag says whether its preview began with what is deployed."""


def run(stack: str, *, on_cloud: bool = False, as_json: bool = False, means: Means | None = None) -> int:
    """Print what the rules say of a stack; 1 when a mandatory one is broken."""
    means = means or Means()
    again = f"make policy STACK={stack}{' REAL=1' * on_cloud}"
    with sentences(stack, again):
        known = means.known(stack)
        try:
            preview = (means.real if on_cloud else means.rehearsed)(stack)
        except PreviewUnreadable as unreadable:
            raise refuse(f"{stack}: {unreadable}: try again with `{again}`", BAD_INPUT) from None
        except CloudNotStarted as error:
            raise refuse(f"{stack}: {error}: try again with `{again}`", FAILED) from None
        estimated = means.cost(preview, stack, on_cloud)
        if isinstance(estimated, Diagnostic):
            errors().print(f"{stack}: {estimated.message}", markup=False)
            estimated = None
        summary = policy_summary(preview, stack, known, estimated)
        if summary is None:
            said = next((each.message for each in preview.diagnostics if each.severity == "error"), "it said nothing")
            raise refuse(f"{stack}: the preview failed ({said}): correct that, then `{again}`", FAILED)
    if as_json:
        print(json.dumps({"stack": stack, "production": known.context.production, **asdict(summary)}, indent=2))
    else:
        show(stack, summary, known)
    return FAILED if summary.count("mandatory") else 0


def show(stack: str, summary: PolicySummary, known: Known) -> None:
    """Print findings by level, the exempt ones, and what nobody can tell yet."""
    console = Console(highlight=False, soft_wrap=True)
    if summary.findings:
        console.print(_table(summary.findings))
        for rule, remedy in {each.rule: each.remedy for each in summary.findings}.items():
            console.print(f"{rule}: {remedy}", markup=False)
    for each in summary.exempt:
        console.print(f"exempt: {exempted(each)}", markup=False)
    for each in summary.unevaluated:
        console.print(f"not evaluated: {pending(each)}", markup=False)
    kind = "production" if known.context.production else "staging"
    last = errors() if summary.count("mandatory") else console
    exempt = sum(bool(each.message) for each in summary.exempt)
    last.print(
        f"{stack} ({kind}): {summary.count('mandatory')} mandatory, {summary.count('advisory')} advisory, "
        f"{exempt} exempt, {len(summary.unevaluated)} not evaluated before the update",
        markup=False,
    )


def _table(findings: tuple[Finding, ...]) -> Table:
    table = Table("Level", "Rule", "Resource", "What is wrong", box=None, pad_edge=False)
    for each in findings:
        table.add_row(each.level, each.rule, each.resource, each.message)
    return table


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    on_cloud: Annotated[bool, typer.Option("--real", help="Preview the real stack, not its rehearsal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say which rules a stack breaks; 1 when a mandatory one is among them."""
    raise typer.Exit(run(stack, on_cloud=on_cloud, as_json=as_json))


if __name__ == "__main__":
    typer.run(main)
