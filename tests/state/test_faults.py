"""The table of faults is what the tests prove, and every row of it is proved."""

import pytest

from tests.state import faults
from tests.state.faults import Fault

ROW = Fault("it", "a fault", "staging: <who> holds it", ("make unlock STACK=staging",), "nothing")


def test_the_page_is_what_the_rows_say() -> None:
    assert faults.PAGE.read_text(encoding="utf-8") == faults.page(), "`python -m tests.state.faults --write` renews it"


def test_every_row_is_proved_by_exactly_one_test() -> None:
    rows = [each.id for each in faults.faults()]
    assert sorted(faults.claims()) == sorted(rows)
    assert len(set(rows)) == len(rows)


def test_a_row_holds_when_it_says_what_happened() -> None:
    ROW.prove("…\nstaging: ada@here\n holds it\n", typed=["make unlock  STACK=staging"], lost=[])


@pytest.mark.parametrize(
    ("output", "typed", "lost"),
    [
        ("staging: nobody has it", ["make unlock STACK=staging"], []),
        ("staging: ada holds it", ["make up STACK=staging"], []),
        ("staging: ada holds it", [], []),
        ("staging: ada holds it", ["make unlock STACK=staging"], ["a bucket"]),
    ],
)
def test_a_row_that_says_something_else_fails(output: str, typed: list[str], lost: list[str]) -> None:
    with pytest.raises(AssertionError, match=r"^it: "):
        ROW.prove(output, typed=typed, lost=lost)
