"""Renews the prices of a region from AWS's public files: `python -m tools.price_list [REGION]`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from rehearsal.aws.schemas import region_exists
from tools.costing.offers import ADDRESS, OFFERS, OffersRefused, prices_of
from tools.costing.price_table import PRICES, PriceTable, read_prices
from tools.costing.reading import CostsRefused, named
from tools.costing.renewal import Move, elsewhere, moves, renewed
from tools.sentences import BAD_INPUT, FAILED, errors, refuse

MODEL: Final = "eu-west-3"
"""Region whose table a new one takes its order from."""


@dataclass(frozen=True)
class Means:
    """Where prices come from and go to, so that tests can give others."""

    folder: Path = PRICES
    address: str = ADDRESS
    today: Callable[[], date] = date.today


def run(region: str, means: Means | None = None) -> None:
    """Renew the table of a region and show what moved; raises `typer.Exit` after a sentence."""
    means = means or Means()
    if not region_exists(region):
        raise refuse(f'REGION: expected an AWS region such as eu-west-3, got "{region}"', BAD_INPUT)
    file, model = means.folder / f"{region}.yaml", means.folder / f"{MODEL}.yaml"
    try:
        table = read_prices(region if file.is_file() else MODEL, means.folder)
        found = {name: usd for service in OFFERS for name, usd in prices_of(service, region, means.address)}
    except CostsRefused as refused:
        for problem in refused.problems:
            errors().print(problem, markup=False)
        raise typer.Exit(BAD_INPUT) from None
    except OffersRefused as refused:
        raise refuse(f"{refused}", FAILED) from None
    known = {*table.prices, *table.instances}
    ours = {name: usd for name, usd in found.items() if name in known}
    text = (file if file.is_file() else model).read_text(encoding="utf-8")
    if not file.is_file():
        text = elsewhere(text, region, ours, _of_no_region(table))
    file.write_text(renewed(text, ours, means.today(), means.address), encoding="utf-8")
    _show(file, moves(table, ours), _sold_here(table) - ours.keys())


def _of_no_region(table: PriceTable) -> set[str]:
    """Prices that are the same everywhere, or are not AWS's."""
    return set(table.prices) - _sold_here(table)


def _sold_here(table: PriceTable) -> set[str]:
    """Prices that a file of a region has."""
    return {name for offers in OFFERS.values() for name in offers if name in table.prices} | set(table.instances)


def _show(file: Path, moved: list[Move], silent: Iterable[str]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if moved:
        shown = Table("Price", "Old", "New", "Moved", title="USD a unit", title_justify="left")
        for each in moved:
            shown.add_row(each.name, f"{each.old:.6g}", f"{each.new:.6g}", f"{each.percent:+.1f} %")
        console.print(shown)
    names = ", ".join(sorted(silent))
    if names:
        console.print(f"AWS's files do not have, and nothing was changed of: {names}", markup=False)
    console.print(
        f"{named(file)}: renewed, {len(moved)} prices moved: read it with `git diff`, commit it", markup=False
    )


def main(
    region: Annotated[str, typer.Argument(metavar="[REGION]", help="Region of the prices.")] = MODEL,
) -> None:
    """Renew the prices of a region from AWS's public price files, which need no account, and show what moved."""
    run(region)


if __name__ == "__main__":
    typer.run(main)
