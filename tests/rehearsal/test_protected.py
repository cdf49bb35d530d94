"""A destroy of a stack that has protected resources."""

import pytest

from tests.rehearsal.checkouts import Checkout
from tests.rehearsal.programs import STACK, write_program

pytestmark = pytest.mark.usefixtures("engine")


def test_a_destroy_takes_protection_off_and_says_what_one_types_for_it(checkout: Checkout) -> None:
    write_program(
        checkout,
        """
        random.RandomPassword("kept", length=8, opts=pulumi.ResourceOptions(protect=True))
        random.RandomPassword("not-kept", length=8)
        """,
    )
    checkout.must("up", STACK)
    down = checkout.must("destroy", STACK)
    lines = [line.strip() for line in down.output.splitlines()]
    start = lines.index("small: 1 protected, so that nobody deletes them by mistake:")
    assert lines[start + 1 : start + 4] == [
        "kept",
        "On a real stack, when their data may go, you type what runs here now:",
        "pulumi state unprotect --all --yes",
    ]
    assert down.result["left"] == 0
    assert checkout.cloud(STACK) == {}


def test_a_destroy_of_unguarded_resources_says_nothing_of_protection(checkout: Checkout) -> None:
    write_program(checkout, 'random.RandomPassword("login", length=8)')
    checkout.must("up", STACK)
    assert "protected" not in checkout.must("destroy", STACK).output


def test_the_next_update_protects_again(checkout: Checkout) -> None:
    write_program(checkout, 'random.RandomPassword("kept", length=8, opts=pulumi.ResourceOptions(protect=True))')
    for _ in range(2):
        checkout.must("up", STACK)
        assert "1 protected" in checkout.must("destroy", STACK).output
