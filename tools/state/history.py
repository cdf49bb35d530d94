"""Updates of a stack, as the engine notes them beside its state: who, when, with what result.

The engine writes `<stack>-<nanoseconds>.history.json` at the end of an update, then copies the state beside it:
https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/backend/diy/state.go (addToHistory)
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tools.state.backend import PROJECT
from tools.state.checkpoint import unpacked
from tools.state.objects import Objects, Version
from tools.state.past_locks import PastLock, holder, past_locks

_NOTE: Final = ".history."
_COPY: Final = ".checkpoint."
UNKNOWN: Final = "nobody knows"
"""Who it was, when neither lock nor commit nor CI tells."""


@dataclass(frozen=True)
class Update:
    """One command of the engine that ended, however it ended."""

    kind: str
    """`update`, `refresh`, `destroy`, `import` or `rename`."""
    start: datetime
    end: datetime
    result: str
    """`succeeded` or `failed`."""
    who: str
    """The CI job, or who held the lock as `ada@laptop`, or the author of the commit."""
    changes: Mapping[str, int]
    """Resources by what happened to them: `create`, `same`."""
    version: str
    """Id of the state's version at its end; empty when the bucket does not have it any more."""
    noted: datetime
    """When it was noted, by the clock of the bucket."""


def updates(objects: Objects, stack: str, limit: int | None = None, project: str = PROJECT) -> list[Update]:
    """Updates of a stack, the newest first, all or the newest `limit`; those that were killed left no note.

    May raise what `tools.account.Failure` names.
    """
    versions = objects.versions(objects.backend.state_key(stack, project))
    locks = past_locks(objects, stack)
    return updates_of(objects, stack, versions=versions, locks=locks, limit=limit, project=project)


def updates_of(
    objects: Objects,
    stack: str,
    *,
    versions: Sequence[Version],
    locks: Sequence[PastLock],
    limit: int | None = None,
    project: str = PROJECT,
) -> list[Update]:
    """As `updates`, for whoever has listed the state's versions, newest first, and the locks already."""
    listed = objects.versions_under(objects.backend.history_prefix(stack, project))
    files = {each.key: each for each in listed if each.latest and not each.deleted}
    # The nanoseconds in the names have as many digits for centuries.
    notes = sorted((key for key in files if _NOTE in key), reverse=True)[:limit]
    found = [
        _update(objects, files[key], files.get(_COPY.join(key.rsplit(_NOTE, 1))), versions, locks) for key in notes
    ]
    return [each for each in found if each]


def _update(
    objects: Objects, note: Version, copy: Version | None, versions: Sequence[Version], locks: Sequence[PastLock]
) -> Update | None:
    stored = objects.read(note.key)
    try:
        content: Any = json.loads(unpacked(stored.body)) if stored else None
        start, end = (datetime.fromtimestamp(int(content[name]), UTC) for name in ("startTime", "endTime"))
        environment: Mapping[str, Any] = content.get("environment") or {}
        kind, result = str(content["kind"]), str(content.get("result", ""))
        changed: Mapping[str, Any] = content.get("resourceChanges") or {}
        changes = {name: int(count) for name, count in changed.items()}
    except (ValueError, KeyError, TypeError, OSError, EOFError):
        return None  # Cut off while it was written: nothing can be told of it.
    noted = (copy or note).modified
    held = holder(locks, noted)
    return Update(kind, start, end, result, _who(environment, held), changes, _version(copy, versions), noted)


def _version(copy: Version | None, versions: Sequence[Version]) -> str:
    """The version that was copied: the newest that is not younger than its copy, and as long."""
    if copy is None:
        return ""
    same = (each for each in versions if not each.deleted and each.size == copy.size)
    return next((each.version for each in same if each.modified <= copy.modified), "")


# The names of the entries: https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/backend/updates.go
def _who(environment: Mapping[str, Any], held: PastLock | None) -> str:
    system, url, author = (str(environment.get(name) or "") for name in ("ci.system", "ci.build.url", "git.author"))
    if system:
        number = str(environment.get("ci.build.number") or environment.get("ci.build.id") or "")
        return " ".join(filter(None, (system, url or number)))
    if held and held.who:
        return held.who
    return f"{author} (author of the commit)" if author else UNKNOWN
