"""A repository of the infrastructure, on both forges."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.applications.git_server import git_server
from tests.applications.office import Office, git
from tests.forge.conftest import Stage
from tests.forge.conftest import stage as stage  # noqa: PLC0414 (a fixture, for the tests here)
from tests.stack_examples import ROOT

COPIED = ("Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml", "bootstrap/Pulumi.team.yaml", "versions/prod.yaml")


@pytest.fixture(scope="session")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the stack files of this one."""
    folder = tmp_path_factory.mktemp("infrastructure") / "checkout"
    for name in COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


@pytest.fixture
def office(infrastructure: Path, stage: Stage, tmp_path: Path) -> Iterator[Office]:
    """The repository on a server, with a checkout of a job."""
    bare, folder = tmp_path / "served" / "infrastructure.git", tmp_path / "checkout"
    shutil.copytree(infrastructure, folder)
    git(tmp_path, "clone", "--quiet", "--bare", str(infrastructure), str(bare))
    git(bare, "config", "http.receivepack", "true")
    with git_server(bare.parent) as server:
        yield Office(stage, server, bare, folder)
