from typing import Any

import pytest

from rehearsal.diff import Change, Kind, differences
from rehearsal.wire import UNKNOWN, Path, Properties


def _never(_: Path) -> bool:
    return False


@pytest.mark.parametrize(
    ("old", "new", "path", "kind"),
    [
        ({}, {"a": 1}, ("a",), "add"),
        ({"a": 1}, {"a": 2}, ("a",), "update"),
        ({"a": 1}, {}, ("a",), "delete"),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ("a", "c"), "update"),
        ({"a": [1]}, {"a": [1, 2]}, ("a", 1), "add"),
        ({"a": [1, 2]}, {"a": [1]}, ("a", 1), "delete"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ("a", 0, "b"), "update"),
        ({"a": [1]}, {"a": {"b": 1}}, ("a",), "update"),
        ({"a": "known"}, {"a": UNKNOWN}, ("a",), "update"),
    ],
)
def test_a_difference_is_named_by_path_and_kind(old: Properties, new: Properties, path: Path, kind: Kind) -> None:
    assert differences(old, new, _never) == [Change(path, kind, replaces=False)]


@pytest.mark.parametrize("same", [{}, {"a": 1}, {"a": [{"b": [1, 2]}], "c": {"d": None}}, {"a": UNKNOWN}])
def test_equal_inputs_differ_in_nothing(same: dict[str, Any]) -> None:
    assert differences(same, same, _never) == []


def test_several_differences_are_all_found() -> None:
    found = differences({"a": 1, "b": 1, "c": 1}, {"a": 2, "c": 1, "d": 1}, _never)
    assert {(change.path, change.kind) for change in found} == {
        (("a",), "update"),
        (("b",), "delete"),
        (("d",), "add"),
    }


def test_what_cannot_change_in_place_replaces() -> None:
    def first_of_the_list(path: Path) -> bool:
        return path == ("a", 0)

    assert {
        change.path: change.replaces for change in differences({"a": [1, 1]}, {"a": [2, 2]}, first_of_the_list)
    } == {
        ("a", 0): True,
        ("a", 1): False,
    }


def test_adding_or_leaving_out_what_cannot_change_in_place_replaces_too() -> None:
    found = differences({"gone": 1}, {"new": 1}, lambda _: True)
    assert {change.kind: change.replaces for change in found} == {"add": True, "delete": True}
