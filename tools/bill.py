"""Compares what was estimated with what AWS billed: `python -m tools.bill [MONTH]`."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, cast

import boto3
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.account import GLOBAL
from tools.costing.billed import UNTAGGED, USD_A_REQUEST, billed, previous
from tools.costing.kept import Known, kept, known
from tools.costing.money import Money, read_money
from tools.costing.reading import CostsRefused
from tools.sentences import BAD_INPUT, errors, refuse, sentences
from tools.setup import ROOT


def explorer() -> Any:
    """A client of Cost Explorer, which is in one region."""
    return cast(Any, boto3).client("ce", region_name=GLOBAL)


@dataclass(frozen=True)
class Means:
    """What a comparison works with, so that tests can give it others."""

    client: Callable[[], Any] = explorer
    known: Callable[[list[str]], Known] = known
    today: Callable[[], date] = date.today
    attended: Callable[[], bool] = sys.stdin.isatty


def run(month: str, *, yes: bool, means: Means | None = None) -> None:
    """Show every stack's estimate beside its bill; raises `typer.Exit` after a sentence."""
    means = means or Means()
    again = f"make bill{f' MONTH={month}' if month else ''}"
    first = _month(month, means.today())
    with sentences("bill", again):
        try:
            money = read_money()
        except CostsRefused as refused:
            for problem in refused.problems:
                errors().print(problem, markup=False)
            raise typer.Exit(BAD_INPUT) from None
        _agree(again, yes=yes, attended=means.attended())
        actual = billed(means.client(), first)
        stacks = sorted({*(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml")), *actual} - {UNTAGGED})
        facts = means.known(stacks)
    console = Console(highlight=False, soft_wrap=True)
    estimates = {stack: _estimate(stack, facts) for stack in stacks}
    console.print(_table(first, estimates, actual, money))
    for line in [*facts.said, *_remarks(first, means.today(), actual)]:
        console.print(line, markup=False)


def _month(text: str, today: date) -> date:
    """The first day of the month, the last whole one when omitted."""
    this = today.replace(day=1)
    if not text:
        return previous(this)
    found = re.fullmatch(r"(2\d{3})-(0[1-9]|1[0-2])", text)
    if not found or date(int(found[1]), int(found[2]), 1) > this:
        raise refuse(f'MONTH: expected a month up to now such as {previous(this):%Y-%m}, got "{text}"', BAD_INPUT)
    return date(int(found[1]), int(found[2]), 1)


def _agree(again: str, *, yes: bool, attended: bool) -> None:
    price = f"Cost Explorer bills {USD_A_REQUEST} USD for each request"
    if yes:
        return
    if not attended:
        raise refuse(f"{price}: `{again} YES=1` asks it", BAD_INPUT)
    if not typer.confirm(f"{price}, and this takes one, or more when there are many stacks. Ask it?"):
        raise refuse("nothing was asked", BAD_INPUT)


def _estimate(stack: str, facts: Known) -> float | None:
    total = facts.deployed.get(stack) or (None if facts.beside_states else kept(stack))
    return total.usd if total else None


def _table(month: date, estimates: dict[str, float | None], actual: dict[str, float], money: Money) -> Table:
    shown = Table("Stack", "Estimated", "Billed", "Difference", title=f"{month:%Y-%m}, USD without VAT")
    for column in (1, 2, 3):
        shown.columns[column].justify = "right"
    for stack, usd in estimates.items():
        paid = actual.get(stack, 0.0)
        difference = "" if usd is None else f"{paid - usd:+.2f}"
        shown.add_row(escape(stack), "unknown" if usd is None else f"{usd:.2f}", f"{paid:.2f}", difference)
    shown.add_row(UNTAGGED, "", f"{actual.get(UNTAGGED, 0.0):.2f}", "")
    shown.add_section()
    total = sum(actual.values())
    shown.add_row("all", "", f"{total:.2f}", f"{money.eur(total):.2f} EUR of {money.budget.eur_per_month:g}")
    return shown


def _remarks(month: date, today: date, actual: dict[str, float]) -> list[str]:
    said = ["The estimate is of a whole month of what is deployed now; a stack that came or went meanwhile differs."]
    if month == today.replace(day=1):
        said.append("The month is not over: what is billed will grow.")
    if not set(actual) - {UNTAGGED}:
        said.append("No cost has the tag `stack`: it counts from the day after it is activated for costs.")
    return said


def main(
    month: Annotated[str, typer.Argument(metavar="[MONTH]", help="Such as 2026-10; the last whole one.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a request that costs money.")] = False,
) -> None:
    """Compare what was estimated with what AWS billed, stack by stack, by the tag `stack`."""
    run(month, yes=yes)


if __name__ == "__main__":
    typer.run(main)
