"""`make new` that is killed: `python -m tests.state.killed_new FOLDER BUCKET STACK POINT`, run by the tests."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tests.state.cloud import PARIS
from tests.state.copies import ADA
from tools import new
from tools.pulumi_cli import Done
from tools.stack_copies.commands import Commands, Engine
from tools.stack_copies.means import Means
from tools.state.backend import Backend
from tools.state.objects import Objects

POINTS = ("the name", "the slot", "the empty file", "the state", "the last write")
"""After what it is killed."""


def die() -> NoReturn:
    """End as nobody can catch."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class Mortal(Objects):
    """The bucket, whose client dies after a write."""

    point = ""

    def create(self, key: str, body: bytes) -> str | None:
        done = super().create(key, body)
        if (self.point, key.split("/")[1]) in (("the name", "stacks"), ("the slot", "slots")):
            die()
        return done

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        done = super().replace(key, body, etag)
        if self.point == "the last write" and b'"maker": ""' in body:
            die()
        return done


class MortalEngine:
    """The engine, whose caller dies before or after it made the stack."""

    def __init__(self, folder: Path, point: str) -> None:
        self._engine, self._point = Engine(folder), point

    def __call__(self, arguments: Sequence[str], given: str | None) -> Done:
        making = arguments[:2] == ("stack", "init")
        if making and self._point == "the empty file":
            die()
        done = self._engine(arguments, given)
        if making and self._point == "the state":
            die()
        return done


def main(folder: str, bucket: str, stack: str, point: str) -> None:
    """Make a stack and die on the way."""
    Mortal.point = point
    new.run(
        stack,
        "staging",
        "8h",
        "",
        Means(
            folder=Path(folder),
            objects=lambda: Mortal(Backend(bucket, PARIS)),
            person=lambda _: ADA,
            commands=Commands(MortalEngine(Path(folder), point)),
            estimate=lambda _: None,
        ),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
