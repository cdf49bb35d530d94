"""A clone of this checkout, with what its working tree has changed as a last commit, in which jobs may run."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from tools.releasing.commits import git
from tools.setup import ROOT, wanted

MESSAGE: Final = "chore: what the working tree has changed"
_WHO: Final = ("-c", "user.name=Socle", "-c", "user.email=socle@noreply.invalid", "-c", "commit.gpgsign=false")


def clone(folder: Path, root: Path = ROOT) -> Path:
    """Make it in a folder that does not exist. Raises `GitRefused`."""
    git(root, "clone", "--quiet", str(root), str(folder))
    _copy(root, folder)
    commit(folder, MESSAGE)
    _link_environment(folder)
    # What `make rehearse` has brought up here is what a preview in rehearsal compares with.
    for rehearsal in (root / ".rehearsal").glob("*/Pulumi.yaml"):
        shutil.copytree(rehearsal.parent, folder / ".rehearsal" / rehearsal.parent.name, symlinks=True)
    return folder


def commit(folder: Path, message: str) -> None:
    """Commit everything that has changed, if anything has."""
    git(folder, "add", "--all")
    if git(folder, "status", "--porcelain"):
        git(folder, *_WHO, "commit", "--quiet", "--message", message)


def start_at(folder: Path, reference: str, branch: str) -> str:
    """Let a branch of the forge be at a commit, where a merge request began; its number."""
    sha = git(folder, "rev-parse", "--verify", "--end-of-options", f"{reference}^{{commit}}").strip()
    git(folder, "update-ref", f"refs/remotes/origin/{branch}", sha)
    return sha


def _copy(root: Path, folder: Path) -> None:
    """What git would see in the working tree."""
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        there, here = root / name, folder / name
        if not there.is_file() and not there.is_symlink():
            here.unlink(missing_ok=True)
            continue
        here.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(there, here, follow_symlinks=False)


def _link_environment(folder: Path) -> None:
    """Let the clone have the packages of this Python, so that its set-up finds nothing to do.

    A folder of links: a set-up that starts anew removes the links, and not what they lead to.
    """
    venv = folder / ".venv"
    venv.mkdir()
    for each in Path(sys.prefix).iterdir():
        if each.name != ".socle":
            (venv / each.name).symlink_to(each)
    (venv / ".socle").write_text(wanted(folder), encoding="utf-8")


def environ_of(folder: Path) -> dict[str, str]:
    """Variables of a job in the clone: those of this process without what belongs to another job or another `make`."""
    foreign = ("MAKE", "MFLAGS", "STACK", "SINCE", "CI", "GITLAB_", "GITHUB_", "AWS_", "SOCLE_GITLAB", "GIT_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**own, "PYTHON": sys.executable, "PWD": str(folder), "CI": "true"}
