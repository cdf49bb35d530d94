"""The command that estimates stacks: its tables, its exit codes, and what it says to wrong input."""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from tests.costing.priced import checkout, machine, of_kind, preview, row, servers
from tools import cost
from tools.changes.model import Preview
from tools.cost import Asked, Means
from tools.costing.afford import afford
from tools.costing.gate import OVER_BUDGET
from tools.costing.kept import NOTHING, Known, gone, keep, kept, known, settle
from tools.costing.totals import Total
from tools.sentences import BAD_INPUT, FAILED

DEAR, CHEAP = 8, 1
"""Machines of type t4g.large: above the budget, and far below it."""


def total(eur: float) -> Total:
    return Total(eur / 1.2 * 1.16, 0, eur, "2026-11-01T00:00:00Z")


def deployed(**eur: float | None) -> Any:
    """A backend that knows what is deployed."""
    totals = {stack: None if each is None else total(each) for stack, each in eur.items()}

    def ask(stacks: Iterable[str], folder: Path) -> Known:
        del folder
        return Known({name: totals.get(name, NOTHING) for name in {*stacks, *totals}}, (), True)

    return ask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkout(tmp_path)


def run(folder: Path, found: Preview | None = None, ask: Any = None, **asked: Any) -> int:
    def real(stack: str) -> Preview:
        return found or servers(stack, CHEAP)

    means = Means(
        preview=lambda stack, changes: found or of_kind(stack, changes),
        real=real,
        known=ask or deployed(),
        folder=folder,
        costs=folder / "costs",
    )
    given: dict[str, Any] = {"stacks": ["staging"], **asked}
    return cost.run(Asked(**given), means)


def refused(capsys: pytest.CaptureFixture[str], folder: Path, code: int = BAD_INPUT, **asked: Any) -> str:
    with pytest.raises(typer.Exit) as end:
        run(folder, **asked)
    assert end.value.exit_code == code
    return " ".join(capsys.readouterr().err.split())


def test_a_change_within_the_budget_ends_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, servers("staging", CHEAP)) == 0
    shown = capsys.readouterr().out
    assert "server-0: 1 x t4g.large" in " ".join(shown.replace("│", " ").split())
    assert "% of the budget of 150 EUR" in shown


def test_a_change_above_the_budget_ends_with_3_however_often_it_is_tried(folder: Path) -> None:
    assert run(folder, servers("staging", DEAR)) == OVER_BUDGET
    assert run(folder, servers("staging", DEAR)) == OVER_BUDGET


def test_other_stacks_take_their_part_of_the_budget(folder: Path) -> None:
    assert run(folder, servers("staging", CHEAP), deployed(prod=20)) == 0
    assert run(folder, servers("staging", CHEAP), deployed(prod=149)) == OVER_BUDGET


def test_a_reduction_goes_on_however_dear_the_stacks_are(folder: Path) -> None:
    assert run(folder, servers("staging", DEAR), deployed(staging=1000, prod=500)) == 0


def test_a_stack_whose_cost_is_not_known_stops_nothing_and_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, servers("staging", DEAR), deployed(staging=None, prod=None)) == 0
    shown = capsys.readouterr().out
    assert "staging: what it costs now is not known: `make cost STACK=staging REAL=1` looks" in shown
    assert "not counted, because nobody has stored it: prod" in shown


def test_what_others_bill_does_not_count(folder: Path) -> None:
    monitor = row("create", "cpu", "datadog:index/monitor:Monitor", new={"name": "x"})
    hosts = [row("create", f"server-{number}", new=machine("t4g.nano")) for number in range(20)]
    assert run(folder, preview("staging", *hosts, monitor)) == 0


def test_the_real_stack_tells_what_a_change_adds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = preview(
        "staging",
        row("update", "server", old=machine("t4g.medium"), new=machine("t4g.large")),
        row("delete", "gone", old=machine("t4g.small")),
        row("same", "kept", old=machine("t4g.nano"), new=machine("t4g.nano")),
    )
    assert run(folder, change, real=True, json=True) == 0
    read = json.loads(capsys.readouterr().out)
    hours, disk, traffic = 730, 20 * 0.0928, 0.2
    assert read["stacks"][0]["before"]["usd"] == pytest.approx(hours * (0.0376 + 0.0188 + 0.0047) + 3 * disk + traffic)
    assert read["stacks"][0]["after"]["usd"] == pytest.approx(hours * (0.0752 + 0.0047) + 2 * disk + traffic)


def test_markdown_has_the_same_lines_and_none_leaves_its_cell(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = preview("staging", row("create", "a|b @everyone", new=machine()))
    run(folder, evil, markdown=True)
    shown = capsys.readouterr().out
    assert "| `a¦b @everyone: 1 x t4g.large` | 54.90 |" in shown
    assert "all stacks: " in shown


def test_all_stacks_are_estimated_when_none_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, stacks=[], json=True)
    assert [each["stack"] for each in json.loads(capsys.readouterr().out)["stacks"]] == ["prod", "staging"]


def test_other_settings_are_compared_and_no_file_is_edited(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "Pulumi.staging.yaml").read_bytes()
    run(folder, compare="cluster.kind=eks usage.nat_data_gb=60", json=True)
    (read,) = json.loads(capsys.readouterr().out)
    assert (read["before_usd"] - read["after_usd"]) == pytest.approx(0.0752 * 730 + 20 * 0.0928)
    assert {each["what"].partition(":")[0] for each in read["differences"]} == {"server-1"}
    assert (folder / "Pulumi.staging.yaml").read_bytes() == before


def test_machines_that_sleep_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, compare="usage.awake_hours_per_week=84")
    assert "-54.90" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("compare", "sentence"),
    [
        ("cluster.kind", 'COMPARE: expected settings such as "cluster.kind=k3s", got "cluster.kind"'),
        ("cluster..kind=k3s", 'got "cluster..kind=k3s"'),
        (" ", "got nothing"),
        ("usage.nat_data_gb=-5", "COMPARE: usage: nat_data_gb: expected greater than or equal to 0, got -5"),
        ("usage.nat_data_tb=5", "COMPARE: usage: nat_data_tb: no such key"),
        ("prod/cluster.kind=k3s", 'COMPARE: expected settings of staging, got "prod/"'),
    ],
)
def test_a_wrong_comparison_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], compare: str, sentence: str
) -> None:
    assert sentence in refused(capsys, folder, compare=compare)


def test_a_setting_that_does_not_exist_is_refused_before_any_engine_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    means = Means(known=deployed(), folder=folder, costs=folder / "costs")
    with pytest.raises(typer.Exit):
        cost.run(Asked(stacks=["staging"], compare="cluster.knd=k3s"), _only_changed(means))
    assert "socle:cluster.knd" in capsys.readouterr().err


def _only_changed(means: Means) -> Means:
    """Previews what is changed by itself, and the rest without an engine."""
    return Means(
        preview=lambda stack, changes: means.preview(stack, changes) if changes else servers(stack, 1),
        known=means.known,
        folder=means.folder,
        costs=means.costs,
    )


def edit(file: Path, key: str, value: Any) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    at = document
    *above, last = key.split("/")
    for step in above:
        at = at[step]
    at[last] = value
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def test_a_region_without_prices_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(folder / "Pulumi.staging.yaml", "config/aws:region", "eu-central-1")
    said = refused(capsys, folder)
    assert "there is no table of prices for eu-central-1, only for eu-west-3" in said
    assert "`make prices REGION=eu-central-1`" in said


def test_a_table_a_year_old_is_refused_and_one_of_90_days_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = folder / "costs" / "prices" / "eu-west-3.yaml"
    edit(table, "dated", date.today() - timedelta(days=100))
    run(folder, servers("staging", CHEAP))
    assert "is 100 days old: `make prices` renews it" in capsys.readouterr().out
    edit(table, "dated", date.today() - timedelta(days=365))
    told = "365 days ago, and prices of 365 days or more are not used: `make prices` renews it"
    assert told in refused(capsys, folder)


def test_a_usage_of_minus_5_gb_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "costs" / "usage.staging.yaml").write_text("nat_data_gb: -5\n", encoding="utf-8")
    assert "nat_data_gb: expected greater than or equal to 0, got -5" in refused(capsys, folder)


def test_a_budget_of_nothing_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(folder / "costs" / "money.yaml", "budget/eur_per_month", 0)
    assert "budget.eur_per_month: expected greater than 0, got 0" in refused(capsys, folder)


def test_a_stack_without_file_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, folder, stacks=["nobody"])
    assert "Pulumi.nobody.yaml: no such file" in said


def test_an_instance_type_without_a_price_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, servers("staging", 1, "x9.metal"))
    said = capsys.readouterr().out
    assert "staging: no price for server-0: 1 x x9.metal: the table of eu-west-3 lacks x9.metal" in said


def test_a_preview_that_fails_is_no_estimate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = preview("staging", code=1, said="error: the program refused")
    said = refused(capsys, folder, FAILED, found=failed)
    assert 'staging: the preview failed (the program refused): correct that, then `make cost STACK="staging"`' in said


def test_without_a_backend_what_this_machine_knows_counts_and_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep("prod", total(100), folder)
    run(folder, servers("staging", CHEAP), ask=known)
    said = capsys.readouterr().out
    assert "no bucket of states is configured" in said
    assert "prod: counts with 100.00 EUR, estimated here on 2026-11-01" in said


def test_what_is_deployed_from_this_machine_is_what_a_change_adds_to(folder: Path) -> None:
    keep("staging", total(1000), folder)
    assert settle("staging", folder) == ""
    assert run(folder, servers("staging", DEAR), ask=known) == 0
    gone("staging", folder)
    assert run(folder, servers("staging", DEAR), ask=known) == OVER_BUDGET
    assert kept("staging", folder) is not None


@pytest.mark.parametrize("code", [None, 0, FAILED, BAD_INPUT])
def test_an_estimate_that_fails_stops_no_update(code: int | None) -> None:
    afford("staging", code, yes=True, environ={})


def test_an_update_above_the_budget_is_stopped_unless_somebody_decided_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end:
        afford("staging", OVER_BUDGET, yes=True, environ={})
    assert end.value.exit_code == OVER_BUDGET
    assert "decide to spend it with OVER_BUDGET=1" in capsys.readouterr().err
    afford("staging", OVER_BUDGET, yes=True, environ={"OVER_BUDGET": "1"})
    assert "goes over the budget" in capsys.readouterr().err
