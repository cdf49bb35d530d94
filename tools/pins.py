"""Print every pinned version with the days of support left; exit 1 once one is past its date.

`--quiet` prints only those that are past it or near it.
"""

import sys
from collections.abc import Mapping
from datetime import date

from rich.console import Console
from rich.table import Table

from components.versions import PINS, Pin, due_soon, overdue

_WARNING_DAYS = 60


def report(today: date, console: Console, pins: Mapping[str, Pin] = PINS) -> int:
    """Print the table of `pins` as of `today`, then what `warn` says, and return its exit code."""
    late, soon = overdue(today, pins), due_soon(today, _WARNING_DAYS, pins)
    table = Table("pin", "version", "support ends", "days left")
    undated: dict[str, list[str]] = {}
    for name, pin in pins.items():
        style = "red" if name in late else "yellow" if name in soon else ""
        if pin.end_of_support:
            ends, left = pin.end_of_support.isoformat(), str((pin.end_of_support - today).days)
        else:
            ends, left = "no date", ""
            undated.setdefault(pin.undated, []).append(name)
        table.add_row(name, pin.version, ends, left, style=style)
    console.print(table)
    for reason, names in undated.items():
        console.print(f"no date, {reason}: {', '.join(names)}")
    return warn(today, console, pins)


def warn(today: date, console: Console, pins: Mapping[str, Pin] = PINS) -> int:
    """Name the pins that are past their date or near it; the exit code is 1 when one is past, else 0."""
    late = overdue(today, pins)
    for name in late:
        console.print(f"{name}: support of {pins[name].version} ended, raise it and read {pins[name].source}")
    for name in due_soon(today, _WARNING_DAYS, pins):
        console.print(f"{name}: support of {pins[name].version} ends within {_WARNING_DAYS} days, plan its successor")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit((warn if "--quiet" in sys.argv[1:] else report)(date.today(), Console()))
