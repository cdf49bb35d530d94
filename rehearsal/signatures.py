"""The signatures of provider SDKs: which inputs a resource has, how they nest, and which outputs it gives.

They are read from the SDK's source, class by class: importing pulumi_datadog would take four seconds.
"""

import ast
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path as File

from rehearsal.check import Problem
from rehearsal.wire import UNKNOWN, Path, Properties, dotted, is_list, is_object

_NEXT_STATEMENT = re.compile(r"^(?=[^\s])", re.MULTILINE)
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SCALARS = frozenset(("str", "int", "float", "bool"))


@dataclass(frozen=True)
class Property:
    """What the SDK says of one input."""

    required: bool
    is_list: bool
    is_map: bool
    """Keys are of the user's choosing."""
    scalars: frozenset[str]
    """Python's names of the scalar types that it may have."""
    nested: str | None
    """Class of the objects that it holds, or None for scalars."""


def is_resource(token: str) -> bool:
    """Whether the provider's SDK has such a type."""
    return _resource(token) is not None


@cache
def output_names(token: str) -> frozenset[str]:
    """Every output of a type, in the provider's camelCase."""
    found = _resource(token)
    return frozenset(name for name, _ in _getters(found)) if found else frozenset()


@cache
def input_names(token: str) -> frozenset[str]:
    """Every input of a type, in the provider's camelCase."""
    return frozenset(_inputs(token))


def problems(token: str, inputs: Properties) -> list[Problem]:
    """Inputs that the resource does not have, with the nearest that it has."""
    found: list[Problem] = []
    known = _inputs(token)
    if known or is_resource(token):
        _object(token, inputs, known, (), found)
    return found


def wrong_values(token: str, inputs: Properties) -> list[Problem]:
    """Inputs that are missing or of the wrong type; for providers whose cloud publishes no schema to check by."""
    return list(_wrong_in(token, inputs, _inputs(token), ()))


def _object(
    token: str, value: Mapping[str, object], known: Mapping[str, Property], path: Path, found: list[Problem]
) -> None:
    for key, item in value.items():
        below = (*path, key)
        if key in known:
            _value(token, item, known[key], below, found)
        elif not key.startswith("__"):
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f", did you mean {near[0]}?" if near else f": known are {', '.join(sorted(known))}"
            found.append(Problem(dotted(below), f"unknown property {key}{hint}"))


def _value(token: str, item: object, declared: Property, path: Path, found: list[Problem]) -> None:
    if item is UNKNOWN or item is None or declared.nested is None:
        return
    known = _nested(token, declared.nested)
    if is_list(item):
        for index, below in enumerate(item):
            _value(token, below, declared, (*path, index), found)
    elif not known:
        return  # an enumeration
    elif is_object(item) and declared.is_map:
        for key, below in item.items():
            _value(token, below, _held(declared), (*path, key), found)
    elif is_object(item):
        _object(token, item, known, path, found)
    elif "str" not in declared.scalars:
        found.append(Problem(dotted(path), f"expected an object, got {item!r}"))


def _held(declared: Property) -> Property:
    """One value of a map, or one item of a list."""
    return Property(False, False, False, declared.scalars, declared.nested)


def _wrong_in(token: str, value: Properties, known: Mapping[str, Property], path: Path) -> Iterator[Problem]:
    for key, declared in known.items():
        item = value.get(key)
        if item is None and declared.required:
            yield Problem(dotted((*path, key)), "missing, it is required")
        elif item is not None:
            yield from _wrong(token, item, declared, (*path, key))


def _wrong(token: str, item: object, declared: Property, path: Path) -> Iterator[Problem]:
    if item is UNKNOWN:
        return
    if declared.is_list:
        if not is_list(item):
            yield Problem(dotted(path), f"expected a list, got {item!r}")
            return
        for index, below in enumerate(item):
            yield from _wrong(token, below, _held(declared), (*path, index))
    elif declared.is_map:
        if not is_object(item):
            yield Problem(dotted(path), f"expected a map, got {item!r}")
            return
        for key, below in item.items():
            yield from _wrong(token, below, _held(declared), (*path, key))
    elif is_object(item) and declared.nested is not None:
        yield from _wrong_in(token, item, _nested(token, declared.nested), path)
    elif declared.nested is None and declared.scalars and not _is_one_of(item, declared.scalars):
        kinds = " or ".join(sorted(declared.scalars))
        yield Problem(dotted(path), f"expected {kinds}, got {item!r}")


def _is_one_of(item: object, scalars: frozenset[str]) -> bool:
    """Whether the bridge to the provider would take the value: it reads numbers and booleans from text too."""
    if is_object(item) or is_list(item):
        return False
    if "str" in scalars:
        return True
    text = str(item).lower()
    if "bool" in scalars and text in ("true", "false"):
        return True
    number = r"-?\d+(\.\d+)?" if "float" in scalars else r"-?\d+"
    return bool(scalars & {"int", "float"}) and not isinstance(item, bool) and bool(re.fullmatch(number, text))


# The SDK's source.


@cache
def _folder(token: str) -> File | None:
    """Folder of the module that a type is in."""
    package, module, _ = token.split(":")
    found = find_spec(f"pulumi_{package}")
    if found is None or not found.submodule_search_locations:
        return None
    root = File(found.submodule_search_locations[0])
    name = module.partition("/")[0]
    places = [root] if name == "index" else [root / name, root / f"{name}_"]  # a keyword gets an underscore
    return next((place for place in places if place.is_dir()), None)


def _source(token: str) -> File | None:
    folder = _folder(token)
    if folder is None:
        return None
    # Providers of the bridge name the file of a type after the slash, others only the type.
    name = token.split(":")[1].partition("/")[2] or token.split(":")[2]
    file = folder / f"{_WORD_START.sub('_', name).lower()}.py"
    return file if file.is_file() else None


@cache
def _text(file: File) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


@cache
def _class(file: File, name: str) -> ast.ClassDef | None:
    """One class of a generated module, whose other classes are not looked at."""
    text = _text(file)
    heads = (f"\nclass {name}:\n", f"\nclass {name}(pulumi.CustomResource):\n")
    start = max(text.find(head) for head in heads) + 1
    if not start:
        return None
    body = text.index("\n", start)
    end = _NEXT_STATEMENT.search(text, body + 1)
    found = ast.parse(text[start : end.start() if end else None]).body[0]
    return found if isinstance(found, ast.ClassDef) else None


def _resource(token: str) -> ast.ClassDef | None:
    file = _source(token)
    return _class(file, token.split(":")[2]) if file else None


@cache
def _inputs(token: str) -> Mapping[str, Property]:
    """The inputs of a resource; the SDK calls their class `…InitArgs` where a nested input has the plain name."""
    file, name = _source(token), token.split(":")[2]
    found = file and (_class(file, f"{name}InitArgs") or _class(file, f"{name}Args"))
    return _properties(found) if found else {}


@cache
def _nested(token: str, name: str) -> Mapping[str, Property]:
    """The inputs of a nested object; nothing for what is no class of inputs, such as an enumeration."""
    folder = _folder(token)
    found = folder and _class(folder / "_inputs.py", name.rpartition(".")[2])
    return _properties(found) if found else {}


def _properties(found: ast.ClassDef) -> dict[str, Property]:
    return {name: _property(annotation) for name, annotation in _getters(found)}


def _getters(found: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """The provider's name and the type of each property of a class."""
    for member in found.body:
        if not isinstance(member, ast.FunctionDef) or member.returns is None:
            continue
        for decorator in member.decorator_list:
            text = ast.unparse(decorator)
            if text.startswith("pulumi.getter"):
                given = re.search(r"name='(\w+)'", text)
                yield given[1] if given else member.name, member.returns


def _property(annotation: ast.expr) -> Property:
    text = ast.unparse(annotation)
    words = set(re.findall(r"[\w.]+", text))
    nested = re.search(r"'([\w.]+)'", text)
    named = {word.removeprefix("_builtins.") for word in words}
    mapped = re.sub(r"Mapping\[_builtins\.str, ", "Mapping[", text)
    scalars = {word.removeprefix("_builtins.") for word in re.findall(r"[\w.]+", mapped)} & _SCALARS
    return Property(
        required="Optional" not in named,
        is_list="Sequence" in named,
        is_map="Mapping" in named,
        scalars=frozenset(scalars) if "Any" not in named else frozenset(),
        nested=nested[1] if nested else None,
    )
