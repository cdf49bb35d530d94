"""The versions of a state's object, put together by the command that wrote them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tools.state.checkpoint import Deployment, StateBroken, deployment_of, pending_of, resources_of
from tools.state.difference import Difference, difference
from tools.state.history import Update, updates_of
from tools.state.objects import Objects, Version
from tools.state.past_locks import PastLock, holder, past_locks

Kind = Literal["update", "refresh", "destroy", "import", "rename", "deleted", "edit", "cut off"]
_MARGIN: Final = timedelta(seconds=2)
"""The engine notes whole seconds."""
LIMIT: Final = 20
"""Commands that are shown unless more are asked for: each costs a download of the state."""


@dataclass(frozen=True)
class Step:
    """One command that wrote the state, with what the last version of it holds."""

    when: datetime
    """By the clock of the bucket."""
    version: str
    """Id of the last version that it wrote."""
    versions: int
    """How many it wrote: the engine writes before and after each resource."""
    kind: str
    """As the engine noted it; else `deleted`, `cut off` (operations are pending) or `edit` (an import, a rescue)."""
    who: str
    result: str
    """As the engine noted it; why the version does not decode; or nothing."""
    broken: bool
    """Whether the version does not decode."""
    resources: int | None
    """How many the version has; None when it does not decode."""
    change: Difference | None
    """From the last readable version before; None when that is not known."""


@dataclass(frozen=True)
class _Group:
    versions: tuple[Version, ...]
    """Oldest first."""
    update: Update | None
    who: str

    @property
    def last(self) -> Version:
        return self.versions[-1]


def timeline(objects: Objects, stack: str, limit: int = LIMIT) -> list[Step]:
    """The newest commands that wrote a stack's state, newest first; empty when the bucket never had one.

    May raise what `tools.account.Failure` names.
    """
    versions = objects.versions(objects.backend.state_key(stack))
    locks = past_locks(objects, stack)
    notes = updates_of(objects, stack, versions=versions, locks=locks, limit=limit)
    groups = list(_groups(list(reversed(versions)), {each.version: each for each in notes if each.version}, locks))
    # One more than is shown, for the difference of the oldest.
    steps: list[Step] = []
    before: Deployment | None = {} if len(groups) <= limit else None
    for group in groups[-limit - 1 :]:
        step, before = _step(objects, group, before)
        steps.append(step)
    return list(reversed(steps[-limit:]))


def decoded(objects: Objects, version: Version) -> Deployment:
    """What a version of a state holds. Raises `StateBroken`, also when the version is gone."""
    stored = objects.read(version.key, version.version)
    if stored is None:
        raise StateBroken("the version is gone")
    return deployment_of(stored.body)


def _groups(versions: Sequence[Version], ends: dict[str, Update], locks: Sequence[PastLock]) -> Iterator[_Group]:
    """Versions, oldest first, by the lock under which they were written; an update's end ends a group too."""
    gathered: list[Version] = []
    under: PastLock | Update | None = None
    for each in versions:
        writer = holder(locks, each.modified) or _running(ends.values(), each.modified)
        if gathered and (each.deleted or gathered[-1].deleted or writer != under or writer is None):
            yield _Group(tuple(gathered), None, under.who if under else "")
            gathered = []
        gathered.append(each)
        under = writer
        if each.version in ends:
            yield _Group(tuple(gathered), ends[each.version], ends[each.version].who)
            gathered = []
    if gathered:
        yield _Group(tuple(gathered), None, under.who if under else "")


def _running(updates: Iterable[Update], moment: datetime) -> Update | None:
    """The update that ran then: for versions whose lock the bucket has forgotten."""
    for each in updates:
        if each.noted - (each.end - each.start) - _MARGIN <= moment <= each.noted:
            return each
    return None


def _step(objects: Objects, group: _Group, before: Deployment | None) -> tuple[Step, Deployment | None]:
    """A group as it is shown, and what the next one is compared with."""
    last = group.last
    deployment: Deployment | None = None
    result = group.update.result if group.update else ""
    if not last.deleted:
        try:
            deployment = decoded(objects, last)
        except StateBroken as reason:
            result = str(reason)
    kind = group.update.kind if group.update else _kind(last, deployment)
    change = difference(before, deployment) if before is not None and deployment is not None else None
    step = Step(
        when=last.modified,
        version=last.version,
        versions=len(group.versions),
        kind=kind,
        who=group.who,
        result=result,
        broken=deployment is None and not last.deleted,
        resources=None if deployment is None else len(resources_of(deployment)),
        change=change,
    )
    return step, before if deployment is None else deployment


def _kind(last: Version, deployment: Deployment | None) -> Kind:
    if last.deleted:
        return "deleted"
    return "cut off" if deployment is not None and pending_of(deployment) else "edit"
