"""Who held the locks of a stack: the engine deletes them, the bucket keeps their versions."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tools.state.objects import Objects, Version

_NOBODY: Final = ""


@dataclass(frozen=True)
class PastLock:
    """A lock that somebody had, and may still have. Its times are those of the bucket, whatever the clocks are."""

    who: str
    """As `ada@laptop`; empty when its content is gone."""
    since: datetime
    until: datetime | None
    """When it was deleted; None as long as it is there."""

    def covers(self, moment: datetime) -> bool:
        """Whether it was held then."""
        return self.since <= moment and (self.until is None or moment <= self.until)


def past_locks(objects: Objects, stack: str) -> list[PastLock]:
    """All locks of a stack that the bucket remembers, by the time when they were taken.

    May raise what `tools.account.Failure` names.
    """
    by_key: dict[str, list[Version]] = {}
    for each in objects.versions_under(objects.backend.locks_prefix(stack)):
        by_key.setdefault(each.key, []).append(each)
    found = [_lock(objects, versions) for versions in by_key.values()]
    return sorted((each for each in found if each), key=lambda each: each.since)


def holder(locks: Sequence[PastLock], moment: datetime) -> PastLock | None:
    """Who had the lock then: of several, the last that came, for a stranded one never ends."""
    return next((each for each in reversed(locks) if each.covers(moment)), None)


def _lock(objects: Objects, versions: Iterable[Version]) -> PastLock | None:
    written = [each for each in versions if not each.deleted]
    deleted = [each.modified for each in versions if each.deleted]
    if not written:
        return None
    first = min(written, key=lambda each: each.modified)
    return PastLock(_who(objects, first), first.modified, max(deleted, default=None))


def _who(objects: Objects, version: Version) -> str:
    stored = objects.read(version.key, version.version)
    try:
        content: Any = json.loads(stored.body) if stored else {}
        return f"{content['username']}@{content['hostname']}"
    except (ValueError, KeyError, TypeError):
        return _NOBODY
