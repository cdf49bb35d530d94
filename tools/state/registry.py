"""Who made which stack of one's own, from what and until when: a record of each in the bucket of states."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from tools.state.backend import BackendRefused
from tools.state.objects import Objects, Stored

_KIND: Final = "stacks"
_SUFFIX: Final = ".json"
_AT_ONCE: Final = 8
"""Objects that are read at the same time."""
_TRIES: Final = 8
"""How often a change is begun again because somebody else was first."""


@dataclass(frozen=True)
class Record:
    """What the team knows of a stack that somebody made with `make new`."""

    stack: str
    person_arn: str
    """Whose it is: two people of one name have two."""
    person_name: str
    source: str
    """Stack that it was made from."""
    cidr: str
    """Range of its network; empty when it has none."""
    expires: str
    """Moment after which it may be destroyed, as `socle:expires` has it."""
    created: str
    """Moment, in the same form."""
    stack_file: str = ""
    """Text of its file, in which secrets are encrypted; empty until the stack is complete."""
    versions_file: str = ""
    """Text of the file of its versions; empty when it has none."""
    maker: str = ""
    """Process that is making it, as `machine pid birth`; empty once it is complete."""
    doomed: str = ""
    """Moment since when `make reap` takes it down; empty otherwise."""

    @property
    def complete(self) -> bool:
        """Whether `make new` came to its end."""
        return bool(self.stack_file)


def read_record(objects: Objects, stack: str) -> Record | None:
    """The record of a stack; None when it was not made with `make new`. Raises `BackendRefused` when it is broken."""
    stored = objects.read(_key(objects, stack))
    return _decoded(stored, stack) if stored else None


def records(objects: Objects) -> dict[str, Record]:
    """All records, by stack: one listing, and one read for each."""
    start = objects.backend.own_key(_KIND)
    found = [key.removeprefix(start).removesuffix(_SUFFIX) for key in objects.keys(start) if key.endswith(_SUFFIX)]

    def read(stack: str) -> Record | None:
        return read_record(objects, stack)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # One that was given back since the listing is none.
        return {record.stack: record for record in pool.map(read, found) if record}


def claim(objects: Objects, record: Record) -> bool:
    """Write the record of a stack that has none; False when somebody was first."""
    return objects.create(_key(objects, record.stack), _encoded(record)) is not None


def change(objects: Objects, stack: str, edit: Callable[[Record], Record]) -> Record | None:
    """Change a record, whatever others do to it meanwhile; what it is now, None when there is none any more."""
    for _ in range(_TRIES):
        stored = objects.read(_key(objects, stack))
        if stored is None:
            return None
        edited = edit(_decoded(stored, stack))
        if objects.replace(_key(objects, stack), _encoded(edited), stored.etag) is not None:
            return edited
    raise BackendRefused(f"{stack}: its record in the bucket changes all the time: try again")


def forget(objects: Objects, stack: str, maker: str = "") -> bool:
    """Give the name of a stack back; with a `maker`, only what that process is making. Whether this did it."""
    stored = objects.read(_key(objects, stack))
    if stored is None or (maker and _decoded(stored, stack).maker != maker):
        return False
    return objects.remove(_key(objects, stack), stored.etag)


def _key(objects: Objects, stack: str) -> str:
    return objects.backend.own_key(_KIND, f"{stack}{_SUFFIX}")


def _encoded(record: Record) -> bytes:
    return json.dumps(asdict(record), indent=2).encode()


def _decoded(stored: Stored, stack: str) -> Record:
    try:
        given: Any = json.loads(stored.body)
        # A later version of this may write more.
        known: dict[str, Any] = {each.name: given[each.name] for each in fields(Record) if each.name in given}
        if not all(isinstance(each, str) for each in known.values()) or known["stack"] != stack:
            raise TypeError
        return Record(**known)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackendRefused(
            f"{stack}: its record in the bucket cannot be read ({len(stored.body)} bytes): restore an older version of "
            f"socle/{_KIND}/{stack}{_SUFFIX}, or delete it to give the name back"
        ) from None
