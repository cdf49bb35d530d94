"""A copy of a stack's settings in the making, which remembers what differs from the original."""

from dataclasses import dataclass
from typing import Any, Final

from tools.stack_copies.document import Document

_CONFIG: Final = "config"
_PROJECT: Final = "socle"


@dataclass(frozen=True)
class Change:
    """A setting that the copy has otherwise, or not at all."""

    key: str
    """Its key in full, as messages about settings write it."""
    before: str
    after: str
    """Empty when the copy leaves it out."""
    why: str = ""

    def __str__(self) -> str:
        """One line for people."""
        told = f"{self.key}: {self.before} -> {self.after}" if self.after else f"{self.key}: left out"
        return f"{told} ({self.why})" if self.why else told


class Draft:
    """The sections of a stack file; paths begin with the name of a section, such as `network`, `zones`."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.changes: list[Change] = []

    def has(self, *path: str) -> bool:
        """Whether the file says something there."""
        return self.get(*path) is not None

    def get(self, *path: str) -> Any:
        """The value there, None where there is none."""
        return self.document.get(*_full(path))

    def keys(self, *path: str) -> list[str]:
        """Keys of the mapping there."""
        return self.document.keys(*_full(path))

    def put(self, value: Any, *path: str, why: str = "") -> None:
        """Write a value in a section that the file has; a section that it has not stays away."""
        before = self.get(*path)
        if before == value or not self.document.keys(*_full(path)[:-1]):
            return
        self.document.put(value, *_full(path))
        self.changes.append(Change(_named(path), "not set" if before is None else _said(before), _said(value), why))

    def lower(self, most: int, *path: str, default: int = 0) -> None:
        """Write a number unless the one there is as low; `default` is what holds where there is none."""
        before = self.get(*path)
        current = default if before is None else before
        if isinstance(current, int) and current > most:
            self.put(most, *path)

    def remove(self, *path: str, why: str) -> None:
        """Leave something out."""
        if self.document.get(*_full(path)) is not None:
            self.document.remove(*_full(path))
            self.changes.append(Change(_named(path), "", "", why))


def _full(path: tuple[str, ...]) -> tuple[str, ...]:
    return (_CONFIG, f"{_PROJECT}:{path[0]}", *path[1:])


def _named(path: tuple[str, ...]) -> str:
    return f"{_PROJECT}:{'.'.join(path)}"


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
