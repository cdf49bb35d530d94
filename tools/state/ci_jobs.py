"""Jobs of pipelines: which one this is, and whether another one still runs, asked of its forge."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

JobState = Literal["running", "ended", "unknown"]
GITLAB_TOKENS: Final = ("SOCLE_GITLAB_TOKEN", "GITLAB_TOKEN")
"""Variables with a token that may read a project's jobs (scope `read_api`)."""
GITHUB_TOKENS: Final = ("GITHUB_TOKEN", "GH_TOKEN")
"""Variables with a token that may read a repository's actions."""
_GITLAB: Final = "https://gitlab.com"
_GITHUB: Final = "https://github.com"
# https://docs.gitlab.com/api/jobs/: those after which nothing of a job runs any more.
_ENDED: Final = ("success", "failed", "canceled", "skipped")
_COMPLETED: Final = "completed"
_SECONDS: Final = 15


@dataclass(frozen=True)
class Job:
    """A job of a pipeline."""

    forge: Literal["gitlab", "github"]
    server: str
    """Address of the forge."""
    project: str
    """Number of the project on GitLab, `owner/name` on GitHub."""
    id: int
    """Of the job on GitLab; of the run on GitHub, which tells a job no number of its own."""
    url: str
    """For people."""
    who: str = ""
    """Whoever started it."""
    attempt: int = 1
    """Of the run on GitHub, which keeps its number when it is repeated."""
    runner: str = ""
    """Machine that runs it on GitHub; with it one job of a run is told from the others."""


def job_here(environ: Mapping[str, str] | None = None) -> Job | None:
    """The job that this runs in; None outside of GitLab CI and GitHub Actions.

    Sources: https://docs.gitlab.com/ci/variables/predefined_variables/ and
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    given = os.environ if environ is None else environ
    if given.get("GITLAB_CI") and given.get("CI_JOB_ID"):
        return Job(
            forge="gitlab",
            server=_server(given, "CI_SERVER_URL", _GITLAB),
            project=given.get("CI_PROJECT_ID", ""),
            id=int(given["CI_JOB_ID"]),
            url=given.get("CI_JOB_URL", ""),
            who=given.get("GITLAB_USER_LOGIN", ""),
        )
    if given.get("GITHUB_ACTIONS") and given.get("GITHUB_RUN_ID"):
        server = _server(given, "GITHUB_SERVER_URL", _GITHUB)
        project, run = given.get("GITHUB_REPOSITORY", ""), given["GITHUB_RUN_ID"]
        attempt = given.get("GITHUB_RUN_ATTEMPT", "1")
        return Job(
            forge="github",
            server=server,
            project=project,
            id=int(run),
            url=f"{server}/{project}/actions/runs/{run}/attempts/{attempt}",
            who=given.get("GITHUB_ACTOR", ""),
            attempt=int(attempt),
            runner=given.get("RUNNER_NAME", ""),
        )
    return None


def state_of(job: Job, environ: Mapping[str, str] | None = None) -> JobState:
    """Whether a job still runs; unknown without a token, without an answer, and for a forge that is not ours.

    The address stands in the bucket, where others write too: a token only goes to the forge that CI_SERVER_URL or
    GITHUB_SERVER_URL names, else to gitlab.com and github.com.
    """
    given = os.environ if environ is None else environ
    tokens, variable, usual = (
        (GITLAB_TOKENS, "CI_SERVER_URL", _GITLAB)
        if job.forge == "gitlab"
        else (GITHUB_TOKENS, "GITHUB_SERVER_URL", _GITHUB)
    )
    token = next((given[name] for name in tokens if given.get(name)), "")
    if not token or job.server != _server(given, variable, usual):
        return "unknown"
    return _on_gitlab(job, token) if job.forge == "gitlab" else _on_github(job, token, given)


def _on_gitlab(job: Job, token: str) -> JobState:
    import gitlab  # noqa: PLC0415 (half a second that an update without a wait need not take)
    import requests  # noqa: PLC0415

    client = gitlab.Gitlab(job.server, private_token=token, timeout=_SECONDS, user_agent="socle")
    try:
        found = client.projects.get(job.project, lazy=True).jobs.get(job.id)
    except (gitlab.GitlabError, requests.RequestException):
        return "unknown"
    return "ended" if str(cast(Any, found).status) in _ENDED else "running"


def _on_github(job: Job, token: str, environ: Mapping[str, str]) -> JobState:
    import github  # noqa: PLC0415 (as above)
    import requests  # noqa: PLC0415

    usual = "https://api.github.com" if job.server == _GITHUB else f"{job.server}/api/v3"
    client = github.Github(
        base_url=environ.get("GITHUB_API_URL", usual),
        auth=github.Auth.Token(token),
        timeout=_SECONDS,
        retry=None,
        seconds_between_requests=None,
        lazy=True,
    )
    try:
        run = client.get_repo(job.project).get_workflow_run(job.id)
        if run.run_attempt > job.attempt or run.status == _COMPLETED:
            return "ended"
        # Others of the same run may still be at work, or wait for this one.
        ours = [each for each in run.jobs(_filter="latest") if job.runner and each.runner_name == job.runner]
    except (github.GithubException, requests.RequestException):
        return "unknown"
    return "ended" if ours and all(each.status == _COMPLETED for each in ours) else "running"


def _server(environ: Mapping[str, str], variable: str, usual: str) -> str:
    return (environ.get(variable) or usual).rstrip("/")
