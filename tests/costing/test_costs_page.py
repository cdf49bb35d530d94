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
PAIR: list[tuple[str, dict[str, str]]] = [("staging", {}), ("prod", {"cluster.kind": "k3s"})]
"""Those that are estimated again, the pair for the budget: a preview takes seconds, and EKS comes of the same rules."""
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


def test_the_pair_for_the_budget_fits_with_production_awake() -> None:
    _, fits = pairs(page())["staging (k3s) asleep at night + prod (k3s)"]
    assert fits in ("yes", "at today's rate")


@pytest.mark.parametrize(("stack", "tried"), PAIR)
def test_the_estimate_of_the_page_is_what_the_engine_previews(stack: str, tried: dict[str, str]) -> None:
    try:
        find()
    except SetupError as reason:
        pytest.skip(str(reason))
    table, _ = prices_for(stack)
    found = forms(stack, ROOT, lambda changes: preview_of(stack, changes), usage_of(stack), table, tried=tried)
    told = {each.form: MONEY.eur(each.usd) for each in variants() if each.stack == stack and "(k3s)" in each.form}
    assert told == {each.form: pytest.approx(MONEY.eur(each.usd), abs=CENTS) for each in found}, (
        'renew the tables of docs/costs.md: make cost STACK="staging prod" PAIRS=1'
    )
