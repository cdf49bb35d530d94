"""The job of a pipeline that this runs in, as GitLab CI and GitHub Actions tell it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tools.forge import on_github, on_gitlab
from tools.forge.forge import Forge

Kind = Literal["gitlab", "github"]
_PULL: Final = ("pull_request", "pull_request_target")


@dataclass(frozen=True)
class CiJob:
    """A job of a pipeline."""

    kind: Kind
    server: str
    """Address of the forge for people."""
    api: str
    """Address of its API."""
    project: str
    """Path of the project, as `group/project`."""
    request: int | None
    """Number of the merge request; None outside of one."""
    fork: bool
    """Whether the merge request comes from another project, whose pipelines get no rights here."""
    sha: str
    """Commit that was pushed."""
    pipeline: int
    """Number of the pipeline, later ones have higher ones."""
    url: str
    """Address of the job, with its log, for people."""
    branch: str = ""
    """Branch of the merge request, or that was pushed."""
    token: str = ""
    """Token for the API; empty when the job was given none."""
    summary_file: str = ""
    """File whose Markdown GitHub shows on the page of the run; empty elsewhere."""

    @property
    def artifacts_url(self) -> str:
        """Address of what the job keeps."""
        return f"{self.url}/artifacts/browse" if self.kind == "gitlab" else f"{self.url}#artifacts"

    def why_silent(self) -> str | None:
        """Why no note can be written from this job, in one sentence; None when it can."""
        if self.request is None:
            return "this pipeline belongs to no merge request"
        if self.fork:
            return "the merge request comes from a fork, whose pipelines are given no token"
        if not self.token:
            name = on_gitlab.TOKEN if self.kind == "gitlab" else on_github.TOKEN
            return f"there is no token in {name}, and a job's own may not write notes on GitLab"
        return None

    def forge(self) -> Forge:
        """The project, with the job's token."""
        if self.kind == "gitlab":
            return on_gitlab.OnGitlab(self.server, self.project, self.token)
        return on_github.OnGithub(self.api, self.server, self.project, self.token)


def ci_job(environ: Mapping[str, str]) -> CiJob | None:
    """The job of these variables; None outside of GitLab CI and GitHub Actions.

    Sources: https://docs.gitlab.com/ci/variables/predefined_variables/ and
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    if environ.get("GITLAB_CI"):
        return _on_gitlab(environ)
    if environ.get("GITHUB_ACTIONS"):
        return _on_github(environ)
    return None


def _on_gitlab(environ: Mapping[str, str]) -> CiJob:
    request = environ.get("CI_MERGE_REQUEST_IID")
    source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
    return CiJob(
        kind="gitlab",
        server=environ.get("CI_SERVER_URL", "https://gitlab.com"),
        api=environ.get("CI_API_V4_URL", "https://gitlab.com/api/v4"),
        project=environ.get("CI_PROJECT_PATH", ""),
        request=int(request) if request else None,
        fork=bool(source) and source != environ.get("CI_PROJECT_ID"),
        sha=environ.get("CI_COMMIT_SHA", ""),
        pipeline=int(environ.get("CI_PIPELINE_ID") or 0),
        url=environ.get("CI_JOB_URL", ""),
        branch=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or environ.get("CI_COMMIT_REF_NAME", ""),
        token=environ.get(on_gitlab.TOKEN, ""),
    )


def _on_github(environ: Mapping[str, str]) -> CiJob:
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    repository = environ.get("GITHUB_REPOSITORY", "")
    pull = _pull_request(environ)
    head: dict[str, Any] = pull.get("head") or {}
    # Of a fork that was deleted meanwhile, nothing is left.
    source: dict[str, Any] = head.get("repo") or {}
    return CiJob(
        kind="github",
        server=server,
        api=environ.get("GITHUB_API_URL", "https://api.github.com"),
        project=repository,
        request=int(pull["number"]) if pull else None,
        fork=bool(pull) and source.get("full_name") != repository,
        sha=str(head.get("sha") or environ.get("GITHUB_SHA", "")),
        pipeline=int(environ.get("GITHUB_RUN_ID") or 0),
        url=f"{server}/{repository}/actions/runs/{environ.get('GITHUB_RUN_ID', '')}",
        branch=str(head.get("ref") or environ.get("GITHUB_REF_NAME", "")),
        token=environ.get(on_github.TOKEN, ""),
        summary_file=environ.get("GITHUB_STEP_SUMMARY", ""),
    )


def _pull_request(environ: Mapping[str, str]) -> dict[str, Any]:
    event = environ.get("GITHUB_EVENT_PATH", "")
    if environ.get("GITHUB_EVENT_NAME") not in _PULL or not event:
        return {}
    document: dict[str, Any] = json.loads(Path(event).read_text(encoding="utf-8"))
    found: dict[str, Any] = document.get("pull_request") or {}
    return found
