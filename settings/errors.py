"""The sentences that refuse settings: one a mistake, beginning with the key, in the words of the user."""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pulumi
from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.kinds import Expected

_HIDDEN = "a secret value"
_LONGEST_VALUE = 80
Location = Sequence[int | str]


class SettingsError(pulumi.RunError):
    """Settings that were refused. Pulumi prints it without a traceback."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        """One sentence a mistake, each beginning with the key or the file that is wrong."""
        super().__init__("\n".join(self.problems))


def problems_of(key: str, kind: Any, error: ValidationError, *, secret: bool = False) -> list[str]:
    """Sentences for a value of a top-level `key` that is not of the `kind` it must be; a secret value stays hidden."""
    details = error.errors(include_url=False)
    # A list whose items are all wrong is reported as too short as well: only what is inside it is worth saying.
    outer = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    return [_problem(key, kind, detail, secret) for detail in details if detail["loc"] not in outer]


def unknown_key(path: str, key: str, known: Iterable[str]) -> str:
    """Sentence for a key that does not exist, with the nearest one that does."""
    names = list(known)
    near = difflib.get_close_matches(key, names, n=1)
    start = path if path.isprintable() else shown(path)
    return f"{start}: unknown key, " + (f'did you mean "{near[0]}"?' if near else f"expected one of {_listed(names)}")


def shown(value: Any) -> str:
    """A value on one line, as JSON, shortened when long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def words(kind: Any) -> str:
    """What a value of a kind looks like, as messages and the table of settings say it."""
    kind, extras = bare(kind)
    phrase = next((extra.words for extra in extras if isinstance(extra, Expected)), None)
    if phrase:
        return phrase
    some = "one or more " if any(isinstance(extra, MinLen) for extra in extras) else ""
    match get_origin(kind), get_args(kind):
        case _, [] if isinstance(kind, type) and issubclass(kind, BaseModel):
            return _mapping([name for name, field in kind.model_fields.items() if field.is_required()])
        case (origin, choices) if origin is Literal:
            return f"one of {_listed(choices)}" if choices[1:] else shown(choices[0])
        case (origin, [item, *_]) if origin is tuple:
            return f"a list of {some}items, each {words(item)}"
        case (origin, [name, item]) if origin is dict:
            return f"a mapping of {some}keys, each {words(name)}, to {words(item)}"
        case _:
            return _scalar(kind, extras)


def _mapping(required: Sequence[str]) -> str:
    *others, last = required or [""]
    keys = " and ".join(filter(None, (", ".join(others), last)))
    return f"a mapping with {keys}" if keys else "a mapping"


def annotated(field: FieldInfo) -> Any:
    """Annotation of a field of a model, constraints included."""
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def bare(kind: Any) -> tuple[Any, list[Any]]:
    """A kind without its constraints nor its `| None`, and the constraints."""
    extras: list[Any] = []
    while True:
        arguments = get_args(kind)
        if get_origin(kind) is Annotated:
            kind = arguments[0]
            extras += arguments[1:]
        elif get_origin(kind) in (UnionType, Union) and type(None) in arguments:
            kind = next(each for each in arguments if each is not type(None))
        else:
            return kind, extras


def _scalar(kind: Any, extras: Sequence[Any]) -> str:
    if kind is not int:
        return {bool: "true or false", str: "a text"}[kind]
    low = next((extra.ge for extra in extras if isinstance(extra, Ge)), None)
    high = next((extra.le for extra in extras if isinstance(extra, Le)), None)
    return "a whole number" + ("" if low is None or high is None else f" from {low} to {high}")


def _problem(key: str, kind: Any, detail: ErrorDetails, secret: bool) -> str:
    location = detail["loc"]
    holder, _ = bare(_kind_at(kind, location[:-2]))
    if location[-1:] == ("[key]",) and get_origin(holder) is dict:
        # The name of an entry is wrong: its place is the mapping that holds it.
        location, wanted = location[:-2], get_args(holder)[0]
    elif detail["type"] == "extra_forbidden":
        section, _ = bare(_kind_at(kind, location[:-1]))
        return unknown_key(_path(key, location), str(location[-1]), section.model_fields)
    else:
        wanted = _kind_at(kind, location)
    path = _path(key, location)
    if detail["type"] == "missing":
        return f"{path}: missing, expected {words(wanted)}"
    if detail["type"] == "rule" and not secret:
        return f"{path}: {detail['msg']}"
    return f"{path}: expected {words(wanted)}, got {_HIDDEN if secret else shown(detail['input'])}"


def _path(key: str, location: Location) -> str:
    """Full key in the way that `pulumi config set --path` takes it."""
    path = key
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if re.fullmatch(r"[\w-]+", step, re.ASCII) else f"[{shown(step)}]"
    return path


def _kind_at(kind: Any, location: Location) -> Any:
    """Kind of what is at a place inside a value of `kind`."""
    for step in location:
        kind, _ = bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = annotated(kind.model_fields[str(step)])
        else:
            kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
    return kind


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(shown(value) for value in values)
