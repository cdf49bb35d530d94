"""The bill against the budget, drawn."""

import re
from typing import Any
from xml.etree import ElementTree as Xml

from tools.changes.summaries import CostSummary
from tools.comment.cost_chart import cost_chart

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**more: Any) -> Xml.Element:
    given: dict[str, Any] = {"before": 40.0, "after": 60.0, "budget": 150.0, "others": {"prod": 80.0}, **more}
    text = cost_chart("staging", CostSummary(**given)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return Xml.fromstring(text)  # noqa: S314 (our own text)


def widths(svg: Xml.Element, colour: str) -> list[float]:
    return [float(each.attrib["width"]) for each in svg.iter(f"{SVG}rect") if each.attrib["fill"] == colour]


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    before, after = widths(drawn(), "#0969da")
    assert after / before == 1.5
    assert {round(each / before, 2) for each in widths(drawn(), "#afb8c1")} == {2.0}


def test_the_budget_is_a_line_between_what_is_below_and_what_is_above_it() -> None:
    svg = drawn(after=90.0)
    (line,) = svg.iter(f"{SVG}line")
    at = float(line.attrib["x1"])
    ends = [float(each.attrib["x"]) + float(each.attrib["width"]) for each in svg.iter(f"{SVG}rect")]
    assert min(ends) < at < max(ends)
    assert list(drawn(budget=None).iter(f"{SVG}line")) == []


def test_it_is_told_to_those_who_do_not_see_it() -> None:
    assert drawn().attrib["aria-label"] == (
        "All stacks with staging: 120.00 EUR a month before, 140.00 EUR after, of a budget of 150.00 EUR"
    )
    titles = [each.text for each in drawn().iter(f"{SVG}title")]
    assert titles == ["prod: 80.00 EUR", "staging: 40.00 EUR", "prod: 80.00 EUR", "staging: 60.00 EUR"]


def test_a_stack_of_unknown_cost_and_one_that_is_new_have_no_bar() -> None:
    svg = drawn(before=0.0, others={"prod": None})
    assert len(list(svg.iter(f"{SVG}rect"))) == 1
    assert cost_chart("staging", CostSummary(before=0, after=0)) == ""


def test_names_cannot_leave_the_drawing() -> None:
    hostile = cost_chart('"><script>', CostSummary(before=1, after=2, others={"</svg><b>": 3.0}))
    assert not re.search(r"<(?:script|b)>", hostile)
