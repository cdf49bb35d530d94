"""Whose turn it is on a stack: an object in the bucket that one command holds and keeps alive.

The engine's lock fails at once and never expires. The lease comes before it: it waits, names a job that can be asked,
and goes stale by itself. Times are those of S3, so that no machine's clock matters.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tools.state.ci_jobs import Job, JobState
from tools.state.lock_files import read_moment
from tools.state.objects import Objects, Stored
from tools.state.processes import Here, born

BEAT: Final = timedelta(seconds=60)
"""How often a holder says that it is alive."""
SILENT: Final = timedelta(minutes=10)
"""A holder that has said nothing for this long may be gone: ten beats, more than a network is away."""
LONGEST: Final = timedelta(hours=2)
"""More than any update takes: EKS gives a node group 60 minutes, the longest of what a stack waits for, and the session
of a pipeline's role ends after two hours. https://www.pulumi.com/registry/packages/aws/api-docs/eks/nodegroup/"""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Lease:
    """Who has the turn, or had it last."""

    stack: str
    token: str
    """Tells one turn from every other."""
    holder: str
    """For people: the user and the machine, or who started the job."""
    host: str
    machine: str
    """As in `Here`."""
    pid: int
    born: str
    """Tells the process from a later one with its id."""
    job: Job | None
    """The job of a pipeline, where it is one."""
    since: datetime
    held: bool = True
    beat: int = 0
    """How often the holder has said that it is alive."""
    before: "Lease | None" = None
    """Who had the turn before and never gave it back: locks of that turn may still be there."""
    heartbeat: datetime = _NEVER
    """When it last did; of an object that was read."""
    etag: str = ""

    @property
    def url(self) -> str:
        """Address of the job; empty outside of pipelines."""
        return self.job.url if self.job else ""

    @property
    def named(self) -> str:
        """Holder and job, for people."""
        return f"{self.holder} ({self.url})" if self.url else f"{self.holder} (process {self.pid})"


def lease_key(objects: Objects, stack: str) -> str:
    """Object of a stack's lease."""
    return objects.backend.own_key("leases", f"{stack}.json")


def new_lease(stack: str, here: Here, pid: int, job: Job | None, since: datetime) -> Lease:
    """A turn for this process, not taken yet."""
    holder = (job.who if job else "") or here.user
    return Lease(stack, uuid.uuid4().hex, f"{holder}@{here.host}", here.host, here.machine, pid, born(pid), job, since)


def read_lease(objects: Objects, stack: str) -> Lease | None:
    """The lease of a stack, held or given back; None when there was none, or when nobody can read it."""
    stored = objects.read(lease_key(objects, stack))
    return _decoded(stack, stored) if stored else None


def read_leases(objects: Objects) -> list[Lease]:
    """The leases of all stacks."""
    prefix = objects.backend.own_key("leases")
    stacks = [key.removeprefix(prefix).removesuffix(".json") for key in objects.keys(prefix)]
    return [lease for stack in stacks if (lease := read_lease(objects, stack))]


def claim(objects: Objects, mine: Lease, seen: Lease | None) -> Lease | None:
    """Take the turn from a holder that was `seen` to be free or gone; None when somebody was faster."""
    if seen:
        mine = replace(mine, before=replace(seen, held=False, before=None) if seen.held else seen.before)
        return _written(objects, mine, objects.replace(lease_key(objects, mine.stack), _body(mine), seen.etag))
    stored = objects.read(lease_key(objects, mine.stack))
    if stored is None:
        return _written(objects, mine, objects.create(lease_key(objects, mine.stack), _body(mine)))
    if _decoded(mine.stack, stored):
        return None
    # One that nobody can read is in nobody's way.
    return _written(objects, mine, objects.replace(lease_key(objects, mine.stack), _body(mine), stored.etag))


def beat(objects: Objects, mine: Lease) -> Lease | None:
    """Say that the holder is alive; None when another has the turn now."""
    next_ = replace(mine, beat=mine.beat + 1)
    return _written(objects, next_, objects.replace(lease_key(objects, mine.stack), _body(next_), mine.etag))


def give_back(objects: Objects, mine: Lease) -> bool:
    """End one's own turn, and nobody else's; whether it still was one's own."""
    current = read_lease(objects, mine.stack)
    if current is None or current.token != mine.token or not current.held:
        return False
    over = replace(current, held=False)
    return (
        _written(objects, over, objects.replace(lease_key(objects, mine.stack), _body(over), current.etag)) is not None
    )


def why_free(lease: Lease, now: datetime, here: Here, ask: Callable[[Job], JobState]) -> str:
    """Why the turn may be taken over, in a few words; empty when it may not."""
    if not lease.held:
        return "it was given back"
    if lease.machine == here.machine:
        return "" if here.lives(lease.pid, lease.born) else f"process {lease.pid} is gone"
    silent = now - lease.heartbeat
    if silent < SILENT:
        return ""
    state = ask(lease.job) if lease.job else "unknown"
    if state == "ended":
        return "its job has ended"
    return "it has been silent for more than two hours" if state == "unknown" and silent >= LONGEST else ""


def _written(objects: Objects, lease: Lease, etag: str | None) -> Lease | None:
    """The lease as it is now, if it was written; the answer of a write may get lost, and its repetition be refused."""
    if etag:
        return replace(lease, etag=etag)
    current = read_lease(objects, lease.stack)
    same = current and (current.token, current.beat, current.held) == (lease.token, lease.beat, lease.held)
    return current if same else None


def _body(lease: Lease) -> bytes:
    told = {key: value for key, value in asdict(lease).items() if key not in ("etag", "heartbeat")}
    if told["before"]:
        told["before"].pop("etag")
    return json.dumps(told, indent=1, default=datetime.isoformat).encode()


def _decoded(stack: str, stored: Stored) -> Lease | None:
    try:
        return _lease({**json.loads(stored.body), "stack": stack}, stored.modified, stored.etag)
    except (ValueError, TypeError, KeyError):
        return None


def _lease(said: dict[str, Any], heartbeat: datetime, etag: str = "") -> Lease:
    job, before, since = said["job"], said.get("before"), read_moment(said["since"])
    told: dict[str, Any] = {
        **said,
        "job": Job(**job) if job else None,
        "before": _lease(before, read_moment(before["heartbeat"]) or _NEVER) if before else None,
        "since": since or heartbeat,
        "heartbeat": heartbeat.astimezone(UTC),
        "etag": etag,
    }
    return Lease(**told)
