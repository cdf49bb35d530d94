"""Where the bootstrap's own state is, and who is at work on it."""

import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bootstrap.names import PROJECT, STACK
from rehearsal.file_backend import mend
from tools.bootstrapping.engine_stack import EngineStack, project_state_key
from tools.bootstrapping.means import BootstrapRefused, Team
from tools.sentences import FAILED
from tools.state.checkpoint import pending_of
from tools.state.lock_files import read_moment
from tools.state.objects import Objects
from tools.state.processes import runs


@dataclass(frozen=True)
class Whereabouts:
    """Copies of the state that exist; both do when a move was interrupted."""

    local: bool
    bucket: bool


def whereabouts(team: Team, *, bucket_exists: bool) -> Whereabouts:
    """Look in both places."""
    found = bucket_exists and objects_of(team).read(project_state_key(team)) is not None
    return Whereabouts(team.local_state.is_file(), found)


def objects_of(team: Team) -> Objects:
    """Objects of the bucket of states."""
    return Objects(team.backend, team.client("s3"))


def settle(team: Team, stack: EngineStack, *, local: bool, again: str) -> None:
    """Put in order what a killed engine left: its lock, a note cut off within, operations whose end it did not tell.

    What these have made is found by its name and taken over, so that they can be forgotten. Raises `BootstrapRefused`
    while somebody is at work.
    """
    held = _local_locks(team) if local else _bucket_locks(team)
    for lock in held:
        if not _is_dead(lock):
            raise BootstrapRefused(
                f"bootstrap: {lock.get('username')}@{lock.get('hostname')} (process {lock.get('pid')}) is at work on "
                f"its state since {lock.get('timestamp')}: wait until that has ended, then `{again}`; if it has, and "
                f"left its lock behind, `pulumi cancel {STACK}` in bootstrap/ breaks it",
                FAILED,
            )
    if local:
        mend(team.local)
    if held:
        stack.unlock()
    export = stack.export()
    if pending_of(export["deployment"]):
        stack.load(export)


def _local_locks(team: Team) -> list[dict[str, Any]]:
    folder = team.local / ".pulumi" / "locks" / "organization" / PROJECT / STACK
    return [_read(file.read_bytes()) for file in sorted(folder.glob("*.json"))]


def _bucket_locks(team: Team) -> list[dict[str, Any]]:
    objects = objects_of(team)
    found = (objects.read(key) for key in objects.keys(team.backend.locks_prefix(STACK, PROJECT)))
    return [_read(each.body) for each in found if each is not None]


def _read(body: bytes) -> dict[str, Any]:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _is_dead(lock: dict[str, Any]) -> bool:
    """Whether the engine that took it was of this machine, and has ended."""
    noted = read_moment(str(lock.get("timestamp", ""))) or datetime.now(UTC)
    return lock.get("hostname") == socket.gethostname() and not runs(int(lock.get("pid", 0)), noted)
