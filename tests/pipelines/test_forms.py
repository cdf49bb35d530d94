"""Whether the forges would take the files, as their schemas and linters have it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.engine import cache_folder
from tests.pipelines.conftest import ROOT
from tools.setup import locked

ACTIONLINT = "1.7.12"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def done(command: list[str]) -> str:
    """What a checker says; empty when it is content."""
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def actionlint() -> str:
    """The linter, built once from its Go module into the cache of all checkouts."""
    folder = cache_folder() / "actionlint" / ACTIONLINT
    command = folder / "actionlint"
    if command.exists():
        return str(command)
    go = shutil.which("go")
    if go is None:
        pytest.skip("actionlint is built with Go, and there is no Go here")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, "actionlint: another process is building it"):
        environ = {**os.environ, "GOBIN": str(folder)}
        built = subprocess.run(
            [go, "install", f"github.com/rhysd/actionlint/cmd/actionlint@v{ACTIONLINT}"],
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    if built.returncode:
        pytest.skip(f"actionlint cannot be built here: {built.stderr.strip().splitlines()[-1]}")
    return str(command)


def test_gitlab_would_take_its_file() -> None:
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    assert done([*command, ".gitlab-ci.yml"]) == ""


def test_github_would_take_its_workflows() -> None:
    assert done([tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS)]) == ""


def test_renovate_would_take_its_file() -> None:
    assert done([tool("check-jsonschema"), "--builtin-schema", "vendor.renovate", "renovate.json"]) == ""


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    assert done([actionlint(), *map(str, WORKFLOWS)]) == ""


def test_zizmor_finds_no_weakness_in_the_workflows() -> None:
    command = [tool("zizmor"), "--offline", "--no-progress", "--persona", "auditor", "--min-severity", "low"]
    assert done([*command, *map(str, WORKFLOWS)]) == ""
