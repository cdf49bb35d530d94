"""Property paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.changes.paths import ABSENT, Path, parse, value_at, written

VALUE = {"tags": {"a.b": "dotted", "plain": {"c": 1}}, "list": [{"x": 1}, [2, 3]], 'q"uote': 4, "all": "[secret]"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tags", ("tags",)),
        ("tags.plain.c", ("tags", "plain", "c")),
        ('tags["a.b"]', ("tags", "a.b")),
        ('a["b.c"][0]', ("a", "b.c", 0)),
        ("list[1][0]", ("list", 1, 0)),
        ('["q\\"uote"].x', ('q"uote', "x")),
        ("broken[", ("broken[",)),
        ('broken["x]', ('broken["x]',)),
    ],
)
def test_a_path_has_these_parts(text: str, path: Path) -> None:
    assert parse(text) == path


@given(st.lists(st.text(min_size=1) | st.integers(min_value=0, max_value=99), min_size=1).map(tuple))
def test_what_is_written_is_parsed_again(path: Path) -> None:
    assert parse(written(path)) == path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('tags["a.b"]', "dotted"),
        ("tags.a.b", "dotted"),
        ("list[0].x", 1),
        ("list[1][1]", 3),
        ('["q\\"uote"]', 4),
        ("all.of.it", "[secret]"),
    ],
)
def test_a_path_leads_to_this_value(text: str, value: object) -> None:
    assert value_at(VALUE, parse(text)) == value


@pytest.mark.parametrize("text", ["nothing", "tags.plain.d", "list[2]", "list.x", "tags[0]"])
def test_a_path_to_nothing_leads_nowhere(text: str) -> None:
    assert value_at(VALUE, parse(text)) is ABSENT
