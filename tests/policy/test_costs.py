"""What a change costs, by which the rule on the budget judges `make policy`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.costing.priced import checkout, machine, preview, row
from tools.changes.model import Diagnostic
from tools.changes.summaries import CostSummary
from tools.costing.kept import NOTHING, Known
from tools.costing.totals import Total
from tools.policing.costs import cost_of

NEW = preview("staging", row("create", "server", new=machine("t4g.medium")))


def before(folder: Path, deployed: Total | None, *, real: bool = False) -> tuple[float, float]:
    """Cost before and after, where the stack is deployed with a cost."""

    def ask(stacks: Any, asked: Path) -> Known:
        assert ("staging" in stacks, asked) == (True, folder)
        return Known({"staging": deployed}, (), True)

    cost = cost_of(NEW, "staging", deployed=real, folder=folder, costs=folder / "costs", ask=ask)
    assert isinstance(cost, CostSummary)
    return cost.before, cost.after


def test_an_empty_cloud_is_no_reason_to_take_a_deployed_stack_for_a_new_one(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    assert before(folder, Total(50, 0, 51.72, "2026-11-21"))[0] == 51.72
    assert before(folder, NOTHING)[0] == 0


def test_nobody_can_say_that_a_stack_adds_to_a_cost_that_was_not_kept(tmp_path: Path) -> None:
    old, new = before(checkout(tmp_path), None)
    assert old == new > 0


def test_a_preview_of_what_is_deployed_knows_by_itself_what_there_is(tmp_path: Path) -> None:
    assert before(checkout(tmp_path), Total(50, 0, 51.72, "2026-11-21"), real=True)[0] == 0


def test_what_cannot_be_estimated_is_a_warning(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    found = cost_of(NEW, "nowhere", deployed=False, folder=folder, costs=folder / "costs", ask=lambda _, __: Known())
    assert isinstance(found, Diagnostic)
    assert found.message.startswith("the cost is not estimated: ")


def test_a_preview_that_failed_has_no_cost(tmp_path: Path) -> None:
    folder, failed = checkout(tmp_path), replace(NEW, failed=True)
    assert cost_of(failed, "staging", deployed=False, folder=folder, ask=lambda _, __: Known()) is None
