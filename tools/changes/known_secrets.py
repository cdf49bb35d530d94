"""Secrets that a stack knows, in plain text and in memory only, so that what failed cannot quote them."""

import json
from collections.abc import Iterator
from typing import Any, Final, cast

from tools.pulumi_cli import NO_VARIABLES, Runner

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the engine's mark of one)
_SHORTEST: Final = 6
"""Characters of what can be told from other text."""


def known_secrets(stack: str, run: Runner) -> set[str]:
    """Every secret text in the settings and the state of a stack, as far as the engine gives them out."""
    found: set[str] = set()
    for arguments, read in (
        (["config", "--json", "--show-secrets"], _in_settings),
        (["stack", "export", "--show-secrets"], secrets_in),
    ):
        done = run([*arguments, "--stack", stack, "--non-interactive"], False, NO_VARIABLES)
        try:
            found |= set(read(json.loads(done.output))) if done.code == 0 else set()
        except (ValueError, AttributeError):
            continue  # an engine that says it otherwise: what stands in a text is then told by its form alone
    return {text for text in found if len(text) >= _SHORTEST}


def _in_settings(document: dict[str, dict[str, Any]]) -> Iterator[str]:
    for entry in document.values():
        if entry.get("secret"):
            yield from _texts(_parsed(entry.get("value")))
            yield str(entry.get("value") or "")


def secrets_in(value: Any) -> Iterator[str]:
    """Every secret text in a state that was given out with its secrets."""
    if isinstance(value, list):
        for each in cast(list[Any], value):
            yield from secrets_in(each)
    elif isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        if entries.get(_SIGNATURE) == _SECRET:
            yield from _texts(_parsed(entries.get("plaintext")))
        else:
            for each in entries.values():
                yield from secrets_in(each)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value; what is a JSON text is looked into."""
    if isinstance(value, str):
        yield value
        inner = _parsed(value)
        if not isinstance(inner, str):
            yield from _texts(inner)
    elif isinstance(value, list):
        for each in cast(list[Any], value):
            yield from _texts(each)
    elif isinstance(value, dict):
        for each in cast(dict[str, Any], value).values():
            yield from _texts(each)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
