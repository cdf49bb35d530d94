"""The posting job: from the reports of the preview jobs to one note on the merge request."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from tests.forge.github_server import REPOSITORY, github_app, github_state
from tests.forge.gitlab_server import PROJECT, gitlab_app, gitlab_state
from tests.forge.server import State, serving
from tools.changes.model import Change, PropertyDiff
from tools.changes.report import Report, failed_report, write_report
from tools.changes.summaries import CostSummary
from tools.preview_comment import COMMENT, Means, run

MR = 42
CHANGE = Change(
    op="update",
    urn="urn:pulumi:staging::socle::aws:s3/bucket:Bucket::site",
    type="aws:s3/bucket:Bucket",
    name="site",
    diffs=(PropertyDiff(path="tags.owner", kind="update", before="ada", after="grace"),),
)
CHANGED = Report(stack="staging", valid_at="2026-11-21T10:00:00Z", digest="sha256:" + "a" * 64, changes=(CHANGE,))
SAME = replace(CHANGED, digest="sha256:" + "b" * 64, changes=())
FAILED = failed_report("staging", "the program ended with an error", "2026-11-21T11:00:00Z")


class Job:
    """The posting job of a merge request, on one of the forges."""

    def __init__(self, kind: str, address: str, state: State, folder: Path) -> None:
        self.kind, self.state, self.folder = kind, state, folder
        self._address = address
        self.rehearsed: list[str] = []

    def post(self, *reports: Report, pipeline: int = 1, token: str = "good", **more: str) -> int:  # noqa: S107 (of a stand-in)
        for report in reports:
            write_report(report, self.folder / "previews" / report.stack / "report.json")
        return self.run(["staging"], {**self.variables(pipeline, token), **more})

    def run(self, expected: list[str], environ: dict[str, str], *, dry_run: bool = False) -> int:
        means = Means(environ, self._rehearse)
        try:
            run(self.folder / "previews", expected, dry_run=dry_run, means=means)
        except typer.Exit as ended:
            return int(ended.exit_code)
        return 0

    def variables(self, pipeline: int, token: str) -> dict[str, str]:
        if self.kind == "gitlab":
            return {
                "GITLAB_CI": "true",
                "CI_SERVER_URL": self._address,
                "CI_PROJECT_PATH": PROJECT,
                "CI_MERGE_REQUEST_IID": str(MR),
                "CI_COMMIT_SHA": "abcdef1234",
                "CI_PIPELINE_ID": str(pipeline),
                "CI_JOB_URL": "https://gitlab.example/job",
                "SOCLE_GITLAB_TOKEN": token,
            }
        event = self.folder / "event.json"
        head = {"sha": "abcdef1234", "ref": "branch", "repo": {"full_name": REPOSITORY}}
        event.write_text(json.dumps({"pull_request": {"number": MR, "head": head}}), encoding="utf-8")
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_API_URL": self._address,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(pipeline),
            "GITHUB_TOKEN": token,
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
        }

    def _rehearse(self, stack: str, out: Path) -> None:
        self.rehearsed.append(stack)
        write_report(replace(CHANGED, stack=stack), out / "report.json")


@pytest.fixture(params=["gitlab", "github"])
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Job]:
    """A job of a merge request without a note."""
    state = gitlab_state() if request.param == "gitlab" else github_state()
    with serving(gitlab_app(state) if request.param == "gitlab" else github_app(state)) as address:
        yield Job(request.param, address, state, tmp_path)


def test_the_job_posts_one_note_and_says_where(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.post(CHANGED) == 0
    (body,) = job.state.bodies(MR)
    assert "Infrastructure preview" in body
    assert "grace" in body
    assert "comment written: http" in capsys.readouterr().out


def test_the_next_pipeline_rewrites_it_and_the_one_before_does_not(
    job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.post(CHANGED, pipeline=1)
    job.post(SAME, pipeline=3)
    newest = job.state.bodies(MR)
    assert "no changes in" in newest[0]
    assert job.post(CHANGED, pipeline=2) == 0
    assert job.state.bodies(MR) == newest
    assert "comment left to a newer run" in capsys.readouterr().out


def test_a_failure_is_posted_with_what_was_known_before_marked_stale(job: Job) -> None:
    job.post(CHANGED, pipeline=1)
    assert job.post(FAILED, pipeline=2) == 0
    (body,) = job.state.bodies(MR)
    assert "1 failed" in body
    assert "the program ended with an error" in body
    assert "No longer valid" in body
    assert "grace" in body


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [(100.0, 120.0, 0), (100.0, 160.0, 3), (170.0, 160.0, 0)],
)
def test_a_change_above_the_budget_that_adds_to_it_fails_the_job_after_telling(
    job: Job, before: float, after: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = CostSummary(before=before, after=after, budget=150.0)
    assert job.post(replace(CHANGED, cost=cost)) == code
    assert len(job.state.bodies(MR)) == 1
    assert ("this change adds 60.00 EUR" in capsys.readouterr().err) == (code == 3)


def test_a_stack_whose_job_left_no_report_is_told_as_failed(job: Job) -> None:
    write_report(CHANGED, job.folder / "previews" / "staging" / "report.json")
    assert job.run(["prod", "staging"], job.variables(1, "good")) == 0
    (body,) = job.state.bodies(MR)
    assert "its job ended without a report" in body


def test_without_a_token_the_comment_is_kept_and_the_reason_is_said(
    job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.post(CHANGED, token="") == 0
    assert "no comment: there is no token in " in capsys.readouterr().out
    assert "grace" in (job.folder / "previews" / COMMENT).read_text(encoding="utf-8")
    assert job.state.asked == []


def test_a_token_without_the_right_fails_the_job_with_a_sentence(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.post(CHANGED, token="weak") == 1
    said = capsys.readouterr().err
    assert "no comment: Git" in said
    assert "403" in said


def test_the_summary_of_a_job_on_github_has_the_comment_without_its_marker(job: Job) -> None:
    job.post(CHANGED)
    summary = job.folder / "summary.md"
    assert summary.exists() == (job.kind == "github")
    if summary.exists():
        assert "grace" in summary.read_text(encoding="utf-8")
        assert "socle:preview" not in summary.read_text(encoding="utf-8")


def test_a_dry_run_outside_of_a_pipeline_rehearses_and_prints(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.run(["staging", "prod"], {}, dry_run=True) == 0
    assert job.rehearsed == ["staging", "prod"]
    assert "Infrastructure preview · 2 stacks" in capsys.readouterr().out
    assert job.state.asked == []


def test_a_report_that_is_cut_off_is_refused_by_its_name(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    file = job.folder / "previews" / "staging" / "report.json"
    write_report(CHANGED, file)
    file.write_bytes(file.read_bytes()[:40])
    assert job.run(["staging"], job.variables(1, "good")) == 2
    assert "report.json" in capsys.readouterr().err


def test_without_any_report_and_any_stack_the_command_that_writes_one_is_told(
    job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.run([], job.variables(1, "good")) == 2
    assert "`make preview-report STACK=...` writes it" in capsys.readouterr().err
