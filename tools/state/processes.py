"""This machine and its processes: whether the one that took a lock is still here."""

import getpass
import hashlib
import os
import socket
import subprocess
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_ENGINE: Final = "pulumi"
_DEAD: Final = "ZXx"
"""States of a process that has ended, and whose parent has not heard of it yet."""
# A process starts before it takes a lock; the clock of the boot and that of the day differ by less than this.
_SLACK: Final = timedelta(seconds=5)
_IDS: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@dataclass(frozen=True)
class Here:
    """This machine, as locks and leases name it."""

    host: str
    user: str
    machine: str
    """Tells it from another machine of the same name, and a container from the one beside it."""

    def runs(self, pid: int, noted: datetime) -> bool:
        """Whether the process that this machine noted at this time, by its own clock, still runs."""
        return runs(pid, noted)

    def lives(self, pid: int, born: str) -> bool:
        """Whether the very process that `born` told of once still runs."""
        return bool(born) and _born(pid) == born


def here() -> Here:
    """The machine that this runs on."""
    host = socket.gethostname()
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = str(os.getuid())
    return Here(host, user, hashlib.sha256(f"{host} {_machine()} {_pid_space()}".encode()).hexdigest()[:16])


def born(pid: int) -> str:
    """What tells a process from a later one with its id, whatever the clocks say; empty when there is none."""
    return _born(pid)


def runs(pid: int, noted: datetime) -> bool:
    """Whether a process of this id runs that may be the one of then, and not a later one with the id of a dead one."""
    found = _process(pid)
    if found is None:
        return False
    # An engine counts whatever the clocks say: they may have been set since.
    return _ENGINE in found.name or found.started <= noted + _SLACK


@dataclass(frozen=True)
class _Process:
    name: str
    born: str
    started: datetime


def _born(pid: int) -> str:
    found = _process(pid)
    return found.born if found else ""


def _process(pid: int) -> _Process | None:
    if pid <= 0:
        return None
    return _by_proc(pid) if (_PROC / "self" / "stat").exists() else _by_ps(pid)


def _by_proc(pid: int) -> _Process | None:
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name is in brackets, then field 3 is the state.
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        boot = next(line for line in (_PROC / "stat").read_text(encoding="ascii").splitlines() if line[:6] == "btime ")
    except OSError:
        return None
    name, _, rest = stat.partition("(")[2].rpartition(")")
    fields = rest.split()
    state, ticks = fields[0], int(fields[19])
    if state in _DEAD:
        return None
    return _Process(name, str(ticks), datetime.fromtimestamp(int(boot[6:]) + ticks / os.sysconf("SC_CLK_TCK"), UTC))


def _by_ps(pid: int) -> _Process | None:
    """As above, where there is no /proc."""
    told = subprocess.run(
        ["ps", "-o", "state=,lstart=,comm=", "-p", str(pid)],  # noqa: S607 (the one of the system)
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split(maxsplit=6)
    try:
        state, name, moment = told[0], told[6], " ".join(told[1:6])
        started = datetime.strptime(moment, "%a %b %d %H:%M:%S %Y").astimezone(UTC)
    except (ValueError, IndexError):
        return None
    return None if state[0] in _DEAD else _Process(Path(name.strip()).name, moment, started)


def _machine() -> str:
    for file in _IDS:
        try:
            found = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if found:
            return found
    return f"{uuid.getnode():x}"


def _pid_space() -> str:
    """Where process ids mean something: containers of one machine have each their own."""
    try:
        return str((_PROC / "self" / "ns" / "pid").readlink())
    except OSError:
        return ""
