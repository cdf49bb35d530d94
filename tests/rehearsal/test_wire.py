from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.wire import (
    UNKNOWN,
    dotted,
    from_struct,
    has_secrets,
    leaves,
    secret,
    to_struct,
    with_secrets_of,
    without_indices,
)

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

_scalars = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.just(UNKNOWN)
)
_values = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@settings(deadline=None)
@given(st.dictionaries(st.text(), _values))
def test_properties_survive_the_way_to_the_engine_and_back(properties: dict[str, Any]) -> None:
    assert from_struct(to_struct(properties)) == properties


def test_booleans_whole_numbers_and_text_keep_their_types() -> None:
    given_back = from_struct(to_struct({"bool": True, "int": 1, "float": 1.5, "text": "1"}))
    assert {key: type(value) for key, value in given_back.items()} == {
        "bool": bool,
        "int": int,
        "float": float,
        "text": str,
    }


def test_what_is_null_is_left_out_of_an_object() -> None:
    assert from_struct(to_struct({"nothing": None, "inside": {"nothing": None, "one": 1}})) == {"inside": {"one": 1}}


def test_a_secret_is_read_as_its_value() -> None:
    assert from_struct(to_struct({"password": secret({"inner": ["s3cret"]})})) == {"password": {"inner": ["s3cret"]}}


def test_secrets_are_marked_where_they_were_and_nowhere_else() -> None:
    given = to_struct({"a": {"b": secret("x"), "c": "y"}, "list": ["y", secret("x")], "whole": secret({"d": 1})})
    again = {"a": {"b": "new", "c": "y", "e": 1}, "list": ["y", "x"], "whole": {"d": 2}, "more": "z"}
    assert with_secrets_of(again, given) == {
        "a": {"b": secret("new"), "c": "y", "e": 1},
        "list": ["y", secret("x")],
        "whole": secret({"d": 2}),
        "more": "z",
    }


def test_a_list_of_another_length_is_secret_as_a_whole_when_an_item_was() -> None:
    assert with_secrets_of({"list": ["x"]}, to_struct({"list": ["y", secret("x")]})) == {"list": secret(["x"])}
    assert with_secrets_of({"list": ["x"]}, to_struct({"list": ["y", "x"]})) == {"list": ["x"]}


def test_a_secret_is_found_at_any_depth() -> None:
    assert has_secrets(to_struct({"a": [{"b": secret(1)}]}))
    assert not has_secrets(to_struct({"a": [{"b": 1}], "c": UNKNOWN}))


def test_an_output_is_read_as_its_value_and_as_unknown_without_one() -> None:
    known = {_SIGNATURE: _OUTPUT, "value": "here"}
    not_yet = {_SIGNATURE: _OUTPUT}
    assert from_struct(to_struct({"known": known, "not_yet": not_yet})) == {"known": "here", "not_yet": UNKNOWN}


def test_unknown_travels_as_the_text_that_the_engine_knows() -> None:
    # https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
    text = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert to_struct({"id": UNKNOWN}).fields["id"].string_value == text


def test_leaves_are_scalars_and_what_is_empty() -> None:
    assert dict(leaves({"a": [{"b": 1}, 2], "c": {}, "d": []})) == {
        ("a", 0, "b"): 1,
        ("a", 1): 2,
        ("c",): {},
        ("d",): [],
    }


def test_paths_are_written_as_pulumi_does() -> None:
    assert dotted(("ingress", 0, "fromPort")) == "ingress[0].fromPort"
    assert without_indices(("ingress", 0, "fromPort")) == "ingress.fromPort"
