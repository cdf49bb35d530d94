"""Reads the files of `costs/`, and says in one sentence a key what is wrong in them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tools.setup import ROOT

COSTS: Final = ROOT / "costs"
Read = TypeVar("Read", bound="Table")


class CostsRefused(Exception):  # noqa: N818 (reads as what it is)
    """A file of `costs/` cannot be used; `problems` holds one sentence for everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Table(BaseModel):
    """A file of `costs/`, or a part of one; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def read(kind: type[Read], *files: Path) -> Read:
    """The model in these files, of which a later one replaces keys of an earlier. Raises `CostsRefused`."""
    document: dict[str, Any] = {}
    last = files[-1]
    for file in files:
        document |= _mapping(file)
    return checked(kind, document, named(last))


def checked(kind: type[Read], document: Mapping[str, Any], called: str) -> Read:
    """The model of a document that people call so. Raises `CostsRefused`."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        found = [_sentence(called, dict(each)) for each in error.errors(include_url=False)]
        raise CostsRefused(found) from None


def named(file: Path) -> str:
    """A file as people call it: from the project's folder on."""
    return file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name


def _mapping(file: Path) -> dict[str, Any]:
    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CostsRefused([f"{named(file)}: no such file"]) from None
    except yaml.YAMLError as error:
        raise CostsRefused([f"{named(file)}: not valid YAML, {str(error).splitlines()[0]}"]) from None
    if not isinstance(document, dict | None):
        raise CostsRefused([f"{named(file)}: expected keys with values"])
    return cast(dict[str, Any], document or {})


def _sentence(called: str, error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{called}: {key}: no such key"
    if error["type"] == "missing":
        return f"{called}: {key}: missing"
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "expected")
    return f"{called}: {key}: {message[0].lower()}{message[1:]}, got {error['input']!r}"
