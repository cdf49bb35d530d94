"""Pulumi's YAML files as the engine reads them: the settings of a stack before any engine starts."""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, cast

import yaml

from settings.errors import SettingsError, unknown_key

PROJECT_FILE = "Pulumi.yaml"
SECRET_PLACEHOLDER = "[secret]"  # noqa: S105 - stands for a secret, is none
_STACK_FILE_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt", "config", "environment")
# From this size on Go writes a number with an exponent.
_LARGEST_PLAIN_FLOAT = 1e21


_Resolvers = dict[str, list[tuple[str, re.Pattern[str]]]]


def _resolvers() -> _Resolvers:
    """Kinds of plain scalars with their patterns, by first character."""
    found: _Resolvers = {}
    for tag, first, pattern in (
        ("bool", "tTfF", r"true|True|TRUE|false|False|FALSE"),
        ("int", "-+0123456789", r"[-+]?(?:0|0[0-7_]+|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+)"),
        # A number such as 09 is no octal, and comes out as 9.
        ("float", "-+.0123456789", r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"),
        ("null", ("~", "n", "N", ""), r"~|null|Null|NULL|"),
        ("merge", "<", r"<<"),
    ):
        for character in first:
            found.setdefault(character, []).append((f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z")))
    return found


_Safe: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C, ten times as fast, where PyYAML was built with it."""


class _GoLoader(_Safe):
    """Reads plain scalars as the engine's YAML parser does, where PyYAML would make `on` a boolean and 12:30 a number.

    Repeated keys are refused: PyYAML keeps the last one and says nothing.
    """

    yaml_implicit_resolvers = _resolvers()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing a key that is there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a list or a mapping", problem_mark=key.start_mark)
            if key.value in seen and key.value != "<<":
                raise yaml.MarkedYAMLError(problem=f'key "{key.value}" is there twice', problem_mark=key.start_mark)
            seen.add(key.value)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return made


def read_stack_file(path: Path) -> dict[str, str]:
    """Configuration of a stack as its program receives it: full key to plain string, or to JSON when structured.

    Defaults of the `Pulumi.yaml` beside the file are merged in. Encrypted values become `SECRET_PLACEHOLDER`.
    Raises `SettingsError` when the file is missing, is not YAML or has keys that no stack file has.
    """
    if not path.is_file():
        stacks = [other.name.split(".")[1] for other in sorted(path.parent.glob("Pulumi.*.yaml"))]
        known = ", ".join(f'"{stack}"' for stack in stacks) or "none"
        raise SettingsError([f"{path.name}: no such file, stacks that have one: {known}"])
    document = read_yaml(path)
    unknown = [key for key in document if key not in _STACK_FILE_KEYS]
    if unknown:
        raise SettingsError(unknown_key(f"{path.name}: {key}", key, _STACK_FILE_KEYS) for key in unknown)
    values = _project_defaults(path.with_name(PROJECT_FILE)) | _section(path, document, "config")
    return {key: _as_text(value) for key, value in values.items()}


def is_plain(text: str) -> bool:
    """Whether a text may stand in YAML without quotes and is still that text."""
    try:
        read = yaml.load(text, _GoLoader)  # noqa: S506 - derives from SafeLoader
    except yaml.YAMLError:
        return False
    return read == text


def _project_defaults(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    document = read_yaml(path)
    defaults: dict[str, Any] = {}
    for key, declared in _section(path, document, "config").items():
        full_key = key if ":" in key else f"{document.get('name')}:{key}"
        match declared:
            case {"default": given} | {"value": given}:
                defaults[full_key] = given
            case dict():
                pass  # Declared without a value: the stack gives one.
            case _:
                defaults[full_key] = declared
    return defaults


def read_yaml(path: Path, called: str = "", holds: str = "config") -> dict[str, Any]:
    """Content of a YAML file, a mapping or nothing.

    Raises `SettingsError`, which calls the file `called`, or by its name, and says what it `holds`.
    """
    called = called or path.name
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _GoLoader)  # noqa: S506 - derives from SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingsError([f"{called}{line}: not valid YAML, {error.problem or error.context}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError([f"{called}: not valid YAML, {str(error).splitlines()[0]}"]) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError([f"{called}: expected a mapping with {holds}"])
    return {str(key): value for key, value in cast(dict[Any, Any], document).items()}


def _section(path: Path, document: dict[str, Any], key: str) -> dict[str, Any]:
    section = document.get(key)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise SettingsError([f"{path.name}: {key}: expected a mapping of keys such as socle:owner to values"])
    return {str(name): value for name, value in cast(dict[Any, Any], section).items()}


def _as_text(value: Any) -> str:
    """Pulumi's string form of a configuration value: scalars bare, nothing for null, everything else as JSON."""
    plain = "" if value is None else _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        mapping = cast(dict[Any, Any], value)
        if mapping.keys() == {"secure"} and isinstance(mapping["secure"], str):
            return SECRET_PLACEHOLDER
        return {str(name): _plain(item) for name, item in mapping.items()}
    if isinstance(value, list):
        return [_plain(item) for item in cast(list[Any], value)]
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_PLAIN_FLOAT:
        return int(value)
    return value
