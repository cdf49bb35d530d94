"""Whether a lock may be broken: what this machine, the lease and the forge know of whoever took it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tools.state.ci_jobs import Job, JobState
from tools.state.lease import LONGEST, SILENT, Lease
from tools.state.lock_files import Lock
from tools.state.processes import Here

Kind = Literal["live", "stale", "old"]
"""`stale` may be broken, `old` when a person says so who types the name of the stack, `live` never."""
# A lease tells its beginning to the microsecond, S3 the age of a lock to the second.
_SLACK: Final = timedelta(seconds=5)


@dataclass(frozen=True)
class Verdict:
    """What is known of a lock."""

    kind: Kind
    runs: Literal["yes", "no", "unknown"]
    """Whether the process or the job of whoever took it still runs."""
    why: str
    """In a few words."""
    job: str = ""
    """Address of the job that took it, where it was one."""


_OLD: Final = "older than the longest operation, two hours"
_YOUNG: Final = "nobody here can tell whether it still runs"


def judge(lock: Lock, lease: Lease | None, now: datetime, here: Here, ask: Callable[[Job], JobState]) -> Verdict:
    """What to make of a lock, given the lease of its stack and the time of S3; `ask` asks the forge for a job."""
    for each in (lease, lease.before) if lease else ():
        if each and covers(each, lock):
            if each.machine == here.machine:
                return _by_process(lock, here, each.url)
            return _by_lease(lock, each, now, ask)
    if (lock.hostname, lock.username) == (here.host, here.user):
        return _by_process(lock, here, "")
    return _by_age(lock.since, now, "")


def covers(lease: Lease, lock: Lock) -> bool:
    """Whether the lock was taken during that turn, on its machine."""
    during = lease.held or lock.since <= lease.heartbeat + _SLACK
    return lock.hostname == lease.host and lock.since >= lease.since - _SLACK and during


def age_of(since: datetime, now: datetime) -> str:
    """A time that has passed, in words."""
    minutes = max(0, int((now - since).total_seconds())) // 60
    if minutes < 1:
        return "less than a minute"
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (0 if days else rest, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _by_process(lock: Lock, here: Here, job: str) -> Verdict:
    if here.runs(lock.pid, lock.noted):
        return Verdict("live", "yes", f"process {lock.pid} runs on this machine", job)
    return Verdict("stale", "no", f"process {lock.pid} is gone from this machine", job)


def _by_lease(lock: Lock, lease: Lease, now: datetime, ask: Callable[[Job], JobState]) -> Verdict:
    if lease.held and now - lease.heartbeat < SILENT:
        return Verdict("live", "yes", f"it said {age_of(lease.heartbeat, now)} ago that it is alive", lease.url)
    state = ask(lease.job) if lease.job else "unknown"
    if state == "running":
        return Verdict("live", "yes", "its job runs", lease.url)
    if state == "ended":
        return Verdict("stale", "no", "its job has ended", lease.url)
    return _by_age(max(lock.since, lease.heartbeat), now, lease.url)


def _by_age(since: datetime, now: datetime, job: str) -> Verdict:
    old = now - since >= LONGEST
    return Verdict("old" if old else "live", "unknown", _OLD if old else _YOUNG, job)
