import json
from pathlib import Path

import pytest

from tools.forge.ci_job import ci_job
from tools.forge.on_github import OnGithub
from tools.forge.on_gitlab import OnGitlab

GITLAB = {
    "GITLAB_CI": "true",
    "CI_SERVER_URL": "https://gitlab.com",
    "CI_API_V4_URL": "https://gitlab.com/api/v4",
    "CI_PROJECT_ID": "7",
    "CI_PROJECT_PATH": "devu42/infrastructure",
    "CI_MERGE_REQUEST_IID": "42",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "search-page",
    "CI_COMMIT_SHA": "abc",
    "CI_PIPELINE_ID": "981",
    "CI_JOB_URL": "https://gitlab.com/devu42/infrastructure/-/jobs/5",
    "SOCLE_GITLAB_TOKEN": "good",
}


def github(folder: Path, source: str | None = "devu42/infrastructure", **more: str) -> dict[str, str]:
    head = {"sha": "abc", "ref": "search-page", "repo": {"full_name": source} if source else None}
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 42, "head": head}}), encoding="utf-8")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "devu42/infrastructure",
        "GITHUB_RUN_ID": "981",
        "GITHUB_SHA": "merge-commit",
        "GITHUB_TOKEN": "good",
        **more,
    }


def test_outside_of_a_pipeline_there_is_no_job() -> None:
    assert ci_job({"HOME": "/home/ada"}) is None


def test_a_merge_request_on_gitlab_is_known_by_its_variables() -> None:
    job = ci_job(GITLAB)
    assert job is not None
    assert (job.kind, job.project, job.request, job.pipeline) == ("gitlab", "devu42/infrastructure", 42, 981)
    assert (job.sha, job.branch, job.fork, job.why_silent()) == ("abc", "search-page", False, None)
    assert job.artifacts_url == "https://gitlab.com/devu42/infrastructure/-/jobs/5/artifacts/browse"
    assert isinstance(job.forge(), OnGitlab)


def test_a_pull_request_on_github_is_known_by_its_event_and_not_by_the_merge_commit(tmp_path: Path) -> None:
    job = ci_job(github(tmp_path))
    assert job is not None
    assert (job.kind, job.project, job.request, job.pipeline) == ("github", "devu42/infrastructure", 42, 981)
    assert (job.sha, job.branch, job.fork, job.why_silent()) == ("abc", "search-page", False, None)
    assert job.url == "https://github.com/devu42/infrastructure/actions/runs/981"
    assert isinstance(job.forge(), OnGithub)


def test_a_push_belongs_to_no_merge_request(tmp_path: Path) -> None:
    for variables in (
        {**github(tmp_path), "GITHUB_EVENT_NAME": "push"},
        {key: value for key, value in GITLAB.items() if "MERGE_REQUEST" not in key},
    ):
        job = ci_job(variables)
        assert job is not None
        assert job.why_silent() == "this pipeline belongs to no merge request"


@pytest.mark.parametrize("source", ["marie/infrastructure", None])
def test_a_pull_request_of_a_fork_gets_no_note(tmp_path: Path, source: str | None) -> None:
    job = ci_job(github(tmp_path, source))
    assert job is not None
    assert "comes from a fork" in str(job.why_silent())


def test_a_merge_request_of_a_fork_gets_no_note() -> None:
    job = ci_job({**GITLAB, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8"})
    assert job is not None
    assert "comes from a fork" in str(job.why_silent())


@pytest.mark.parametrize(("variable", "kind"), [("SOCLE_GITLAB_TOKEN", "gitlab"), ("GITHUB_TOKEN", "github")])
def test_without_a_token_its_variable_is_named(tmp_path: Path, variable: str, kind: str) -> None:
    variables = GITLAB if kind == "gitlab" else github(tmp_path)
    job = ci_job({key: value for key, value in variables.items() if key != variable})
    assert job is not None
    assert f"there is no token in {variable}" in str(job.why_silent())
