"""What docs/costs.md says of the shipped stacks is what the command says."""

import re
from collections.abc import Iterator

import pytest

from rehearsal.engine import find
from tools.costing.forms import forms
from tools.costing.money import read_money
from tools.costing.pairs import Variant, as_markdown
from tools.costing.previewed import preview_of
from tools.costing.stack_cost import prices_for, usage_of
from tools.setup import ROOT, SetupError

MONEY = read_money()
STACK = "staging"
"""The one that is estimated again: a preview takes seconds, and the other figures come of the same rules."""
CENTS = 0.02


def page() -> str:
    return (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")


def variants() -> Iterator[Variant]:
    """The forms of the page's first table."""
    for stack, form, eur in re.findall(r"^\| (\w+) (\([^|]+) \| ([\d.]+) \|$", page(), re.MULTILINE):
        yield Variant(stack, form.strip(), float(eur) / (1 + MONEY.vat.rate) * MONEY.exchange.usd_per_eur)


def pairs(text: str) -> dict[str, tuple[float, str]]:
    found = re.findall(r"^\| ([^|]+ \+ [^|]+) \| ([\d.]+) \|[^|]+\| ([^|]+) \|$", text, re.MULTILINE)
    return {name: (float(eur), fits) for name, eur, fits in found}


def test_the_pairs_of_the_page_are_those_of_its_forms() -> None:
    told, worked_out = pairs(page()), pairs(as_markdown(list(variants()), MONEY))
    assert told.keys() == worked_out.keys()
    assert len(told) > 1
    for name, (eur, fits) in told.items():
        assert (worked_out[name][0], worked_out[name][1]) == (pytest.approx(eur, abs=CENTS), fits), name


def test_the_estimate_of_the_page_is_what_the_engine_previews() -> None:
    try:
        find()
    except SetupError as reason:
        pytest.skip(str(reason))
    table, _ = prices_for(STACK)
    found = forms(STACK, ROOT, lambda changes: preview_of(STACK, changes), usage_of(STACK), table)
    told = {each.form: MONEY.eur(each.usd) for each in variants() if each.stack == STACK}
    assert told == {each.form: pytest.approx(MONEY.eur(each.usd), abs=CENTS) for each in found}, (
        'renew the tables of docs/costs.md: make cost STACK="staging prod" PAIRS=1'
    )
