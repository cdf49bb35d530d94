"""Takes one expired stack down, unless somebody prolonged it meanwhile or works on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tools.stack_copies.expiry import end_of, ends
from tools.stack_copies.files import restore_files
from tools.stack_copies.lifetimes import read, written
from tools.stack_copies.means import Means
from tools.stack_copies.names import stack_file
from tools.stack_copies.refused import StackRefused
from tools.state.ci_jobs import Job, JobState, state_of
from tools.state.counts import resources_in_state
from tools.state.lease import read_lease, why_free
from tools.state.lock_files import read_locks
from tools.state.objects import Objects
from tools.state.processes import here
from tools.state.registry import Record, change, read_record
from tools.state.verdict import judge

DOOMED: Final = timedelta(hours=3)
"""How long a stack that is being taken down cannot be prolonged: longer than any destroy takes."""

Ask = Callable[[Job], JobState]


class Prolonged(Exception):  # noqa: N818 (reads as what it is)
    """The stack lives on, by what somebody did since it was listed; the text is one sentence."""


@dataclass(frozen=True)
class Expired:
    """A stack whose end has come."""

    stack: str
    expires: str
    record: Record | None
    resources: int | None
    """None when the backend does not know it."""
    busy: str
    """Who works on it; empty when nobody does."""

    @property
    def whose(self) -> str:
        """Who made it, for people."""
        return self.record.person_arn if self.record else "its file says no more than socle:owner"


def expired(
    objects: Objects, records: Mapping[str, Record], means: Means, now: datetime, ask: Ask = state_of
) -> list[Expired]:
    """Stacks whose end has come and of which something is there. May raise `StateBroken`."""
    found: list[Expired] = []
    for stack, end in ends(records, means.folder).items():
        if not end.is_over(now):
            continue
        count = resources_in_state(objects, stack)
        if count is not None or stack in records:
            busy = at_work(objects, stack, now, ask)
            found.append(Expired(stack, end.expires, records.get(stack), count, busy))
    return found


def at_work(objects: Objects, stack: str, now: datetime, ask: Ask = state_of) -> str:
    """Who works on a stack, by its turn and its locks; empty when nobody does, or only somebody who is gone."""
    lease = read_lease(objects, stack)
    if lease and not why_free(lease, now, here(), ask):
        return lease.named
    judged = [(lock, judge(lock, lease, now, here(), ask)) for lock in read_locks(objects, stack)]
    return next((lock.holder for lock, verdict in judged if verdict.kind != "stale"), "")


def take_down(each: Expired, objects: Objects, means: Means, destroy: Callable[[str], None]) -> None:
    """Mark the stack, bring its file back, and destroy it.

    Raises `Prolonged`, and what `destroy` raises.
    """
    doomed = _doom(each.stack, objects, means)
    try:
        if each.resources is None:
            return
        if doomed and doomed.complete and not stack_file(means.folder, each.stack).exists():
            restore_files(doomed, means.folder)
        destroy(each.stack)
    except BaseException:
        if doomed:
            change(objects, each.stack, lambda record: replace(record, doomed=""))
        raise


def refuse_doomed(record: Record, now: datetime) -> None:
    """Raise `StackRefused` for a stack that `make reap` takes down at this moment."""
    if record.doomed and now - read(record.doomed) < DOOMED:
        raise StackRefused(
            f"{record.stack}: `make reap` takes it down since {record.doomed}, which nothing can call back"
        )


def _doom(stack: str, objects: Objects, means: Means) -> Record | None:
    """Read the end once more, and mark the record in the same write: who prolongs it comes before or after that."""
    now = objects.now()

    def marked(record: Record) -> Record:
        _refuse_prolonged(stack, record, means, now)
        return replace(record, doomed=written(now))

    if read_record(objects, stack):
        return change(objects, stack, marked)
    _refuse_prolonged(stack, None, means, now)
    return None


def _refuse_prolonged(stack: str, record: Record | None, means: Means, now: datetime) -> None:
    end = end_of(stack, record, means.folder)
    if not end.is_over(now):
        raise Prolonged(f"{stack}: was prolonged meanwhile until {end.expires or 'for ever'}, and stays")
