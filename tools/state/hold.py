"""The engine's own lock, held by a command of ours that writes a state itself.

The engine writes its lock, lists all and gives way when there is another; so does this:
https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/backend/diy/lock.go
"""

import json
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from tools.state.lock_files import Lock, read_locks
from tools.state.objects import Objects
from tools.state.processes import here


class Held(Exception):  # noqa: N818 (reads as what it is)
    """Others hold a lock on the stack."""

    def __init__(self, locks: list[Lock]) -> None:
        self.locks = locks
        super().__init__(", ".join(each.holder for each in locks))


@contextmanager
def holding(objects: Objects, stack: str) -> Generator[None]:
    """Have the lock of a stack until the end, so that no engine starts to change it. Raises `Held`."""
    refuse_held(objects, stack)
    key = f"{objects.backend.locks_prefix(stack)}{uuid.uuid4()}.json"
    me = here()
    body = {"pid": os.getpid(), "username": me.user, "hostname": me.host, "timestamp": datetime.now(UTC).isoformat()}
    objects.write(key, json.dumps(body).encode())
    try:
        refuse_held(objects, stack, ours=key)
        yield
    finally:
        objects.delete(key)


def refuse_held(objects: Objects, stack: str, ours: str = "") -> None:
    """Raise `Held` when anybody else has a lock on a stack."""
    others = [each for each in read_locks(objects, stack) if each.key != ours]
    if others:
        raise Held(others)
