"""The cost in the report of a preview, and what the budget says to a merge request."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.costing.priced import checkout, machine, preview, row
from tools.changes.model import Diagnostic, Preview
from tools.changes.report import Report, report_of
from tools.changes.summaries import CostSummary
from tools.costing.kept import Known
from tools.costing.summary import cost_summary, verdict_of
from tools.costing.totals import Total

MOMENT = "2026-11-21T12:00:00Z"
CHANGE = preview(
    "staging",
    row("update", "server", old=machine("t4g.medium"), new=machine("t4g.large")),
    row("same", "kept", old=machine("t4g.nano"), new=machine("t4g.nano")),
    row("create", "warehouse", "aws:redshift/cluster:Cluster", new={"nodeType": "ra3"}),
)


def ask(stacks: Any, folder: Path) -> Known:
    return Known({"staging": None, "prod": Total(50, 0, 51.72, MOMENT)}, (), True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkout(tmp_path)


def summary(folder: Path, found: Preview = CHANGE) -> CostSummary:
    cost = cost_summary(found, "staging", folder, folder / "costs", ask)
    assert isinstance(cost, CostSummary)
    return cost


def report(stack: str, before: float, after: float, **others: float | None) -> Report:
    cost = CostSummary(before=before, after=after, budget=150, others=others)
    return report_of(Preview(stack=stack), valid_at=MOMENT, cost=cost)


def test_what_changes_is_told_in_eur_with_vat(folder: Path) -> None:
    cost = summary(folder)
    assert cost.difference == pytest.approx((0.0752 - 0.0376) * 730 / 1.16 * 1.2, abs=0.02)
    assert {(row.name, row.before > 0, row.after > 0) for row in cost.rows} == {
        ("server: 1 x t4g.medium", True, False),
        ("server: 1 x t4g.large", False, True),
    }
    assert cost.unpriced == ("aws:redshift/cluster:Cluster",)
    assert cost.assumptions[0].startswith("EUR with VAT, prices of ")
    assert cost.others == {"prod": 51.72}


def test_a_preview_that_failed_has_no_cost(folder: Path) -> None:
    assert cost_summary(replace(CHANGE, failed=True), "staging", folder, folder / "costs", ask) is None


def test_what_cannot_be_estimated_is_a_warning_and_no_sum(folder: Path) -> None:
    (folder / "costs" / "usage.staging.yaml").write_text("nat_data_gb: -5\n", encoding="utf-8")
    said = cost_summary(CHANGE, "staging", folder, folder / "costs", ask)
    assert isinstance(said, Diagnostic)
    assert said.severity == "warning"
    assert "the cost is not estimated: usage.staging.yaml: nat_data_gb" in said.message


def test_an_error_that_nobody_expected_stops_no_report_and_is_not_quoted(folder: Path) -> None:
    def broken(stacks: Any, place: Path) -> Known:
        raise RuntimeError("hunter2-Secret")

    said = cost_summary(CHANGE, "staging", folder, folder / "costs", broken)
    assert isinstance(said, Diagnostic)
    assert said.message == "the cost is not estimated: RuntimeError"


def test_no_secret_of_a_resource_gets_into_the_summary(folder: Path) -> None:
    secret = "hunter2-Secret"
    database = row("create", "server", new={**machine(), "userData": secret, "password": secret})
    assert secret not in repr(summary(folder, preview("staging", database)))


def test_the_stacks_of_a_merge_request_are_judged_together() -> None:
    one, two = report("staging", 40, 50, prod=70, vote=20), report("prod", 70, 85, staging=40, vote=20)
    assert verdict_of([one]) is not None
    alone, both = verdict_of([one]), verdict_of([one, two])
    assert alone
    assert both
    assert (alone.level, alone.after) == ("warn", 140)
    assert (both.level, both.before, both.after) == ("stop", 130, 155)


def test_reports_without_cost_have_no_verdict() -> None:
    assert verdict_of([report_of(Preview(stack="staging"), valid_at=MOMENT)]) is None
