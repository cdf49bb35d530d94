"""What stacks cost a month, before they exist: `python -m tools.cost [STACK...]`."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rehearsal.session import CloudNotStarted
from tools.changes.model import Preview
from tools.costing import pairs as pair
from tools.costing.compare import Changes, changes_in, compared, differences
from tools.costing.estimate import Estimate
from tools.costing.forms import forms
from tools.costing.gate import OVER_BUDGET, Verdict
from tools.costing.judged import judged
from tools.costing.kept import Known, keep, known
from tools.costing.money import Money, read_money
from tools.costing.previewed import deployed_preview, preview_of
from tools.costing.reading import COSTS, CostsRefused
from tools.costing.shown import Costed, as_json, chart, markdown, remarks, table, verdict_as_json
from tools.costing.stack_cost import bill, costed, prices_for, usage_of
from tools.costing.totals import total_of
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences
from tools.setup import ROOT


@dataclass(frozen=True)
class Means:
    """What an estimate works with, so that tests can give it others."""

    preview: Callable[[str, Mapping[str, Any]], Preview] = preview_of
    real: Callable[[str], Preview] = deployed_preview
    known: Callable[[Iterable[str], Path], Known] = known
    folder: Path = ROOT
    costs: Path = COSTS


@dataclass(frozen=True)
class Asked:
    """What a person wants to see."""

    stacks: Sequence[str] = ()
    """All when omitted."""
    real: bool = False
    json: bool = False
    markdown: bool = False
    compare: str = ""
    pairs: bool = False


class Costs:
    """The estimates that one command makes."""

    def __init__(self, asked: Asked, means: Means) -> None:
        self._asked, self._means = asked, means
        self.everybody = sorted(file.name.split(".")[1] for file in means.folder.glob("Pulumi.*.yaml"))
        self.stacks = list(dict.fromkeys(asked.stacks)) or self.everybody
        self.money: Money = read_money(means.costs)
        # Before any preview: what is wrong in a file is told at once.
        self._read = {
            stack: (*prices_for(stack, means.folder, prices=means.costs / "prices"), usage_of(stack, means.costs))
            for stack in self.stacks
        }

    @property
    def aging(self) -> list[str]:
        """What to say of the age of prices."""
        return sorted({said for _, said, _ in self._read.values() if said})

    def cost(self, stack: str) -> Costed:
        """A stack as its settings have it."""
        prices, _, usage = self._read[stack]
        preview = self._means.real(stack) if self._asked.real else self._means.preview(stack, {})
        return costed(_whole(preview), usage, prices, deployed=self._asked.real)

    def changed(self, stack: str, changes: Changes) -> tuple[Estimate, Estimate]:
        """A stack as it is and with other settings."""
        prices, _, usage = self._read[stack]
        changes = changes.of(stack)
        assumed = changes.assumed(usage)
        resources = list(_whole(self._means.preview(stack, {})).resources_after())
        other = resources
        if changes.settings:
            region = str(changes.settings.get("aws:region", ""))
            other = list(_whole(self._means.preview(stack, changes.settings)).resources_after())
            costs = self._means.costs / "prices"
            return bill(resources, usage, prices), bill(
                other, assumed, prices_for(stack, self._means.folder, region, costs)[0]
            )
        return bill(resources, usage, prices), bill(other, assumed, prices)

    def forms(self, stack: str, changes: Changes) -> list[pair.Variant]:
        """A stack in the forms that it may have, with other settings."""
        prices, _, usage = self._read[stack]
        changes = changes.of(stack)
        return forms(
            stack,
            self._means.folder,
            lambda tried: _whole(self._means.preview(stack, tried)),
            changes.assumed(usage),
            prices,
            tried=changes.settings,
        )

    def verdict(self, found: Sequence[Costed]) -> tuple[Verdict, list[str], dict[str, float]]:
        """What the budget says, what to know of that, and USD of every stack."""
        return judged(
            found, self.money, self._means.known(self.everybody, self._means.folder), self.everybody, self._means.folder
        )

    def keep(self, found: Sequence[Costed]) -> None:
        """Keep the estimates on this machine."""
        for each in found:
            keep(each.stack, total_of(each.after, self.money), self._means.folder)


class PreviewFailed(Exception):  # noqa: N818 (reads as what it is)
    """A stack has no preview to be estimated from; the text is its cause."""


def _whole(preview: Preview) -> Preview:
    """A preview that did not fail: the sum of a part would be wrong."""
    if preview.failed:
        message = next((each.message for each in preview.diagnostics if each.severity == "error"), "no error was told")
        line = [each for each in message.split("\n") if each.strip()][-1:] or ["no error was told"]
        raise PreviewFailed(f"{preview.stack}: the preview failed ({line[0].strip()})")
    return preview


def run(asked: Asked, means: Means | None = None) -> int:
    """Estimate and show; the exit code is 3 when the budget stops the change. Raises `typer.Exit` after a sentence."""
    again = " ".join(["make cost", *([f'STACK="{" ".join(asked.stacks)}"'] if asked.stacks else [])])
    with sentences(" ".join(asked.stacks) or "cost", again):
        try:
            changes = changes_in(asked.compare) if asked.compare else None
            costs = Costs(asked, means or Means())
            for stack in sorted(changes.stacks - set(costs.stacks) if changes else ()):
                raise CostsRefused([f'COMPARE: expected settings of {" or ".join(costs.stacks)}, got "{stack}/"'])
            if asked.pairs:
                return _pairs(costs, changes or Changes(""), asked)
            return _compare(costs, changes, asked) if changes else _estimate(costs, asked)
        except CostsRefused as refused:
            for problem in refused.problems:
                errors().print(problem, markup=False)
            raise typer.Exit(BAD_INPUT) from None
        except PreviewFailed as failed:
            raise refuse(f"{failed}: correct that, then `{again}`", FAILED) from None
        except CloudNotStarted as error:
            raise refuse(f"{error}: try again with `{again}`", FAILED) from None


def _estimate(costs: Costs, asked: Asked) -> int:
    found = [costs.cost(stack) for stack in costs.stacks]
    verdict, said, totals = costs.verdict(found)
    costs.keep(found)
    said = [*costs.aging, *(line for each in found for line in remarks(each, costs.money)), *said]
    if asked.json:
        document = {
            "stacks": [as_json(each, costs.money) for each in found],
            "verdict": verdict_as_json(verdict),
            "totals_usd": totals,
            "remarks": said,
        }
        typer.echo(json.dumps(document, indent=2))
    elif asked.markdown:
        tables = [f"### {each.stack}\n\n{markdown(each, costs.money)}" for each in found]
        typer.echo("\n\n".join([*tables, "\n".join(f"- {line}" for line in [*said, verdict.sentence])]))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for each in found:
            console.print(table(each, costs.money))
        for line in [*said, "", chart(totals, costs.money), ""]:
            console.print(line, markup=False)
        style = {"fine": "green", "warn": "yellow", "stop": "red"}[verdict.level]
        console.print(verdict.sentence, style=style, markup=False)
    return OVER_BUDGET if verdict.level == "stop" else 0


def _compare(costs: Costs, changes: Changes, asked: Asked) -> int:
    document: list[dict[str, Any]] = []
    for stack in costs.stacks:
        before, after = costs.changed(stack, changes)
        if not asked.json:
            Console(highlight=False, soft_wrap=True).print(compared(stack, changes, before, after, costs.money))
        document.append(
            {
                "stack": stack,
                "changes": changes.text,
                "before_usd": before.usd,
                "after_usd": after.usd,
                "differences": [
                    dict(zip(("what", "before", "after"), e, strict=True)) for e in differences(before, after)
                ],
                "unpriced": [line.what for line in after.of("unpriced")],
            }
        )
    if asked.json:
        typer.echo(json.dumps(document, indent=2))
    return 0


def _pairs(costs: Costs, changes: Changes, asked: Asked) -> int:
    variants = [form for stack in costs.stacks for form in costs.forms(stack, changes)]
    if asked.json:
        typer.echo(json.dumps(pair.as_json(variants, costs.money), indent=2))
    else:
        typer.echo(pair.as_markdown(variants, costs.money))
    return 0


def main(  # noqa: PLR0917 (typer reads options from parameters)
    stacks: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="Stacks; all when omitted.")] = None,
    real: Annotated[bool, typer.Option("--real", help="Compare with what is deployed, by the real stack.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimate for programs.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print it for a merge request.")] = False,
    compare: Annotated[str, typer.Option(help='Settings to try, such as "cluster.kind=k3s".')] = "",
    pairs: Annotated[bool, typer.Option("--pairs", help="Which two stacks fit the budget.")] = False,
) -> None:
    """Estimate what stacks cost a month: exit code 3 when that is above the budget and adds to it."""
    asked = Asked(stacks or (), real, as_json, as_markdown, compare, pairs)
    raise typer.Exit(run(asked))


if __name__ == "__main__":
    typer.run(main)
