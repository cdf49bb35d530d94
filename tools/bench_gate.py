"""Measures what costs and policies add to the preview that they judge, in one run: `python -m tools.bench_gate`."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import typer
from rich.console import Console
from rich.table import Table

from rehearsal.session import CloudNotStarted
from tools.changes.model import Preview
from tools.changes.summaries import CostSummary
from tools.costing.kept import Known
from tools.costing.previewed import preview_of
from tools.costing.summary import cost_summary
from tools.policing.summary import policy_summary
from tools.setup import SetupError

STACK: Final = "prod"
TURNS: Final = 3


@dataclass(frozen=True)
class Turn:
    """A preview and what judged it, in seconds."""

    preview: float
    """Of the real engine on an empty simulated cloud, whose start counts."""
    cost: float
    """Of its costs by the tables of prices, without what other stacks cost, which the backend would tell."""
    policy: float
    """Of the rules on it."""


@dataclass(frozen=True)
class Figures:
    """What was measured."""

    resources: int
    """Resources that were judged."""
    turns: Sequence[Turn]

    @property
    def preview(self) -> float:
        """Median."""
        return median(each.preview for each in self.turns)

    @property
    def cost(self) -> float:
        """Median."""
        return median(each.cost for each in self.turns)

    @property
    def policy(self) -> float:
        """Median."""
        return median(each.policy for each in self.turns)

    @property
    def first(self) -> float:
        """Judging the first preview, for which prices and rules are read: every command is a first one."""
        return self.turns[0].cost + self.turns[0].policy

    @property
    def ratio(self) -> float:
        """Part of the preview's time that judging takes the first time."""
        return self.first / self.preview


class Unmeasured(Exception):  # noqa: N818 (reads as what it is)
    """There is nothing to measure; the text says why."""


def nobody(stacks: Iterable[str], folder: Path) -> Known:
    """No other stack is known."""
    del stacks, folder
    return Known()


def measure(previewed: Callable[[str], Preview] = preview_of, turns: int = TURNS) -> Figures:
    """Preview and judge in turns, so that both share the noise. Raises `Unmeasured`."""
    found: list[Turn] = []
    resources = 0
    for _ in range(turns):
        started = time.perf_counter()
        preview = previewed(STACK)
        ended = time.perf_counter()
        cost = cost_summary(preview, STACK, ask=nobody)
        estimated = time.perf_counter()
        if not isinstance(cost, CostSummary):
            raise Unmeasured(f"{STACK}: {cost.message if cost else 'the preview failed'}")
        policy_summary(preview, STACK, cost=cost)
        found.append(Turn(ended - started, estimated - ended, time.perf_counter() - estimated))
        resources = sum(1 for _ in preview.resources_after())
    return Figures(resources, found)


def table(figures: Figures) -> Table:
    """The figures, as a person reads them."""
    rows = Table("", "seconds", title=f"Costs and policies, median of {len(figures.turns)}", title_justify="left")
    rows.columns[1].justify = "right"
    rows.add_row(f"{STACK}: preview of {figures.resources} resources", f"{figures.preview:.2f}")
    rows.add_row("its costs", f"{figures.cost:.2f}")
    rows.add_row("its policies", f"{figures.policy:.2f}")
    rows.add_row("costs and policies, the first time", f"{figures.first:.2f}")
    rows.add_row("the first time / preview", f"× {figures.ratio:.3f}")
    return rows


def main() -> None:
    """Print what costs and policies add to a preview."""
    console = Console(highlight=False)
    try:
        console.print(table(measure()))
    except (Unmeasured, CloudNotStarted, SetupError) as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
