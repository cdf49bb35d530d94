"""The JSON document in what `pulumi preview --json` printed: found after other text, and read step by step."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

Object = dict[str, Any]

# The struct PreviewDigest, every part of which may be absent:
# https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/display/json.go
KEYS: Final = ("config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt")
"""What the document has at its top."""
STEPS: Final = "steps"

_START: Final = re.compile(r'\{\s*(?:"(?:' + "|".join(KEYS) + r')"\s*:|\}\s*\Z)')
_SPACE: Final = re.compile(r"\s*")
_DECODER: Final = json.JSONDecoder()


class PreviewUnreadable(Exception):  # noqa: N818 (reads as what it is)
    """What the engine printed is not a preview; the text is one sentence, without what was printed."""


_ESCAPE: Final = len(r"\u00e9")
_WORDS: Final = ("true", "false", "null", "-", "NaN", "Infinity", "-Infinity")
"""What a value may be that is no string, number, list or object."""


class _Ended(Exception):  # noqa: N818 (reads as what it is)
    """The text ends before the document does."""


@dataclass(frozen=True)
class Document:
    """What was printed, apart from the steps."""

    top: Object
    said: str
    """The text before the JSON, such as a policy that was violated."""


def read_document(text: str, take: Callable[[Object], None]) -> Document | None:
    """The document, its steps handed to `take` one by one and let go; None where there is no document.

    Text may stand before and after it. Raises `PreviewUnreadable` when the document ends in the middle: it may have
    taken steps by then. Memory stays near that of the text, whatever the number of resources.
    """
    taken = False

    def noted(step: Object) -> None:
        nonlocal taken
        taken = True
        take(step)

    for start in _START.finditer(text):
        try:
            return Document(_object(text, start.start(), noted), text[: start.start()].strip())
        except _Ended:
            length = len(text) - start.start()
            raise PreviewUnreadable(f"the preview's JSON ends in the middle, after {length:,} characters") from None
        except (ValueError, RecursionError):
            if taken:
                raise PreviewUnreadable("the preview's JSON is broken in the middle") from None
            # Otherwise, braces in a sentence before the document.
    return None


def _object(text: str, at: int, take: Callable[[Object], None]) -> Object:
    """The object that begins at a position; raises `ValueError` where there is none, and `_Ended`."""
    found: Object = {}
    at = _skip(text, at + 1)
    while _char(text, at) != "}":
        key, at = _value(text, at)
        at = _past(text, at, ":")
        if key == STEPS and _char(text, at) == "[":
            at = _steps(text, at, take)
        else:
            found[str(key)], at = _value(text, at)
        at = _next(text, at, "}")
    return found


def _steps(text: str, at: int, take: Callable[[Object], None]) -> int:
    at = _skip(text, at + 1)
    while _char(text, at) != "]":
        step, at = _value(text, at)
        if not isinstance(step, dict):
            raise ValueError("a step that is no object")
        take(cast(Object, step))
        at = _next(text, at, "]")
    return _skip(text, at + 1)


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        value, after = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        if _cut(error.msg, text[error.pos :].strip()):
            raise _Ended from None
        raise
    return value, _skip(text, after)


def _cut(message: str, rest: str) -> bool:
    """Whether a scanner that stands before this rest of the text was stopped by its end, and not by what is there."""
    if message.startswith("Unterminated string"):
        return True
    if message.startswith("Invalid \\"):  # an escape such as \u00e9, of six characters
        return len(rest) < _ESCAPE
    return any(word.startswith(rest) for word in _WORDS)


def _next(text: str, at: int, closing: str) -> int:
    """Position of the next entry, past a comma, or that of the closing character."""
    return at if _char(text, at) == closing else _past(text, at, ",")


def _past(text: str, at: int, expected: str) -> int:
    if _char(text, at) != expected:
        raise ValueError(f"no {expected}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _char(text: str, at: int) -> str:
    if at >= len(text):
        raise _Ended
    return text[at]
