"""Measures the rehearsal on this machine, beside a bare program on the same engine: `python -m tools.bench`."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from rehearsal import engine
from tools.setup import ROOT, SetupError

STACK = "prod"
PREVIEW_AIM = 6.0
"""Seconds that a preview of production without changes shall stay under."""
RATIO_AIM = 1.3
"""Times that it may take what the bare program takes."""
GROWTH = (100, 300)
LARGE = 1000
"""Resources of the bare program that is brought up: the file backend writes the whole state at each step."""
_PROGRAM = "import stack"
# Neither what git ignores nor what a program does not need. Without compiled files, as in a fresh clone.
_LEFT_BEHIND = (".*", "__pycache__", "tests", "docs", "node_modules", "dist")
_LAST_LINES = 20


class Failed(Exception):  # noqa: N818 (reads as what it is)
    """A command that was to be measured failed; the text is the end of what it printed."""


class Run(NamedTuple):
    """One command, in seconds."""

    total: float
    """From start to end of the process."""
    engine: float
    """Of it, the engine's operation."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured."""

    resources: int
    """Resources of production, the stack itself left out."""
    cold: Run
    """First `up` of production."""
    warm: Run
    """The same again."""
    previews: Sequence[Run]
    """Previews of production without changes."""
    bare_previews: Sequence[Run]
    """Previews of as many bare resources, taken in turns with `previews`."""
    imports: float
    """Seconds that importing the program takes by itself."""
    growth: Mapping[int, Run]
    """First `up` of the bare program, by number of resources."""


def middle(runs: Sequence[Run]) -> Run:
    """Median of each figure, which one slow run does not move."""
    return Run(median(run.total for run in runs), median(run.engine for run in runs))


def ratio(one: Run, other: Run) -> Run:
    """How many times the `other` the `one` takes."""
    return Run(one.total / other.total, one.engine / other.engine)


def verdict(value: float, aim: float, unit: str = "") -> str:
    """Whether a figure meets its aim; nothing depends on it, for machines differ."""
    return f"under {aim:g}{unit}: {'[green]met' if value < aim else '[yellow]missed'}[/]"


def table(figures: Figures) -> Table:
    """The figures, as a person reads them."""
    rows = Table("", "total", "engine", "aim", title="Seconds, measured in one run", title_justify="left")
    for column in rows.columns[1:3]:
        column.justify = "right"
    preview, bare = middle(figures.previews), middle(figures.bare_previews)
    times = ratio(preview, bare)
    taken = f"median of {len(figures.previews)}"

    def add(what: str, run: Run, aim: str = "", sign: str = "") -> None:
        rows.add_row(what, f"{sign}{run.total:.2f}", f"{sign}{run.engine:.2f}", aim)

    add(f"{STACK}: first up, .rehearsal empty (.venv and engine are there)", figures.cold)
    add(f"{STACK}: up again, no changes", figures.warm)
    add(f"{STACK}: preview, no changes, {taken}", preview, verdict(preview.total, PREVIEW_AIM, " s"))
    add(f"bare: preview of {figures.resources} resources, no changes, {taken}", bare)
    add(f"{STACK} / bare", times, verdict(times.total, RATIO_AIM), sign="× ")
    rows.add_row("importing the program and its SDKs, by itself", f"{figures.imports:.2f}", "", "")
    for count, run in figures.growth.items():
        add(f"bare: up of {count} resources", run)
    smallest, largest = min(figures.growth), max(figures.growth)
    if largest > smallest:
        grown = ratio(figures.growth[largest], figures.growth[smallest])
        add(f"bare: {largest} / {smallest} resources, {largest / smallest:g} times as many", grown, sign="× ")
    return rows


def copy_checkout(target: Path) -> None:
    """A copy of the program, so that the rehearsals of this checkout stay as they are."""
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*_LEFT_BEHIND))


def timed(folder: Path, *arguments: str) -> tuple[float, str]:
    """Seconds that this Python takes with `arguments` in a folder, and what it prints. Raises `Failed`."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-_LAST_LINES:]
        raise Failed("\n".join([f"python {' '.join(arguments)} failed:", *lines]))
    return seconds, done.stdout


def rehearse(checkout: Path, verb: str) -> tuple[Run, int]:
    """Rehearse production in a checkout; with it, the number of resources that it has."""
    seconds, _ = timed(checkout, "-m", "rehearsal", verb, STACK)
    result = json.loads((checkout / ".rehearsal" / STACK / "result.json").read_text(encoding="utf-8"))
    return Run(seconds, result["seconds"]["engine"]), sum(result["changes"].values()) - 1


def bare(checkout: Path, verb: str, count: int) -> Run:
    """Run the bare program from the same checkout; each number of resources has a state of its own."""
    folder = checkout / f".bare-{count}"
    folder.mkdir(exist_ok=True)
    seconds, printed = timed(checkout, "-m", "tools.bare", verb, str(count), str(folder))
    return Run(seconds, float(printed.splitlines()[-1]))


def measure(checkout: Path, repeats: int, counts: Sequence[int], console: Console) -> Figures:
    """Everything, one command at a time; what is compared is taken in turns, so that it shares the noise."""

    def tell(what: str) -> None:
        console.print(f"{what} …", style="dim")

    tell(f"{STACK}: up, twice")
    cold, resources = rehearse(checkout, "up")
    warm, _ = rehearse(checkout, "up")
    tell(f"previews in turns, {repeats} each: {STACK}, and {resources} bare resources")
    bare(checkout, "up", resources)
    previews: list[Run] = []
    bare_previews: list[Run] = []
    for _ in range(repeats):
        previews.append(rehearse(checkout, "preview")[0])
        bare_previews.append(bare(checkout, "preview", resources))
    imports = median(timed(checkout, "-c", _PROGRAM)[0] for _ in range(repeats))
    growth: dict[int, Run] = {}
    for count in counts:
        tell(f"up of {count} bare resources")
        growth[count] = bare(checkout, "up", count)
    return Figures(
        resources=resources,
        cold=cold,
        warm=warm,
        previews=previews,
        bare_previews=bare_previews,
        imports=imports,
        growth=growth,
    )


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Measure once, and no growth beyond 100 resources.")] = False,
    large: Annotated[bool, typer.Option("--large", help=f"Bring up {LARGE} resources too, a minute or more.")] = False,
) -> None:
    """Measure the rehearsal on this machine, beside a bare program on the same engine."""
    console = Console(highlight=False)
    counts = [*(GROWTH[:1] if quick else GROWTH), *([LARGE] if large else [])]
    try:
        found = engine.find()
        cores, load = os.cpu_count(), os.getloadavg()[0]
        console.print(f"pulumi {found.version}, Python {platform.python_version()}, {cores} cores, load {load:.1f}")
        with tempfile.TemporaryDirectory(prefix="socle-bench-") as folder:
            checkout = Path(folder, "socle")
            copy_checkout(checkout)
            figures = measure(checkout, 1 if quick else 3, counts, console)
    except (Failed, SetupError) as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    console.print(table(figures))


if __name__ == "__main__":
    typer.run(main)
