"""Which release is current, and who is changing that: one at a time."""

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from tools.site.place import RESERVED
from tools.site.refused import SiteFailed
from tools.state.objects import Objects, Stored

POINTER: Final = f"{RESERVED}current.json"
PATIENCE: Final = timedelta(minutes=30)
"""How long an attempt of another machine may say nothing before it counts as dead: no step takes as long."""


class Attempt(BaseModel):
    """A publication, or a way back, that is under way or was left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    by: str
    host: str
    pid: int
    over: bool = False
    """Whether it said itself that it failed."""


class Pointer(BaseModel):
    """What the bucket holds: the last complete release, and what was begun since."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str | None = None
    attempt: Attempt | None = None


@dataclass(frozen=True)
class Seen:
    """The pointer, as it was read."""

    pointer: Pointer
    stored: Stored | None
    """None when nothing was ever published."""


class Current:
    """The pointer of a site. Everything that writes it does so only if nobody else has meanwhile."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def read(self) -> Seen:
        """What is current. Raises `SiteFailed` for a pointer that nobody can read."""
        stored = self._objects.read(POINTER)
        try:
            return Seen(Pointer.model_validate_json(stored.body) if stored else Pointer(), stored)
        except ValidationError:
            raise SiteFailed(
                f"{POINTER} in s3://{self._objects.backend.bucket} cannot be read: put an older version of it back"
            ) from None

    def claim(self, seen: Seen, release: str, again: str, *, take_over: bool) -> "Claim":
        """Begin to change the site from what was `seen`; raises `SiteFailed` while somebody else does.

        `again` is the command that the person typed.
        """
        attempt = seen.pointer.attempt
        if attempt and not take_over and not self._is_dead(attempt, seen.stored):
            raise SiteFailed(
                f"{attempt.by} on {attempt.host} is publishing {attempt.release}: wait until it is done, "
                f"then `{again}`; if it is known to be dead, `{again} TAKE_OVER=1`"
            )
        mine = Attempt(release=release, by=whoami(), host=socket.gethostname(), pid=os.getpid())
        claimed = Pointer(release=seen.pointer.release, attempt=mine)
        etag = self._write(claimed, seen.stored.etag if seen.stored else None)
        if etag is None:
            raise SiteFailed(
                f"somebody else began to publish at the same moment: wait until it is done, then `{again}`"
            )
        return Claim(self, claimed, etag, again)

    def write(self, pointer: Pointer, etag: str) -> str | None:
        """Write the pointer if it is still as it was; its new etag, or None."""
        return self._write(pointer, etag)

    def _write(self, pointer: Pointer, etag: str | None) -> str | None:
        body = pointer.model_dump_json(indent=1).encode()
        return self._objects.replace(POINTER, body, etag) if etag else self._objects.create(POINTER, body)

    def _is_dead(self, attempt: Attempt, stored: Stored | None) -> bool:
        if attempt.over or stored is None:
            return True
        if attempt.host == socket.gethostname():
            return not _runs(attempt.pid)
        # Both times are of the clock of S3.
        return self._objects.now() - stored.modified > PATIENCE


class Claim:
    """The right to change the site, until `finish` or `give_up`."""

    def __init__(self, current: Current, pointer: Pointer, etag: str, again: str) -> None:
        self._current, self._pointer, self._etag, self._again = current, pointer, etag, again

    def beat(self) -> None:
        """Say that this goes on; raises `SiteFailed` when somebody else took over."""
        self._put(self._pointer)

    def finish(self, release: str) -> None:
        """Make a release the current one."""
        self._put(Pointer(release=release))

    def give_up(self) -> None:
        """Say that this failed, so that the next need not wait; silent when somebody else took over."""
        attempt = self._pointer.attempt
        left = self._pointer.model_copy(update={"attempt": attempt and attempt.model_copy(update={"over": True})})
        self._current.write(left, self._etag)

    def _put(self, pointer: Pointer) -> None:
        etag = self._current.write(pointer, self._etag)
        if etag is None:
            raise SiteFailed(f"somebody else took over meanwhile: see that it is done, then `{self._again}`")
        self._pointer, self._etag = pointer, etag


def whoami(environ: Mapping[str, str] = os.environ) -> str:
    """Who runs this, by the name that the forge or the machine gives."""
    return environ.get("GITLAB_USER_LOGIN") or environ.get("GITHUB_ACTOR") or getpass.getuser()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
