"""A JSON document that is filled place by place."""

from itertools import pairwise
from typing import Any

from rehearsal.wire import Path, Properties, is_list, is_object


def get(document: Properties, place: Path) -> Any:
    """What stands at a place, or None."""
    value: Any = document
    for part in place:
        if is_object(value) and isinstance(part, str):
            value = value.get(part)
        elif is_list(value) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def put(document: Properties, place: Path, value: Any) -> None:
    """Put a value at a place, with the objects and lists on the way to it."""
    holder: Any = document
    for part, following in pairwise(place):
        empty: type[Any] = list if isinstance(following, int) else dict
        if isinstance(part, int):
            while len(holder) <= part:
                holder.append(empty())
            holder = holder[part]
        else:
            holder = holder.setdefault(part, empty())
    last = place[-1]
    if isinstance(last, int):
        while len(holder) <= last:
            holder.append(None)
    holder[last] = value
