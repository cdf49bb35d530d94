"""A copy of the project in which a rehearsal may do as it likes, and its commands."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from rehearsal.workspace import Workspace
from rehearsal.world import Thing, World

ROOT = Path(__file__).resolve().parents[2]
_NOT_COPIED = (".*", "docs", "tests", "*.md", "node_modules", "dist")
# A third of the time of an update, and of use to one that is killed alone.
_NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
CHANGES = ("create", "update", "replace", "delete")
"""What `result.json` counts, apart from what stayed the same."""

Config = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    output: str
    """What it printed, errors included."""
    result: dict[str, Any]
    """Content of `result.json`, empty when there is none."""

    @property
    def changes(self) -> dict[str, int]:
        """What changed, without what happened to no resource."""
        counted: dict[str, int] = self.result["changes"]
        return {name: counted[name] for name in CHANGES if counted[name]}


@dataclass(frozen=True)
class Checkout:
    """The project's files, copied, with the Python of this test."""

    folder: Path
    checkpoints: bool = False
    """Whether the engine writes the state after each resource, as it does for people, and not at the end alone."""

    def copied(self, folder: Path) -> "Checkout":
        """The same again, with whatever is up in its rehearsals."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return replace(self, folder=folder)

    def workspace(self, stack: str) -> Workspace:
        """What a rehearsal of a stack keeps here."""
        return Workspace(stack, self.folder / ".rehearsal" / stack)

    def stack_file(self, stack: str) -> Path:
        """The settings of a stack."""
        return self.folder / f"Pulumi.{stack}.yaml"

    def edit(self, stack: str, change: Callable[[Config], object]) -> None:
        """Change the settings of a stack: `change` gets its `config`."""
        file = self.stack_file(stack)
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        change(document["config"])
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def command(self, verb: str, stack: str) -> list[str]:
        """The command line of `make rehearse` and its like."""
        return [sys.executable, "-m", "rehearsal", verb, stack]

    def run(self, verb: str, stack: str) -> Done:
        """Run a command of the rehearsal to its end."""
        file = self.workspace(stack).result_file
        if file.exists():
            file.unlink()
        done = subprocess.run(
            self.command(verb, stack),
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "240", **({} if self.checkpoints else _NO_CHECKPOINTS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return Done(done.returncode, done.stdout, result)

    def must(self, verb: str, stack: str) -> Done:
        """Run a command that has to succeed."""
        done = self.run(verb, stack)
        assert done.code == 0, done.output
        return done

    def cloud(self, stack: str) -> dict[str, Thing]:
        """What exists in the simulated cloud, by the end of the URN: `aws:ec2/vpc:Vpc main-vpc`."""
        world = World(self.workspace(stack).world_file)
        things = world.all()
        world.close()
        found = {f"{thing.type} {thing.urn.rpartition('::')[2]}": thing for thing in things}
        assert len(found) == len(things), "two things of one type and name"
        return found


def copy_project(folder: Path) -> Checkout:
    """A copy of what a stack needs, with the same virtual environment."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    (folder / ".venv").symlink_to(sys.prefix)
    return Checkout(folder)


def of_type(cloud: dict[str, Thing], type_: str) -> dict[str, Thing]:
    """The things of one type, by name."""
    return {key.partition(" ")[2]: thing for key, thing in cloud.items() if thing.type == type_}


def replaced(before: dict[str, Thing], after: dict[str, Thing]) -> set[str]:
    """What exists before and after, and is another thing."""
    return {key for key, thing in before.items() if key in after and after[key].id != thing.id}


def updated(before: dict[str, Thing], after: dict[str, Thing]) -> set[str]:
    """What is the same thing with other inputs."""
    return {
        key
        for key, thing in before.items()
        if key in after and after[key].id == thing.id and after[key].inputs != thing.inputs
    }
