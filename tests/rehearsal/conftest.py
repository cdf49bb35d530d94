"""The real engine, for the tests that run it, and a machine without any."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import engine_sources
from rehearsal.aws.provider import SimulatedAws
from rehearsal.engine import Engine, find
from rehearsal.world import World
from tests.rehearsal.checkouts import Checkout, copy_project
from tests.rehearsal.simulation import Stack
from tools.setup import SetupError


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this machine; `make test` sees to one beforehand."""
    try:
        return find()
    except SetupError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A copy of the project of one's own."""
    return copy_project(tmp_path / "socle")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty; the installer cannot be reached."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(engine_sources, "installer_answers", lambda: False)
    return folder


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A simulated cloud in which nothing exists."""
    made = World(tmp_path / "world.sqlite")
    yield made
    made.close()


@pytest.fixture
def aws(world: World) -> Stack:
    """A stack in Paris whose provider adds tags."""
    tags = json.dumps({"tags": {"owner": "ada", "stack": "test"}})
    return Stack(SimulatedAws(world, "pulumi-aws")).configure(region="eu-west-3", defaultTags=tags)
