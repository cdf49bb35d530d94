"""The JSON within what the engine printed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.changes.documents import document, step
from tools.changes.document import PreviewUnreadable, read_document
from tools.changes.reader import read_preview


def read(text: str) -> tuple[dict[str, Any] | None, list[str]]:
    taken: list[str] = []
    found = read_document(text, lambda row: taken.append(row["urn"].rpartition("::")[2]))
    return (found.top if found else None), taken


WHOLE = document(step("same", "one", old={}, new={}), step("create", "two", new={}), duration=5)


def test_steps_are_handed_over_one_by_one_and_the_rest_is_kept() -> None:
    assert read(WHOLE) == ({"config": {"aws:region": "eu-west-3"}, "duration": 5}, ["one", "two"])


@pytest.mark.parametrize(
    "before",
    ["Previewing update:\n", 'Policy Violations:\n    {"rule": 1} {not json} {"steps": oops}\n', "{}\n{{{", '"{"'],
)
def test_text_before_the_document_is_passed_over(before: str) -> None:
    assert read(before + WHOLE) == read(WHOLE)
    found = read_document(before + WHOLE, lambda row: None)
    assert found
    assert found.said == before.strip()


def test_text_after_the_document_does_not_matter() -> None:
    assert read(WHOLE + "\nwarning: a newer engine is out {}") == read(WHOLE)


@pytest.mark.parametrize("text", ["", "error: no stack", "{ }} {", '{"other": 1}', "[1]"])
def test_a_text_without_document_has_none(text: str) -> None:
    assert read(text) == (None, [])


def test_the_document_of_a_preview_that_never_began_is_empty() -> None:
    assert read("{}\n") == ({}, [])


@given(st.integers(min_value=18, max_value=len(WHOLE) - 2))
def test_a_document_that_ends_in_the_middle_is_refused_with_a_sentence(length: int) -> None:
    with pytest.raises(PreviewUnreadable, match=r"^the preview's JSON ends in the middle, after [\d,]+ characters$"):
        read(WHOLE[:length])


@pytest.mark.parametrize(
    "end", ['"a": nul', '"a": tr', '"a": -', '"a": "\\u00', '"a": "\\', '"a": ', '"a"', '"a": [1,', '"a": "b']
)
def test_a_document_that_ends_within_a_value_is_cut_off_and_not_broken(end: str) -> None:
    with pytest.raises(PreviewUnreadable, match="ends in the middle"):
        read(WHOLE[: WHOLE.index('"duration"')] + end)


def test_a_document_that_is_broken_in_the_middle_is_refused() -> None:
    with pytest.raises(PreviewUnreadable, match=r"^the preview's JSON is broken in the middle$"):
        read(WHOLE.replace('"duration"', "oops"))


def test_a_command_that_succeeded_without_a_document_is_refused() -> None:
    with pytest.raises(PreviewUnreadable, match=r"^there is no JSON of a preview in what was printed$"):
        read_preview("dev", "all is well")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
        max_leaves=20,
    )
)
def test_any_value_is_read_as_json_has_it(value: Any) -> None:
    rows: list[Any] = []
    text = json.dumps({"steps": [{"inputs": value}], "duration": 1})
    assert read_document(text, rows.append) is not None
    assert rows == [{"inputs": value}]
