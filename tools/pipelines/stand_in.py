"""A stand-in forge on the loopback address, and the variables of a merge request's job there."""

import json
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tools.pipelines import github, gitlab
from tools.pipelines.job import Job
from tools.setup import ROOT

Kind = Literal["gitlab", "github"]
NUMBER: Final = 42
"""Of the merge request."""
BRANCH: Final = "main"
_RUN: Final = 1000


@dataclass(frozen=True)
class StandIn:
    """A forge that remembers what it is told."""

    kind: Kind
    address: str
    project: str
    token: str

    def jobs(self, folder: Path) -> dict[str, Job]:
        """Jobs of the merge-request pipeline in a folder's files."""
        if self.kind == "gitlab":
            return gitlab.jobs(gitlab.read(folder), self._gitlab("", ""))
        return github.jobs(github.read(folder), "pull_request")

    def environ(self, sha: str, base: str, folder: Path) -> dict[str, str]:
        """What the forge's runner tells every job. Files that it needs are written into the folder."""
        if self.kind == "gitlab":
            return self._gitlab(sha, base)
        event = folder / "event.json"
        head = {"sha": sha, "ref": "change", "repo": {"full_name": self.project}}
        event.write_text(json.dumps({"pull_request": {"number": NUMBER, "head": head}}), encoding="utf-8")
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": self.address,
            "GITHUB_API_URL": self.address,
            "GITHUB_REPOSITORY": self.project,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_SHA": sha,
            "GITHUB_RUN_ID": str(_RUN),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        }

    def given(self, job: Job, combination: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
        """What the file tells one job, with its references replaced. Raises `PipelineUnclear`."""
        if self.kind == "gitlab":
            names = {**job.variables, **combination}
            return {
                **combination,
                **{key: gitlab.expanded(value, {**names, **environ}) for key, value in job.variables.items()},
            }
        context = {f"matrix.{key}": value for key, value in combination.items()}
        context |= {"github.base_ref": BRANCH, "secrets.GITHUB_TOKEN": self.token}
        return {key: github.expanded(value, context) for key, value in job.variables.items()}

    def _gitlab(self, sha: str, base: str) -> dict[str, str]:
        return {
            "GITLAB_CI": "true",
            "CI_SERVER_URL": self.address,
            "CI_API_V4_URL": f"{self.address}/api/v4",
            "CI_PROJECT_PATH": self.project,
            "CI_PROJECT_ID": "7",
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_PIPELINE_ID": str(_RUN),
            "CI_JOB_ID": "1",
            "CI_JOB_URL": f"{self.address}/{self.project}/-/jobs/1",
            "CI_COMMIT_SHA": sha,
            "CI_MERGE_REQUEST_IID": str(NUMBER),
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "change",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "SOCLE_AWS_ACCOUNT": "123456789012",
            "SOCLE_GITLAB_TOKEN": self.token,
        }


@contextmanager
def standing_in(kind: Kind) -> Generator[StandIn]:
    """The tests' server of a forge, in a process of its own."""
    command = [sys.executable, "-m", "tests.forge.serve", kind]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the server was started without pipes")
        told = json.loads(server.stdout.readline())
        try:
            yield StandIn(kind, told["address"], told["project"], told["token"])
        finally:
            server.stdin.close()
