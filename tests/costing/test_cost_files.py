"""The files of `costs/`: what they hold, and what is said of wrong ones."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from tools.costing.money import read_money
from tools.costing.price_table import PRICES, read_prices
from tools.costing.reading import COSTS, CostsRefused
from tools.costing.usage import read_usage


def problems(error: pytest.ExceptionInfo[CostsRefused]) -> str:
    return "; ".join(error.value.problems)


def usage(folder: Path, own: str) -> Path:
    (folder / "usage.yaml").write_text((COSTS / "usage.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "usage.staging.yaml").write_text(own, encoding="utf-8")
    return folder


def test_a_stack_replaces_only_the_assumptions_that_it_names(tmp_path: Path) -> None:
    folder = usage(tmp_path, "nat_data_gb: 60\n")
    assert read_usage("staging", folder).nat_data_gb == 60
    assert read_usage("staging", folder).backups_gb == read_usage("prod", folder).backups_gb


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("nat_data_gb: -5\n", "nat_data_gb: expected greater than or equal to 0, got -5"),
        ("nat_data_tb: 5\n", "nat_data_tb: no such key"),
        ("awake_hours_per_week: 200\n", "awake_hours_per_week: expected less than or equal to 168, got 200"),
        ("nat_data_gb: a lot\n", "nat_data_gb: expected a valid number"),
        ("- a list\n", "expected keys with values"),
    ],
)
def test_a_wrong_assumption_is_refused_with_its_key(tmp_path: Path, own: str, sentence: str) -> None:
    with pytest.raises(CostsRefused) as error:
        read_usage("staging", usage(tmp_path, own))
    assert sentence in problems(error)
    assert "usage.staging.yaml" in problems(error)


@pytest.mark.parametrize("budget", [0, -1])
def test_a_budget_of_nothing_is_refused(tmp_path: Path, budget: float) -> None:
    document = yaml.safe_load((COSTS / "money.yaml").read_text(encoding="utf-8"))
    document["budget"]["eur_per_month"] = budget
    (tmp_path / "money.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(CostsRefused, match=rf"budget\.eur_per_month: expected greater than 0, got {budget}"):
        read_money(tmp_path)


def test_a_region_without_prices_names_those_that_have_some_and_the_command_that_makes_them() -> None:
    with pytest.raises(CostsRefused, match=r"no table of prices for eu-central-9, only for .*eu-west-3") as error:
        read_prices("eu-central-9")
    assert "`make prices REGION=eu-central-9`" in problems(error)


def test_a_table_says_its_age_from_90_days_on_and_is_refused_after_a_year() -> None:
    table = read_prices("eu-west-3")
    assert not table.age(table.dated + timedelta(days=89))
    assert "is 90 days old: `make prices` renews it" in table.age(table.dated + timedelta(days=90))
    with pytest.raises(CostsRefused, match=r"365 days ago, and prices of 365 days or more are not used: `make prices`"):
        table.age(table.dated + timedelta(days=365))
    with pytest.raises(CostsRefused, match="in the future"):
        table.age(table.dated - timedelta(days=2))


def test_a_table_that_names_another_region_is_refused(tmp_path: Path) -> None:
    text = (PRICES / "eu-west-3.yaml").read_text(encoding="utf-8")
    (tmp_path / "eu-west-1.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CostsRefused, match='region: expected eu-west-1, as the file is called, got "eu-west-3"'):
        read_prices("eu-west-1", tmp_path)


def test_every_price_names_where_it_was_read() -> None:
    for file in PRICES.glob("*.yaml"):
        table = read_prices(file.stem)
        assert {each.source for each in table.prices.values()} <= table.sources.keys()
        assert table.dated <= date.today() + timedelta(days=1)
