"""The estimate says what a person worked out by hand."""

import pytest

from tests.costing.bills import BILLS, DESCRIBED, Described, control_plane, eks
from tools.costing.estimate import Estimate, estimate
from tools.costing.line import Line
from tools.costing.price_table import read_prices

PARIS = read_prices("eu-west-3")
CENT = 0.006
"""Bills are rounded to the cent."""
PERCENT = 0.01


def estimated(described: Described) -> Estimate:
    return estimate(described.resources, described.assumptions(), PARIS)


def found(lines: tuple[Line, ...], beginning: str) -> Line:
    # Up to what follows the name: a line of a disk begins like that of its machine.
    fitting = [each for each in lines if each.what == beginning or each.what.startswith(f"{beginning} ")]
    assert len(fitting) == 1, (beginning, [each.what for each in lines])
    return fitting[0]


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_item_of_an_example_bill_is_reproduced(name: str) -> None:
    described = DESCRIBED[name]
    lines = estimated(described).lines
    for item, expected in BILLS[name]["items"].items():
        parts = [found(lines, beginning) for beginning in described.items[item]]
        usd = sum(each.highest if item in described.worst else each.usd for each in parts)
        assert usd == pytest.approx(expected, rel=PERCENT, abs=CENT), item


@pytest.mark.parametrize("name", DESCRIBED)
def test_nothing_in_an_estimate_is_missing_from_its_bill(name: str) -> None:
    described = DESCRIBED[name]
    bill = estimated(described)
    worst = {start for item in described.worst for start in described.items[item]}
    usd = sum(each.highest if any(each.what.startswith(start) for start in worst) else each.usd for each in bill.lines)
    assert usd == pytest.approx(BILLS[name]["total"], rel=PERCENT)
    assert bill.of("unpriced") == []


def test_an_hour_of_a_cluster_that_comes_and_goes_costs_what_the_bill_says() -> None:
    kept = ("claim", "velero", "public", "main", "parameter", "site", "registry")
    described = eks([("t4g.medium", 2, "SPOT")])
    rented = [each for each in described.resources if each.name not in kept and "data" not in each.name]
    usd = estimate([control_plane(), *rented], described.assumptions(), PARIS)
    billed_by_the_hour = sum(line.usd for line in usd.lines if line.kind == "priced")
    assert billed_by_the_hour / PARIS.hours_per_month == pytest.approx(
        BILLS["ephemeral_eks_staging"]["usd_per_hour"], rel=PERCENT
    )
