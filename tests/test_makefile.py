import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`make` as a person types it, though the tests may run below a `make` themselves."""
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "STACK")}
    return subprocess.run(["make", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S607 (make of the PATH)


def test_make_alone_lists_every_verb_with_a_line_each() -> None:
    verbs = {words[1]: words[2:] for words in (row.split() for row in make().stdout.splitlines())}
    assert set(verbs) == {
        *("help", "rehearse", "rehearse-preview", "rehearse-destroy"),
        *("up", "preview", "destroy", "drain", "leftovers", "forget-cluster", "drill", "ssh", "tunnel"),
        *("bootstrap", "bootstrap-destroy", "new", "extend", "stacks", "remove", "reap", "locks", "unlock"),
        *("history", "rescue", "doctor", "secret", "rotate-key", "promote", "iam", "smoke", "drift", "deploy"),
        *("cost", "prices", "bill", "policy", "checkov", "sleep", "wake"),
        *("preview-report", "preview-comment", "inform", "rollout"),
        *("preview-touched", "comment-touched", "ci-local", "commits", "release", "propose", "pins-report"),
        *("site", "site-scan", "site-test", "publish", "unpublish", "releases", "site-smoke", "site-synthetic"),
        *("test", "test-unit", "check", "bench", "docs", "pins", "clean"),
    }
    assert all(verbs.values())


@pytest.mark.parametrize("verb", ["rehearse", "rehearse-preview", "rehearse-destroy"])
def test_a_rehearsal_without_a_stack_lists_the_stacks(verb: str) -> None:
    done = make(verb)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "The stacks are f1-vote prod staging: name one, as in `make rehearse STACK=staging`.\n"
    )


def test_a_stack_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = make("rehearse", 'STACK=no"pe')
    assert done.returncode == 2
    assert done.stderr.startswith('There is no stack no"pe. The stacks are ')


def test_make_clean_removes_what_set_up_made_and_says_what_stays(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for made in (".venv/bin", ".rehearsal/staging", ".pytest_cache", "tools/__pycache__"):
        (tmp_path / made).mkdir(parents=True)
    (tmp_path / "tools" / "kept.py").touch()
    done = make("clean", folder=tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == {"Makefile", "tools", "tools/kept.py"}
    assert "The engine stays in " in done.stdout
