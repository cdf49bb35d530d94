"""Whether the job of a pipeline still runs, asked of a GitLab and a GitHub on the loopback address."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools.state.ci_jobs import Job, job_here, state_of


@dataclass
class Forge:
    """What a forge answers, by path, and with which tokens it was asked."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict[str, Any])
    tokens: list[str] = field(default_factory=list[str])


@pytest.fixture
def forge() -> Iterator[Forge]:
    known = Forge()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.tokens.append(self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization") or "")
            answer = known.answers.get(self.path.partition("?")[0])
            body = json.dumps(answer or {"message": "404 Not found"}).encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the server's)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()


def on_gitlab(forge: Forge) -> tuple[Job, dict[str, str]]:
    job = Job("gitlab", forge.url, "7", 4711, f"{forge.url}/jobs/4711")
    return job, {"CI_SERVER_URL": forge.url, "SOCLE_GITLAB_TOKEN": "glpat-1"}


def on_github(forge: Forge) -> tuple[Job, dict[str, str]]:
    job = Job("github", forge.url, "team/socle", 42, f"{forge.url}/runs/42", attempt=2, runner="runner-a")
    return job, {"GITHUB_SERVER_URL": forge.url, "GITHUB_API_URL": forge.url, "GITHUB_TOKEN": "ghs-1"}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("running", "running"),
        ("canceling", "running"),
        ("waiting_for_resource", "running"),
        ("success", "ended"),
        ("failed", "ended"),
        ("canceled", "ended"),
    ],
)
def test_gitlab_says_whether_a_job_still_runs(forge: Forge, status: str, state: str) -> None:
    job, environ = on_gitlab(forge)
    forge.answers["/api/v4/projects/7/jobs/4711"] = {"id": 4711, "status": status}
    assert state_of(job, environ) == state
    assert forge.tokens == ["glpat-1"]


def run(status: str = "in_progress", attempt: int = 2) -> dict[str, Any]:
    return {
        "id": 42,
        "status": status,
        "run_attempt": attempt,
        "jobs_url": "",
        "url": "/repos/team/socle/actions/runs/42",
    }


@pytest.mark.parametrize(
    ("answer", "jobs", "state"),
    [
        (run("completed"), {}, "ended"),
        (run(attempt=3), {}, "ended"),
        (run(), {"runner-a": "completed", "runner-b": "in_progress"}, "ended"),
        (run(), {"runner-a": "in_progress", "runner-b": "completed"}, "running"),
        (run(), {"runner-b": "completed"}, "running"),
    ],
)
def test_github_says_whether_the_job_of_a_runner_still_runs(
    forge: Forge, answer: dict[str, Any], jobs: dict[str, str], state: str
) -> None:
    job, environ = on_github(forge)
    forge.answers["/repos/team/socle/actions/runs/42"] = {**answer, "jobs_url": f"{forge.url}/jobs"}
    listed = [{"id": 1, "runner_name": name, "status": status} for name, status in jobs.items()]
    forge.answers["/jobs"] = {"total_count": len(listed), "jobs": listed}
    assert state_of(job, environ) == state
    assert set(forge.tokens) == {"token ghs-1"}


@pytest.mark.parametrize("make", [on_gitlab, on_github])
def test_a_job_that_the_forge_does_not_show_is_unknown(forge: Forge, make: Any) -> None:
    assert state_of(*make(forge)) == "unknown"
    assert forge.tokens


@pytest.mark.parametrize("make", [on_gitlab, on_github])
def test_without_a_token_nobody_is_asked(forge: Forge, make: Any) -> None:
    job, environ = make(forge)
    told = {name: value for name, value in environ.items() if "TOKEN" not in name}
    assert state_of(job, told) == "unknown"
    assert forge.tokens == []


@pytest.mark.parametrize("make", [on_gitlab, on_github])
def test_a_token_never_goes_to_an_address_that_somebody_wrote_into_the_bucket(forge: Forge, make: Any) -> None:
    job, environ = make(forge)
    assert state_of(replace(job, server="https://gitlab.example.org"), environ) == "unknown"
    assert state_of(job, {name: value for name, value in environ.items() if "TOKEN" in name}) == "unknown"
    assert forge.tokens == []


def test_a_forge_that_does_not_answer_is_unknown() -> None:
    silent = Forge("http://127.0.0.1:9")
    assert state_of(*on_gitlab(silent)) == "unknown"
    assert state_of(*on_github(silent)) == "unknown"


def test_a_job_knows_itself_by_the_variables_of_its_forge() -> None:
    gitlab = {
        "GITLAB_CI": "true",
        "CI_JOB_ID": "4711",
        "CI_PROJECT_ID": "7",
        "CI_SERVER_URL": "https://git.example.org/",
        "CI_JOB_URL": "https://git.example.org/team/socle/-/jobs/4711",
        "GITLAB_USER_LOGIN": "ada",
    }
    assert job_here(gitlab) == Job("gitlab", "https://git.example.org", "7", 4711, gitlab["CI_JOB_URL"], "ada")
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_ID": "42",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_REPOSITORY": "team/socle",
        "GITHUB_ACTOR": "grace",
        "RUNNER_NAME": "runner-a",
    }
    url = "https://github.com/team/socle/actions/runs/42/attempts/2"
    assert job_here(github) == Job("github", "https://github.com", "team/socle", 42, url, "grace", 2, "runner-a")
    assert job_here({}) is None
