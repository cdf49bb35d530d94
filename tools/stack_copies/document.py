"""A stack file as text: single values change, and everything else stays as somebody wrote it, comments too."""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import yaml

from tools.stack_copies.refused import StackRefused

Path = tuple[str, ...]
"""Keys, from the top of the file to a value."""

# What YAML reads as the text that it is, in its version 1.1 too. https://yaml.org/type/
_PLAIN: Final = re.compile(r"[a-z][a-z0-9./*_-]*[a-z0-9]|[0-9]+(?:\.[0-9]+){3}/[0-9]+|[1-9][0-9]*Gi")
# The one in C where there is one; where values stand in the text, only the other tells in characters.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final = ("true", "false", "yes", "no", "on", "off", "null", "none")


class Document:
    """The text of a stack file, and what it says."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text if text.endswith("\n") or not text else f"{text}\n"
        self.name = name
        """Of the file, for sentences."""

    def get(self, *path: str) -> Any:
        """The value at these keys; None where there is none."""
        value: Any = _loaded(self.text)
        for key in path:
            value = cast(dict[str, Any], value).get(key) if isinstance(value, dict) else None
        return value

    def keys(self, *path: str) -> list[str]:
        """Keys of the mapping at these keys; none where there is no mapping."""
        found = self.get(*path)
        return [str(key) for key in cast(dict[Any, Any], found)] if isinstance(found, dict) else []

    def put(self, value: Any, *path: str) -> None:
        """Write a value: in the place of the one that is there, otherwise as the last key of its mapping."""
        found = self._pair(path)
        if found:
            key, node = found
            if isinstance(node, yaml.ScalarNode):
                # After an empty value there is no space to write it behind.
                space = " " if node.start_mark.index == node.end_mark.index else ""
                self._replace(node.start_mark.index, node.end_mark.index, space + literal(value))
            else:
                self._replace(key.end_mark.index, _end(node), f": {literal(value)}")
            return
        parent = self._mapping(path[:-1])
        line = f"{path[-1]}: {literal(value)}"
        if parent.flow_style:
            at = parent.start_mark.index + 1
            self._replace(at, at, f"{line}, " if parent.value else line)
        else:
            at = self._next_line(_end(parent))
            self._replace(at, at, f"{' ' * parent.start_mark.column}{line}\n")

    def remove(self, *path: str) -> None:
        """Take a key out with its value, and the comment that stands right above it; nothing where there is none."""
        found = self._pair(path)
        if not found:
            return
        if self._mapping(path[:-1]).flow_style:
            raise StackRefused(f"{self.name}: {'.'.join(path)} is in braces: give it lines of its own, then try again")
        key, node = found
        start = key.start_mark.index - key.start_mark.column
        while comment := re.search(rf"^ {{{key.start_mark.column}}}#.*\n\Z", self.text[:start], re.MULTILINE):
            start = comment.start()
        self._replace(start, self._next_line(_end(node)), "")

    def _pair(self, path: Path) -> tuple[yaml.Node, yaml.Node] | None:
        parent: yaml.Node | None = _composed(self.text)
        pair: tuple[yaml.Node, yaml.Node] | None = None
        for wanted in path:
            if not isinstance(parent, yaml.MappingNode):
                return None
            pairs = cast(Sequence[tuple[yaml.Node, yaml.Node]], parent.value)
            pair = next((each for each in pairs if each[0].value == wanted), None)
            if pair is None:
                return None
            parent = pair[1]
        return pair

    def _mapping(self, path: Path) -> yaml.MappingNode:
        pair = self._pair(path) if path else None
        node = pair[1] if pair else _composed(self.text)
        if not isinstance(node, yaml.MappingNode):
            raise StackRefused(f"{self.name}: {'.'.join(path) or 'the file'}: expected a mapping of keys to values")
        return node

    def _next_line(self, index: int) -> int:
        if index and self.text[index - 1] == "\n":
            return index
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def _replace(self, start: int, end: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[end:]


@functools.lru_cache(maxsize=1)
def _loaded(text: str) -> Any:
    return yaml.load(text, _LOADER)  # noqa: S506 (a safe one)


@functools.lru_cache(maxsize=1)
def _composed(text: str) -> yaml.Node | None:
    return yaml.compose(text, _LOADER)


def literal(value: Any) -> str:
    """A value on one line of YAML, in quotes only where it needs them."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value not in _WORDS else json.dumps(value)
    if isinstance(value, Mapping):
        entries = cast(Mapping[str, Any], value).items()
        return "{" + ", ".join(f"{literal(key)}: {literal(each)}" for key, each in entries) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(literal(each) for each in cast(Sequence[Any], value)) + "]"
    return json.dumps(value)


def _end(node: yaml.Node) -> int:
    """Where a value ends, without the blank lines and comments that the parser counts to a block."""
    if isinstance(node, yaml.ScalarNode) or cast(yaml.CollectionNode, node).flow_style or not node.value:
        return int(node.end_mark.index)
    last: Any = node.value[-1]
    return _end(cast(tuple[yaml.Node, yaml.Node], last)[1] if isinstance(last, tuple) else last)
