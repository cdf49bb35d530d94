"""The pipelines of both forges as Checkov reads them."""

import shutil
from pathlib import Path
from typing import Final

import yaml

from tools.pipelines import gitlab

FRAMEWORKS: Final = ("gitlab_ci", "github_actions")
_WORKFLOWS: Final = Path(".github", "workflows")


def copied(root: Path, folder: Path) -> dict[str, str]:
    """Copy the pipelines of `root` into `folder`: what each file is called, by its path there.

    GitLab's references are replaced by what they name: Checkov passes over a whole file that has one, without a word.
    """
    (folder / gitlab.FILE).write_text(yaml.safe_dump(gitlab.read(root), sort_keys=False), encoding="utf-8")
    shutil.copytree(root / _WORKFLOWS, folder / _WORKFLOWS)
    workflows = [(_WORKFLOWS / file.name).as_posix() for file in sorted((root / _WORKFLOWS).glob("*.y*ml"))]
    return {name: name for name in (gitlab.FILE, *workflows)}
