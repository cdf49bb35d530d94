"""Pulumi's property values between the engine's protocol buffers and plain Python."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final, TypeGuard

from google.protobuf import struct_pb2

Properties = dict[str, Any]
Path = tuple[str | int, ...]

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a marker of the protocol, not a secret)
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class _Unknown(Enum):
    VALUE = "unknown"


UNKNOWN: Final = _Unknown.VALUE
"""A value that the engine only learns during an update."""


def is_object(value: Any) -> TypeGuard[Properties]:
    """Whether a value of the protocol is an object, whose keys are always text."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value of the protocol is a list."""
    return isinstance(value, list)


def object_in(properties: Mapping[str, Any], key: str) -> Properties:
    """The object under a key; empty where there is none, or where it is not known yet."""
    value = properties.get(key)
    return value if is_object(value) else {}


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Plain properties: whole numbers as int, secrets unwrapped, unknowns as `UNKNOWN`, what is null left out."""
    return _from_fields(struct.fields)


def _from_fields(fields: Mapping[str, struct_pb2.Value]) -> Properties:
    return {key: _from_value(value) for key, value in fields.items() if value.WhichOneof("kind") != "null_value"}


def _from_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
        if signature in (_SECRET, _OUTPUT):
            return _from_value(fields["value"]) if "value" in fields else UNKNOWN
        return _from_fields(fields)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value == _UNKNOWN_TEXT else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The reverse of `from_struct`; secrets stay unwrapped, for the engine marks outputs of secret inputs itself."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _set_value(struct.fields[key], value)
    return struct


def _set_value(target: struct_pb2.Value, value: Any) -> None:
    if value is UNKNOWN:
        target.string_value = _UNKNOWN_TEXT
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif is_object(value):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _set_value(target.struct_value.fields[key], item)
    else:
        target.list_value.SetInParent()
        for item in value:
            _set_value(target.list_value.values.add(), item)


def secret(value: Any) -> Properties:
    """`value` marked so that the engine encrypts it in the state and masks it everywhere."""
    return {_SIGNATURE: _SECRET, "value": value}


def has_secrets(struct: struct_pb2.Struct) -> bool:
    """Whether anything in it is marked secret."""
    return any(_has_secrets(value) for value in struct.fields.values())


def with_secrets_of(properties: Properties, struct: struct_pb2.Struct) -> Properties:
    """`properties`, in which what is secret in `struct` is marked so too."""
    return {
        key: _marked(value, struct.fields[key]) if key in struct.fields else value for key, value in properties.items()
    }


def _has_secrets(value: struct_pb2.Value) -> bool:
    inside = [*value.struct_value.fields.values(), *value.list_value.values]
    return _is_secret(value) or any(map(_has_secrets, inside))


def _is_secret(value: struct_pb2.Value) -> bool:
    fields = value.struct_value.fields
    return _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET


def _marked(value: Any, like: struct_pb2.Value) -> Any:
    if _is_secret(like):
        return secret(value)
    if is_object(value):
        fields = like.struct_value.fields
        return {key: _marked(item, fields[key]) if key in fields else item for key, item in value.items()}
    items = like.list_value.values
    if is_list(value) and len(items) == len(value):
        return [_marked(item, below) for item, below in zip(value, items, strict=True)]
    return secret(value) if is_list(value) and any(map(_has_secrets, items)) else value


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar below `value` with its path; an empty list or object counts as one leaf."""
    if is_object(value) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif is_list(value) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def dotted(path: Path) -> str:
    """A path as Pulumi writes it: `ingress[0].fromPort`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def without_indices(path: Path) -> str:
    """A path whichever item of its lists it is in: `ingress.fromPort`."""
    return dotted(tuple(part for part in path if isinstance(part, str)))
