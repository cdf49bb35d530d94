"""A repository of the infrastructure on a forge, and a job of it that an application's pipeline has started."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer import Exit

from tests.applications.git_server import GitServer
from tests.forge.conftest import Stage
from tests.forge.github_server import REPOSITORY
from tools.forge.ci_job import CiJob
from tools.forge.forge import Forge
from tools.inform import Means, access_of, run
from tools.informing.repository import Access

PLACE = "registry.gitlab.com/devu42/api-utilisateurs"
FILE = "versions/staging.yaml"
BRANCH = "inform/staging-users-api"


ON_ONE = pytest.mark.parametrize("stage", ["gitlab"], indirect=True)
"""For what concerns git alone, which is the same on both."""


def image(build: int) -> str:
    """The image of a build."""
    return f"{PLACE}:c0ffee{build}@sha256:{build:064x}"


def source(build: int) -> str:
    """Address of a build's pipeline."""
    return f"https://gitlab.com/devu42/api-utilisateurs/-/pipelines/{build}"


def git(folder: Path, *arguments: str) -> str:
    """What git prints."""
    who = ["-c", "user.name=Marie", "-c", "user.email=marie@example.org"]
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@dataclass
class Office:
    """The repository, seen from the server and from the checkout of a job."""

    stage: Stage
    server: GitServer
    bare: Path
    folder: Path
    """The checkout."""
    token: str = "good"
    forge_token: str = ""
    """Token for the API, where it is another one."""
    environ: dict[str, str] = field(default_factory=dict[str, str])
    """Variables of the job beside the usual ones."""

    def variables(self) -> Mapping[str, str]:
        """What the forge tells its job."""
        if self.stage.kind == "gitlab":
            usual = {
                **{"GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.example", "CI_PROJECT_PATH": REPOSITORY},
                **{"CI_PROJECT_ID": "1", "CI_COMMIT_REF_NAME": "main", "SOCLE_GITLAB_TOKEN": self.token},
            }
        else:
            usual = {
                **{"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "7"},
                **{"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_REF_NAME": "main", "GITHUB_TOKEN": self.token},
                "GITHUB_EVENT_NAME": "repository_dispatch",
            }
        return {**usual, **self.environ}

    def means(self) -> Means:
        """Means of a job of this repository."""

        def access(job: CiJob) -> Access:
            return replace(access_of(job), url=f"{self.server.url}/infrastructure.git")

        def forge(job: CiJob) -> Forge:
            return self.stage.as_(self.forge_token or job.token)

        return Means(self.variables(), access, forge, self.folder)

    def inform(self, number: int, **other: str) -> None:
        """The job of a build."""
        given = {"image": image(number), "build": str(number), "source": source(number), **other}
        made = {"build": given["build"], "source": given["source"]}
        run("staging", "users-api", given["image"], **made, means=self.means())

    def refused(self, number: int) -> int:
        """Exit code of a job that is refused."""
        with pytest.raises(Exit) as ended:
            self.inform(number)
        return ended.value.exit_code

    def at(self, branch: str) -> str:
        """Commit of a branch on the server; empty without one."""
        return git(self.bare, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").strip()

    def file(self, branch: str) -> str:
        """Staging's file of versions on a branch."""
        return git(self.bare, "show", f"{branch}:{FILE}")

    def write(self, text: str) -> None:
        """Somebody writes the file on the main branch."""
        path = self.folder / FILE
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        git(self.folder, "add", FILE)
        git(self.folder, "commit", "--quiet", "-m", "by hand")
        git(self.folder, "push", "--quiet", str(self.bare), "HEAD:main")

    def merge(self) -> None:
        """Somebody merges what is proposed; the branch stays, as GitHub leaves it."""
        git(self.bare, "update-ref", "refs/heads/main", self.at(BRANCH))
        self.stage.state.requests[-1]["state"] = "merged" if self.stage.kind == "gitlab" else "closed"
