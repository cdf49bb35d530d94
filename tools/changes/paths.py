"""Property paths in the engine's notation, such as `tags["a.b"].list[0]`, and the values that they lead to."""

import json
import re
from typing import Any, Final, cast

from tools.changes.masks import OPAQUE

Path = tuple[str | int, ...]

# https://www.pulumi.com/docs/reference/property-paths/
_PART: Final = re.compile(r'\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]')
_PLAIN: Final = re.compile(r'[^.\[\]"\d][^.\[\]"]*')


class Absent:
    """Stands for no value, where None would be one."""


ABSENT: Final = Absent()
"""What a path leads to when nothing is there."""


def parse(text: str) -> Path:
    """The parts of a path; what is no path in that notation is one part, the text itself."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            return (text,)
        if match["index"] is not None:
            parts.append(int(match["index"]))
        elif match["quoted"] is not None:
            parts.append(_unquoted(match["quoted"]))
        else:
            parts.append(match["name"])
        at = match.end()
    return tuple(parts)


def written(path: Path) -> str:
    """A path in the engine's notation."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def value_at(root: Any, path: Path) -> Any:
    """The value that a path leads to, or `ABSENT`. A key with periods is found where a provider forgot its quotes.

    A path into what is secret or unknown as a whole leads to just that.
    """
    if not path or (isinstance(root, str) and root in OPAQUE):
        return root
    part = path[0]
    if isinstance(root, list):
        items = cast(list[Any], root)
        inside = isinstance(part, int) and part < len(items)
        return value_at(items[int(part)], path[1:]) if inside else ABSENT
    if not isinstance(root, dict):
        return ABSENT
    entries = cast(dict[str, Any], root)
    # The shortest key first: `a.b.c` is a, b and c before it is the key "b.c" of a.
    for length in range(1, len(path) + 1):
        key = ".".join(str(each) for each in path[:length])
        if key in entries:
            found = value_at(entries[key], path[length:])
            if not isinstance(found, Absent):
                return found
    return ABSENT


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]
