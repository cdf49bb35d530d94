"""What an examination of a stack says of one thing."""

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["ok", "warning", "broken", "not checked"]
LEVELS: Final[tuple[Level, ...]] = ("ok", "warning", "broken", "not checked")


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    check: str
    """What was looked at, in a word or two."""
    level: Level
    text: str
    """What was found."""
    fix: str = ""
    """What to type; empty when nothing has to be done."""


def from_sentence(check: str, level: Level, sentence: str) -> Finding:
    """A finding of a sentence such as `the bucket is gone: make it with …`."""
    text, colon, fix = sentence.partition(": ")
    return Finding(check, level, text, fix) if colon else Finding(check, level, sentence)
