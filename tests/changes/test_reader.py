"""Previews in shapes that the engine of these tests cannot be made to give, recorded or written by hand."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.changes.documents import document, step, update
from tools.changes.digest import digest_of
from tools.changes.masks import Masks
from tools.changes.model import Change, Preview
from tools.changes.reader import failed_preview, read_preview

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def read(*steps: Any, **more: Any) -> Preview:
    return read_preview("dev", document(*steps, **more))


def only(preview: Preview) -> Change:
    (change,) = preview.changes
    return change


def shown(change: Change) -> Mapping[str, tuple[str, str | None, str | None]]:
    return {diff.path: (diff.kind, diff.before, diff.after) for diff in change.diffs}


def test_properties_that_the_provider_names_have_their_values() -> None:
    old = {"a": {"b.c": [1]}, "gone": True, "list": [{"x": "1"}]}
    new = {"a": {"b.c": [2]}, "new": None, "list": [{"x": "2"}]}
    diff = {
        'a["b.c"][0]': {"kind": "update", "inputDiff": True},
        "gone": {"kind": "delete", "inputDiff": True},
        "new": {"kind": "add", "inputDiff": True},
        "list[0].x": {"kind": "update-replace", "inputDiff": True},
    }
    change = only(read(step("replace", old=old, new=new, detailedDiff=diff, replaceReasons=["list"])))
    assert shown(change) == {
        'a["b.c"][0]': ("update", "1", "2"),
        "gone": ("delete", "true", None),
        "new": ("add", None, "null"),
        "list[0].x": ("update", '"1"', '"2"'),
    }
    assert [diff.path for diff in change.diffs if diff.forces_replacement] == ["list[0].x"]
    assert change.replace_reasons == ("list",)


def test_a_property_of_the_cloud_is_compared_with_what_the_cloud_had() -> None:
    row = step("update", old={"size": 1}, outputs={"size": 5}, new={"size": 1})
    row["detailedDiff"] = {"size": {"kind": "update", "inputDiff": False}}
    assert shown(only(read(row))) == {"size": ("update", "5", "1")}


def test_without_details_the_reasons_tell_what_differs() -> None:
    old, new = {"tags": {"a": "1", "b": "2"}, "same": 1}, {"tags": {"a": "1", "b": "3", "c": UNKNOWN}, "same": 1}
    row = step("replace", old=old, new=new, diffReasons=["tags", "engine"], replaceReasons=["tags"])
    change = only(read(row))
    assert shown(change) == {
        "engine": ("update", None, None),
        "tags.b": ("update", '"2"', '"3"'),
        "tags.c": ("add", None, "(known after apply)"),
    }
    assert {diff.path for diff in change.diffs if diff.forces_replacement} == {"tags.b", "tags.c"}


def test_a_property_named_as_a_whole_shows_the_parts_that_differ() -> None:
    change = only(read(update({"spec": {"a": 1, "b": [1, 2]}}, {"spec": {"a": 1, "b": [1, 3]}}, spec="update")))
    assert shown(change) == {"spec.b[1]": ("update", "2", "3")}


def test_what_a_provider_notes_for_itself_is_left_out() -> None:
    change = only(read(step("create", new={"__defaults": ["name"], "name": "n", "in": {"__defaults": [], "x": 1}})))
    assert shown(change) == {"in": ("add", None, '{"x": 1}'), "name": ("add", None, '"n"')}


def test_default_tags_are_not_told_twice() -> None:
    old, new = (
        {"tags": {"a": "1"}, "tagsAll": {"a": "1", "x": "1"}},
        {"tags": {"a": "2"}, "tagsAll": {"a": "2", "x": "2"}},
    )
    change = only(read(update(old, new, tags__a="update", tagsAll__a="update", tagsAll__x="update")))
    assert set(shown(change)) == {"tags.a", "tagsAll.x"}


def test_files_references_and_secrets_of_the_engine_are_words() -> None:
    mark = "4dabf18193072939515e22adb298388d"
    new = {
        "code": {mark: "c44067f5952c0a294b673a41bacd8c17", "hash": "0123456789abcdef", "path": "site/index.html"},
        "hidden": {mark: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x", "plaintext": '"open"'},
        "later": {mark: "d0e6a833031e9bbcd3f4e8bde6ca49a4"},
    }
    assert shown(only(read(step("create", new=new)))) == {
        "code": ("add", None, '"asset site/index.html sha256:0123456789ab"'),
        "hidden": ("add", None, "[secret]"),
        "later": ("add", None, "(known after apply)"),
    }


def test_a_json_text_is_told_line_by_line() -> None:
    def policy(action: str) -> str:
        return json.dumps({"Statement": [{"Action": action, "Effect": "Allow", "Resource": "arn:aws:s3:::a-bucket/*"}]})

    (diff,) = only(read(update({"policy": policy("s3:Get*")}, {"policy": policy("s3:*")}, policy="update"))).diffs
    assert diff.before
    assert diff.after
    assert set(diff.after.split("\n")) - set(diff.before.split("\n")) == {'      "Action": "s3:*",'}


def test_characters_that_nobody_sees_are_written_out() -> None:
    change = only(read(step("create", name="a\u202eb", new={"x\u200b": "\u2066y\ud800"})))
    assert change.name == r"a\u202eb"
    assert shown(change) == {r"x\u200b": ("add", None, r'"\u2066y\ud800"')}


def test_an_operation_of_a_later_engine_is_told_as_it_is() -> None:
    preview = read(step("transmogrify", old={}, new={}))
    assert only(preview).op == "transmogrify"


def test_reads_change_nothing() -> None:
    assert read(step("read", new={}), step("discard", old={}), step("same", old={}, new={})).changes == ()


def test_dangerous_changes_come_first_then_by_operation_type_and_name() -> None:
    rows = [step("create", "a", new={}), step("delete", "b", type_="aws:ec2/route:Route", old={})]
    rows += [step("delete", "z", old={}), step("update", "a", old={}, new={})]
    assert [(each.op, each.name) for each in read(*rows).changes] == [
        ("delete", "z"),
        ("delete", "b"),
        ("update", "a"),
        ("create", "a"),
    ]


# Failures


def test_diagnostics_are_masked_without_colours_and_without_debugging() -> None:
    said = [
        {"severity": "error", "prefix": "error: ", "message": "<{%reset%}>\x1b[31mpassword=hunter2\x1b[0m\n"},
        {"severity": "debug", "message": "outputs: hunter2"},
        {"severity": "info", "message": "\n"},
        {"severity": "warning", "message": "warning: x"},
        {"severity": "warning", "message": "warning: x"},
    ]
    preview = read(step("same", old={}, new={}), diagnostics=said)
    assert [(each.severity, each.message) for each in preview.diagnostics] == [
        ("error", "password=[masked]"),
        ("warning", "x"),
    ]
    assert preview.failed
    assert not preview.complete
    assert preview.digest == ""


def test_a_failure_without_any_json_is_told_by_what_was_said() -> None:
    preview = read_preview("dev", "", 255, "error: PULUMI token glpat-abcdefghij1234567890 is not valid\n")
    assert preview.failed
    assert [each.message for each in preview.diagnostics] == ["PULUMI token [masked] is not valid"]


def test_a_policy_that_is_told_before_the_json_is_the_error() -> None:
    text = "Policy Violations:\n    [mandatory] no-public-bucket\n" + document(step("same", old={}, new={}))
    (error,) = read_preview("dev", text, 1).diagnostics
    assert error.message == "Policy Violations:\n    [mandatory] no-public-bucket"


def test_a_failure_that_says_nothing_says_so() -> None:
    assert read_preview("dev", "{}", 3).diagnostics[0].message == "it said nothing, exit code 3"


def test_a_stack_without_preview_has_its_reason() -> None:
    preview = failed_preview("dev", "the job was killed", Masks(["killed"]))
    assert (preview.failed, preview.diagnostics[0].message) == (True, "the job was [masked]")


def test_a_state_that_may_be_wrong_makes_the_preview_incomplete() -> None:
    assert not read(step("same", old={}, new={}), maybeCorrupt=True).complete


def test_a_preview_without_unchanged_resources_says_so() -> None:
    assert not read(step("create", new={}), changeSummary={"create": 1, "same": 4}).has_sames


# The digest

ROWS = [
    step("create", "one", new={"a": 1}),
    step("delete", "two", old={"a": 1}),
    update({"a": 1, "b": 1}, {"a": 2, "b": 2}, a="update", b="update"),
]


@given(st.permutations(ROWS), st.integers(min_value=0))
def test_neither_order_nor_time_changes_the_digest(rows: list[Any], duration: int) -> None:
    changed = read(*rows, duration=duration)
    assert changed.digest == read(*ROWS).digest
    assert changed.digest == digest_of(changed.changes)


@pytest.mark.parametrize(
    "row",
    [
        step("create", "other", new={"a": 1}),
        step("create", "one", new={"a": 2}),
        step("create", "one", type_="aws:sqs/queue:Queue", new={"a": 1}),
        step("update", "one", old={"a": 0}, new={"a": 1}),
    ],
)
def test_another_plan_has_another_digest(row: Any) -> None:
    assert read(row, *ROWS[1:]).digest != read(*ROWS).digest


def test_what_stays_the_same_has_no_part_in_the_digest() -> None:
    assert read(step("same", "x", old={}, new={}), *ROWS).digest == read(*ROWS).digest
