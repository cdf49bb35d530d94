"""The budget that the stacks share."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.costing.bills import machine
from tests.state.cloud import Place
from tests.state.conftest import account, states
from tools.costing.estimate import estimate
from tools.costing.gate import judge
from tools.costing.money import read_money
from tools.costing.price_table import read_prices
from tools.costing.shown import Costed, as_json, chart, remarks
from tools.costing.totals import Total, forget, store, stored, total_of
from tools.costing.usage import read_usage

__all__ = ["account", "states"]

MONEY = read_money()
BUDGET = 145.0
"""USD that the budget is, roughly: 150 EUR with VAT."""


def test_a_change_within_the_budget_is_fine() -> None:
    verdict = judge(MONEY, {"staging": 50.0}, {"staging": 60.0}, {"prod": 40.0})
    assert verdict.level == "fine"
    assert verdict.delta == pytest.approx(10 / 1.16 * 1.2)
    assert verdict.sentence.startswith("all stacks: 103.45 EUR a month with VAT, 69% of the budget of 150 EUR")


def test_from_four_fifths_of_the_budget_on_it_warns() -> None:
    assert judge(MONEY, {"staging": 50.0}, {"staging": 60.0}, {"prod": 60.0}).level == "warn"


def test_a_change_that_goes_over_the_budget_is_stopped() -> None:
    verdict = judge(MONEY, {"staging": 50.0}, {"staging": 60.0}, {"prod": 100.0})
    assert verdict.level == "stop"
    assert verdict.sentence.endswith("this change adds 10.34 EUR")


def test_a_reduction_is_never_stopped_however_dear_the_stacks_are() -> None:
    assert judge(MONEY, {"staging": 500.0}, {"staging": 490.0}, {"prod": 400.0}).level == "warn"
    assert judge(MONEY, {"staging": 500.0}, {"staging": 500.0}, {"prod": 400.0}).level == "warn"


@given(before=st.floats(0, 1000), after=st.floats(0, 1000), other=st.one_of(st.none(), st.floats(0, 1000)))
def test_only_what_adds_to_an_overrun_is_stopped(before: float, after: float, other: float | None) -> None:
    verdict = judge(MONEY, {"one": before}, {"one": after}, {"two": other})
    over = MONEY.eur(after + (other or 0)) > MONEY.budget.eur_per_month
    adds = MONEY.eur(after + (other or 0)) > MONEY.eur(before + (other or 0)) + 0.005
    assert (verdict.level == "stop") == (over and adds)


def test_stacks_whose_cost_is_not_known_are_named() -> None:
    verdict = judge(MONEY, {"staging": 0.0}, {"staging": 10.0}, {"prod": None, "f1-vote": 20.0})
    assert (verdict.level, verdict.missing) == ("warn", ("prod",))
    assert verdict.sentence.endswith("not counted, because nobody has stored it: prod")


def test_the_cost_of_a_stack_is_kept_beside_its_state(states: Place) -> None:
    usage, table = read_usage("staging"), read_prices("eu-west-3")
    total = total_of(
        estimate([machine("server", "t4g.small", 20)], usage, table), MONEY, datetime(2026, 11, 21, 12, tzinfo=UTC)
    )
    store(states.objects, "staging", total)
    assert stored(states.objects, ["staging", "prod"]) == {"staging": total, "prod": None}
    assert total.eur_month == pytest.approx(MONEY.eur(total.usd), abs=0.01)
    assert total.at == "2026-11-21T12:00:00Z"
    forget(states.objects, "staging")
    assert stored(states.objects, ["staging"]) == {"staging": None}


def test_a_cost_that_cannot_be_read_counts_as_unknown(states: Place) -> None:
    states.objects.write(states.backend.own_key("costs", "staging.json"), b'{"usd": "much"}')
    assert stored(states.objects, ["staging"]) == {"staging": None}


def test_the_remarks_name_the_range_and_what_nobody_knows() -> None:
    usage, table = read_usage("staging"), read_prices("eu-west-3")
    after = estimate([machine("server", "x9.metal", 20), machine("other", "t4g.small", 20)], usage, table)
    said = remarks(Costed("staging", estimate([], usage, table), after), MONEY)
    assert any("EUR a month" in each and "at 1.2 to 1.1 USD for a EUR" in each for each in said)
    assert "staging: no price for server: 1 x x9.metal: the table of eu-west-3 lacks x9.metal" in said


def test_programs_read_every_line_and_every_sum() -> None:
    usage, table = read_usage("staging"), read_prices("eu-west-3")
    bill = estimate([machine("server", "t4g.small", 20)], usage, table)
    read = as_json(Costed("staging", estimate([], usage, table), bill), MONEY)
    assert read["after"]["usd"] == pytest.approx(sum(each["usd"] for each in read["lines"]))
    assert read["before"]["usd"] == 0


def test_the_chart_shows_what_each_stack_takes_of_the_budget() -> None:
    drawn = chart({"staging": BUDGET / 2, "prod": BUDGET * 2}, MONEY, width=10)
    rows = [row.split() for row in drawn.splitlines()]
    assert [(row[0], row[1]) for row in rows] == [("prod", "█" * 10), ("staging", "█████░░░░░")]


def test_a_total_is_what_the_table_of_stacks_reads() -> None:
    assert {"eur_month", "at"} <= set(Total.__annotations__)
