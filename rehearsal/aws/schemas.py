"""AWS's published resource schemas, as the PyPI package cfn-lint carries them for every region."""

import difflib
import json
import pathlib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from ipaddress import IPv4Network, ip_network
from typing import Any, cast

import regex
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker, ValidationError, validators
from referencing import Registry

from rehearsal.wire import UNKNOWN, Path, is_list, is_object

Schema = dict[str, Any]
_SHOWN_VALUES = 12
"""How many of the allowed values a message lists."""


def _folder() -> pathlib.Path:
    """Where cfn-lint keeps its data, found without importing its linter, which takes two seconds."""
    package = find_spec("cfnlint")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint is not installed: run make clean, then the command again")
    return pathlib.Path(package.submodule_search_locations[0]) / "data"


DATA = _folder()
"""cfn-lint's data: AWS's schemas, and what its authors add to them."""
_ROOT = DATA / "schemas"


@cache
def _types_of(region: str) -> dict[str, str]:
    file = _ROOT / "providers" / f"{region}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def region_exists(region: str) -> bool:
    """Whether AWS publishes schemas for this region."""
    return bool(_types_of(region))


@cache
def schema_of(type_name: str, region: str) -> Schema | None:
    """Schema of a CloudFormation type as the region offers it, or None where it does not."""
    key = _types_of(region).get(type_name)
    if key is None:
        return None
    return json.loads((_ROOT / "resources" / f"{key}.json").read_text(encoding="utf-8"))


def schema_anywhere(type_name: str) -> Schema | None:
    """Schema of a CloudFormation type from the region that offers every type."""
    return schema_of(type_name, "us-east-1")


@cache
def regional_enum(file: str, region: str) -> frozenset[str]:
    """Values that a region offers, such as its instance types: a file below cfn-lint's `schemas/extensions`."""
    values = json.loads((_ROOT / "extensions" / file).read_text(encoding="utf-8"))
    return frozenset(values.get(region, {}).get("enum", ()))


def resolve(schema: Schema, node: Any) -> Schema:
    """The node with `$ref` followed and the first object or array alternative taken where it has several."""
    while is_object(node) and "$ref" in node:
        target: Any = schema
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = target
    found: Schema = node if is_object(node) else {}
    if "properties" not in found and "items" not in found:
        for alternative in (*found.get("oneOf", ()), *found.get("anyOf", ())):
            inner = resolve(schema, alternative)
            if "properties" in inner or "items" in inner:
                return inner
    return found


def create_only(schema: Schema) -> frozenset[tuple[str, ...]]:
    """Properties whose change means replacement."""
    return frozenset(tuple(path.split("/")[2:]) for path in schema.get("createOnlyProperties", ()))


def violations(type_name: str, region: str, document: Any) -> list[tuple[Path, str]]:
    """What AWS would refuse in `document`: where, and why. What is not known yet is not judged."""
    return _judged(_validator(type_name, region), document)


def reasons(schema: Schema, document: Any, registry: "Registry[Any]") -> list[tuple[Path, str]]:
    """What a schema that refers to others in `registry` refuses in `document`: where, and why."""
    return _judged(_StandaloneValidator(schema, registry=registry), document)


def _judged(validator: Any, document: Any) -> list[tuple[Path, str]]:
    found: dict[tuple[Path, str], None] = {}
    errors: Iterator[ValidationError] = validator.iter_errors(document)
    for error in errors:
        for leaf in _root_causes(error):
            if not _contains_unknown(leaf.instance) or leaf.validator in _ABOUT_KEYS:
                found[tuple(leaf.absolute_path), _reason(leaf)] = None
    return list(found)


_ABOUT_KEYS = {
    "required",
    "additionalProperties",
    "dependentExcluded",
    "dependentRequired",
    "requiredXor",
    "requiredOr",
}


@cache
def _validator(type_name: str, region: str) -> Any:
    return _Validator(schema_of(type_name, region) or {}, format_checker=_FORMATS)


def _root_causes(error: ValidationError) -> Iterator[ValidationError]:
    """The innermost errors; of several alternatives, those of the one that came nearest."""
    context: list[ValidationError] = list(error.context or ())
    if not context:
        yield error
        return
    by_alternative: dict[Any, list[ValidationError]] = {}
    for inner in context:
        by_alternative.setdefault(inner.schema_path[0], []).append(inner)
    best = min(by_alternative.values(), key=lambda group: (-max(len(e.path) for e in group), len(group)))
    for inner in best:
        yield from _root_causes(inner)


def _reason(error: ValidationError) -> str:
    value = json.dumps(error.instance, default=str)
    if error.validator in ("enum", "enumCaseInsensitive"):
        allowed = [str(value) for value in cast(list[Any], error.validator_value)]
        more = len(allowed) - _SHOWN_VALUES
        shown = ", ".join(allowed[:_SHOWN_VALUES]) + (f" and {more} more" if more > 0 else "")
        return f"expected one of {shown}, got {value}"
    if error.validator == "additionalProperties":
        return f"unknown key {', '.join(_with_nearest(error, key) for key in _extra_keys(error))}"
    if error.validator == "pattern":
        return f"expected text that matches {error.validator_value}, got {value}"
    if error.validator == "type":
        return f"expected {error.validator_value}, got {value}"
    return error.message


def _with_nearest(error: ValidationError, key: str) -> str:
    """The key with the one that it may have been meant to be."""
    known: list[str] = list(cast(Schema, error.schema).get("properties", {}))
    near = difflib.get_close_matches(key, known, n=1)
    return f"{key}, did you mean {near[0]}?" if near else key


def _extra_keys(error: ValidationError) -> list[str]:
    schema = cast(Schema, error.schema)
    patterns = schema.get("patternProperties", {})
    return [
        key
        for key in cast(Schema, error.instance)
        if key not in schema.get("properties", {}) and not any(regex.search(pattern, key) for pattern in patterns)
    ]


def _contains_unknown(value: Any) -> bool:
    if is_object(value):
        return any(_contains_unknown(item) for item in value.values())
    if is_list(value):
        return any(_contains_unknown(item) for item in value)
    return value is UNKNOWN


# AWS's schemas are draft 7 with Java-like patterns and cfn-lint's own keywords.


def _pattern(validator: Any, pattern: str, instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if isinstance(instance, str):
        try:
            matched = regex.search(pattern, instance, timeout=1)
        except (regex.error, TimeoutError):
            return  # a pattern that only Java understands is not judged
        if not matched:
            yield ValidationError("pattern")


def _enum_any_case(validator: Any, allowed: list[str], instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if isinstance(instance, str) and instance.lower() not in {value.lower() for value in allowed}:
        yield ValidationError("enum")


def _dependent_excluded(
    validator: Any, excluded: dict[str, list[str]], instance: Any, schema: Schema
) -> Iterator[ValidationError]:
    if is_object(instance):
        for key, others in excluded.items():
            for other in others:
                if key in instance and other in instance and key < other:
                    yield ValidationError(f"{key} and {other} exclude each other")


def _dependent_required(
    validator: Any, needed: dict[str, list[str]], instance: Any, schema: Schema
) -> Iterator[ValidationError]:
    if is_object(instance):
        for key, others in needed.items():
            for other in others:
                if key in instance and other not in instance:
                    yield ValidationError(f"{key} needs {other} beside it")


def _required_xor(validator: Any, names: list[str], instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if is_object(instance) and sum(name in instance for name in names) != 1:
        yield ValidationError(f"exactly one of {', '.join(names)} is required")


def _required_or(validator: Any, names: list[str], instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if is_object(instance) and not any(name in instance for name in names):
        yield ValidationError(f"one of {', '.join(names)} is required")


_KEYWORDS = {
    "pattern": _pattern,
    "enumCaseInsensitive": _enum_any_case,
    "dependentExcluded": _dependent_excluded,
    "dependentRequired": _dependent_required,
    "requiredXor": _required_xor,
    "requiredOr": _required_or,
}
# The stub of jsonschema leaves the signature of `extend` open.
_extend = cast(Callable[..., Callable[..., Any]], validators.extend)  # pyright: ignore[reportUnknownMemberType]
_Validator = _extend(Draft7Validator, _KEYWORDS)
_StandaloneValidator = _extend(Draft202012Validator, _KEYWORDS)
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("ipv4-network", raises=ValueError)
def _is_ipv4_network(value: object) -> bool:
    return not isinstance(value, str) or isinstance(ip_network(value), IPv4Network)
