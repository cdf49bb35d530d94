"""What the benchmark of costs and policies makes of its figures; nothing here measures time."""

import io

import pytest
from rich.console import Console

from tools import bench_gate
from tools.bench_gate import Figures, Turn, Unmeasured
from tools.changes.model import Preview
from tools.changes.reader import failed_preview

TURNS = [Turn(10, 1.2, 0.3), Turn(90, 5, 5), Turn(9, 0.3, 0.2)]


def test_the_table_gives_the_medians_and_their_ratio() -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(bench_gate.table(Figures(127, TURNS)))
    rows = dict(
        [cell.strip() for cell in row.strip("│").split("│")] for row in out.getvalue().splitlines() if "│" in row
    )
    assert rows == {
        "prod: preview of 127 resources": "10.00",
        "its costs": "1.20",
        "its policies": "0.30",
        "costs and policies, the first time": "1.50",
        "the first time / preview": "× 0.150",
    }


def test_each_turn_previews_anew_and_judges_what_it_previewed() -> None:
    asked: list[str] = []

    def previewed(stack: str) -> Preview:
        asked.append(stack)
        return Preview(stack=stack)

    figures = bench_gate.measure(previewed, turns=2)
    assert (asked, len(figures.turns), figures.resources) == (["prod", "prod"], 2, 0)


def test_a_preview_that_fails_is_not_measured() -> None:
    with pytest.raises(Unmeasured, match="prod: the preview failed"):
        bench_gate.measure(lambda stack: failed_preview(stack, "no engine"))
