"""Lists every stack, what it has, who changed it last and when it ends: `python -m tools.stacks`."""

import json
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.stack_copies.lifetimes import told as time_left
from tools.stack_copies.means import Means
from tools.stack_copies.refused import told
from tools.stack_copies.rows import Row, rows

_COLUMNS = ("stack", "kind", "resources", "last update", "by", "EUR a month", "lock", "expires", "")
_RIGHT = (2, 5)


def run(*, as_json: bool, means: Means | None = None) -> None:
    """Print the table, or the same for programs."""
    means = means or Means()
    with told("stacks", "make stacks"):
        objects = means.objects()
        found, now = rows(objects, means.folder), objects.now()
    if as_json:
        print(json.dumps([row.as_json() for row in found], indent=2))
    else:
        Console(highlight=False, soft_wrap=True).print(_table(found, now))


def _table(found: list[Row], now: datetime) -> Table:
    table = Table(*_COLUMNS, box=None, padding=(0, 2, 0, 0))
    for index in _RIGHT:
        table.columns[index].justify = "right"
    for row in found:
        table.add_row(*(cell.replace("[", r"\[") for cell in _cells(row, now)))
    return table


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    return (
        row.stack,
        row.kind or "unknown",
        "-" if row.resources is None else str(row.resources),
        f"{datetime.fromisoformat(row.updated):%Y-%m-%d %H:%M}" if row.updated else "never",
        row.updated_by or "-",
        "unknown" if row.eur_month is None else f"{row.eur_month:.2f}",
        row.lock or "free",
        time_left(row.expires, now) if row.expires else "never",
        row.note,
    )


def main(as_json: Annotated[bool, typer.Option("--json", help="Print the list for programs.")] = False) -> None:
    """List every stack that has a file here, a state in the backend, or a record of `make new`."""
    run(as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
