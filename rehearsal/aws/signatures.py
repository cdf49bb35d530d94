"""The signatures of pulumi_aws: which inputs a resource has, how they nest, and which outputs it gives."""

import difflib
import importlib
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

from pulumi import _types  # pyright: ignore[reportPrivateUsage] (the SDK has no other way to ask for a signature)

from rehearsal.check import Problem
from rehearsal.wire import UNKNOWN, Path, Properties, dotted, is_list, is_object


@cache
def _class(token: str, suffix: str = "") -> type | None:
    _, module, name = token.split(":")
    package = module.split("/")[0]
    package = "lambda_" if package == "lambda" else package
    try:
        found = importlib.import_module(f"pulumi_aws.{package}")
    except ModuleNotFoundError:
        return None
    return getattr(found, name + suffix, None)


def is_resource(token: str) -> bool:
    """Whether pulumi_aws has such a type."""
    return _class(token) is not None


def _arguments(token: str) -> type | None:
    """The class of a resource's inputs; the SDK calls it `…InitArgs` where a nested input has the plain name."""
    return _class(token, "InitArgs") or _class(token, "Args")


@cache
def output_names(token: str) -> frozenset[str]:
    """Every output of a type, in the provider's camelCase."""
    found = _class(token)
    return frozenset(_types.resource_types(found)) if found else frozenset()


@cache
def input_names(token: str) -> frozenset[str]:
    """Every input of a type, in the provider's camelCase."""
    found = _arguments(token)
    return frozenset(_types.input_type_types(found)) if found else frozenset()


def problems(token: str, inputs: Properties) -> list[Problem]:
    """Inputs that the resource does not have, with the nearest that it has."""
    found: list[Problem] = []
    arguments = _arguments(token)
    if arguments is not None:
        _object(inputs, arguments, (), found)
    return found


def _object(value: Mapping[str, Any], arguments: type, path: Path, found: list[Problem]) -> None:
    known = _types.input_type_types(arguments)
    for key, item in value.items():
        below = (*path, key)
        if key in known:
            _value(item, known[key], below, found)
        elif not key.startswith("__"):
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f", did you mean {near[0]}?" if near else f": known are {', '.join(sorted(known))}"
            found.append(Problem(dotted(below), f"unknown property {key}{hint}"))


def _value(item: Any, annotation: Any, path: Path, found: list[Problem]) -> None:
    if item is UNKNOWN or item is None:
        return
    arguments = _arguments_in(annotation)
    if is_object(item) and arguments is not None:
        _object(item, arguments, path, found)
    elif is_list(item):
        for index, below in enumerate(item):
            _value(below, annotation, (*path, index), found)
    elif arguments is not None and not is_object(item) and str not in _alternatives(annotation):
        found.append(Problem(dotted(path), f"expected an object, got {item!r}"))


@cache
def _alternatives(annotation: Any) -> frozenset[Any]:
    """Every plain type that an annotation names, at any depth."""
    inner = typing.get_args(annotation)
    return frozenset[Any]().union(*map(_alternatives, inner)) if inner else frozenset({annotation})


@cache
def _arguments_in(annotation: Any) -> type | None:
    """The input class inside an annotation such as `Sequence[Input[FooArgs]]`, or None for scalars and maps."""
    if isinstance(annotation, type):
        return annotation if _types.is_input_type(annotation) else None
    for inner in typing.get_args(annotation):
        found = _arguments_in(inner)
        if found is not None:
            return found
    return None
