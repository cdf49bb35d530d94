"""The engine's own locks in the bucket: who took them, and when."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from tools.state.objects import Objects

# Nanoseconds, which Python does not read.
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Lock:
    """One lock: an object that the engine writes when an update starts and deletes when it ends."""

    stack: str
    key: str
    id: str
    pid: int
    """Of the engine; 0 when the object does not say."""
    username: str
    hostname: str
    since: datetime
    """When it was written, by the clock of S3."""
    noted: datetime
    """The same by the clock of the machine that wrote it."""
    etag: str = field(default="", repr=False)

    @property
    def holder(self) -> str:
        """Whoever took it, for people."""
        return f"{self.username}@{self.hostname} (process {self.pid})" if self.pid else "somebody that it does not name"


def read_locks(objects: Objects, stack: str = "") -> list[Lock]:
    """Locks on a stack, or on all of the project, the oldest first. May raise what `tools.account.Failure` names."""
    prefix = objects.backend.locks_prefix()
    found = (_read(objects, key, prefix) for key in objects.keys(objects.backend.locks_prefix(stack)))
    return sorted(filter(None, found), key=lambda each: (each.since, each.key))


def break_lock(objects: Objects, lock: Lock) -> bool:
    """Delete this very lock, and no other; whether it was still there."""
    return objects.remove(lock.key, lock.etag)


def read_moment(text: str) -> datetime | None:
    """A time with a zone, down to the microsecond; None when it is none."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    second, fraction, zone = found.groups()
    return datetime.fromisoformat(f"{second}.{(fraction or '0').ljust(6, '0')}{zone.replace('Z', '+00:00')}")


def _read(objects: Objects, key: str, prefix: str) -> Lock | None:
    stored = objects.read(key)
    stack, _, file = key.removeprefix(prefix).rpartition("/")
    if stored is None or not stack or not file.endswith(".json"):
        return None  # given back meanwhile, or none of the engine's
    said = _object(stored.body)
    pid, since = said.get("pid"), stored.modified.astimezone(UTC)
    return Lock(
        stack=stack,
        key=key,
        id=file.removesuffix(".json"),
        pid=pid if isinstance(pid, int) else 0,
        username=_text(said, "username"),
        hostname=_text(said, "hostname"),
        since=since,
        noted=read_moment(_text(said, "timestamp")) or since,
        etag=stored.etag,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        said: Any = json.loads(body)
    except ValueError:
        return {}
    return cast(dict[str, Any], said) if isinstance(said, dict) else {}


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""
