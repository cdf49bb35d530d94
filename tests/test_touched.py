import shutil
import subprocess
from pathlib import Path

import pytest

from tools.touched import changed_since, stacks_since, touched

STACKS = ["f1-vote", "prod", "staging"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["Pulumi.staging.yaml"], ["staging"]),
        (["versions/prod.yaml", "costs/usage.staging.yaml"], ["prod", "staging"]),
        (["components/network.py"], STACKS),
        (["stack/__init__.py", "README.md"], STACKS),
        (["requirements.txt"], STACKS),
        (["policy/rules/open_ports.py"], STACKS),
        (["costs/money.yaml"], STACKS),
        (["docs/rehearsal.md", "tests/test_touched.py", "site/src/pages/index.astro", "tools/up.py"], []),
        (["Pulumi.dev-search-page.yaml"], []),
        (["requirements-dev.txt", "docs/components/x.md"], []),
        ([], []),
    ],
)
def test_a_change_touches_the_stacks_that_are_made_from_its_files(changed: list[str], expected: list[str]) -> None:
    assert touched(changed, STACKS) == expected


def git(folder: Path, *arguments: str) -> None:
    own = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run([shutil.which("git") or "git", *own, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A branch that left main before main went on."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "Pulumi.prod.yaml").write_text("one", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "checkout", "-q", "-b", "branch")
    git(tmp_path, "checkout", "-q", "main")
    (tmp_path / "requirements.txt").write_text("two", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "two")
    git(tmp_path, "checkout", "-q", "branch")
    (tmp_path / "Pulumi.prod.yaml").write_text("three", encoding="utf-8")
    git(tmp_path, "commit", "-q", "-a", "-m", "three")
    return tmp_path


def test_what_others_did_on_the_main_branch_meanwhile_does_not_count(repository: Path) -> None:
    assert changed_since("main", repository) == ["Pulumi.prod.yaml"]
    assert stacks_since("main", STACKS, repository) == ["prod"]


def test_without_a_branch_to_compare_with_all_stacks_count(repository: Path) -> None:
    assert stacks_since(None, STACKS, repository) == STACKS


def test_a_branch_that_git_does_not_know_is_named(repository: Path) -> None:
    with pytest.raises(ValueError, match="git does not know how this differs from nowhere"):
        changed_since("nowhere", repository)
