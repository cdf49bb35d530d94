"""A checkout with the project's stack files whose states are in a bucket, and people who make stacks in it."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import typer

from tests.state.cloud import Place
from tools import new
from tools.pulumi_cli import Done
from tools.stack_copies.commands import Commands, Engine
from tools.stack_copies.means import Means
from tools.state.objects import Objects, client_of
from tools.state.person import Person

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("staging", "prod", "f1-vote")
ADA = Person("123456789012", "arn:aws:iam::123456789012:user/ada")
MARIE = Person("123456789012", "arn:aws:iam::123456789012:user/marie")
OTHER_MARIE = Person("123456789012", "arn:aws:iam::123456789012:user/other/marie")


class Later(Objects):
    """The bucket some time from now, by its own clock."""

    after = timedelta()

    def now(self) -> datetime:
        return super().now() + self.after


@dataclass
class StandIn:
    """The engine for tests of what surrounds it: it writes what the real one would, and fails where it is told to."""

    folder: Path
    fails: str = ""
    """First words of the commands that fail."""
    asked: list[str] = field(default_factory=list[str])

    def __call__(self, arguments: Sequence[str], given: str | None) -> Done:
        command = " ".join(arguments)
        self.asked.append(command)
        if self.fails and command.startswith(self.fails):
            return Done(255, errors="error: AccessDenied: you may not\n")
        if command.startswith("stack init"):
            with (self.folder / f"Pulumi.{arguments[2]}.yaml").open("a", encoding="utf-8") as file:
                file.write(f"secretsprovider: {arguments[4]}\n")
        return Done(6 if command.startswith("stack rm") else 0, json.dumps({"value": "a-secret"}))


@dataclass(frozen=True)
class Office:
    """Where people make stacks; every one of them has the same checkout."""

    place: Place
    means: Means
    objects: Objects
    """The bucket, with one client for the whole test: it takes long to make."""

    @property
    def folder(self) -> Path:
        return self.place.folder

    def of(self, person: Person) -> "Office":
        """The same, for somebody else."""

        def who(objects: Objects) -> Person:
            return person

        return replace(self, means=replace(self.means, person=who))

    def later(self, **time: float) -> "Office":
        """The same, some time later."""

        then = Later(self.place.backend, client_of(self.place.backend, "s3"))
        then.after = timedelta(**time)
        return replace(self, means=replace(self.means, objects=lambda: then))

    def without_engine(self, fails: str = "") -> tuple["Office", StandIn]:
        """The same with a stand-in for the engine."""
        engine = StandIn(self.folder, fails)
        return replace(self, means=replace(self.means, commands=Commands(engine))), engine

    def own_keys(self) -> list[str]:
        """What stacks of one's own have in the bucket."""
        return [key.removeprefix("socle/") for kind in ("stacks", "slots") for key in self._keys(kind)]

    def _keys(self, kind: str) -> list[str]:
        return self.objects.keys(self.objects.backend.own_key(kind))

    def file(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    def make(self, stack: str, source: str = "staging", ttl: str = "8h", owner: str = "") -> int:
        """`make new`; its exit code."""
        return code_of(lambda: new.run(stack, source, ttl, owner, self.means))


def code_of(command: Callable[[], object]) -> int:
    """The exit code of a command."""
    try:
        command()
    except typer.Exit as end:
        return end.exit_code
    return 0


def office(states: Place) -> Office:
    """A checkout with copies of the project's stack files, and Ada in it."""
    for stack in STACKS:
        shutil.copy(ROOT / f"Pulumi.{stack}.yaml", states.folder)
    objects = states.objects
    means = Means(
        folder=states.folder,
        objects=lambda: objects,
        person=lambda _: ADA,
        commands=Commands(Engine(states.folder, {**os.environ, **states.environ})),
        estimate=lambda _: None,
    )
    return Office(states, means, objects)
