"""The nightly comparison with the cloud, and the issue that it keeps."""

from dataclasses import replace
from pathlib import Path

import pytest
import typer

from tests.forge.github_server import REPOSITORY, github_app, github_state
from tests.forge.gitlab_server import PROJECT, gitlab_app, gitlab_state
from tests.forge.server import State, serving
from tools.changes.model import Change
from tools.changes.report import Report, failed_report
from tools.changes.summaries import DriftSummary
from tools.drift import Means, asleep, run

CHANGE = Change(
    op="update", urn="urn:pulumi:prod::socle::aws:s3/bucket:Bucket::site", type="aws:s3/bucket:Bucket", name="site"
)
CLEAN = Report(
    stack="prod", valid_at="2026-11-21T03:00:00Z", digest="sha256:" + "a" * 64, drift=DriftSummary(changes=())
)
DRIFTED = replace(CLEAN, valid_at="2026-11-22T03:00:00Z", drift=DriftSummary(changes=(CHANGE,)))
UNDEPLOYED = replace(CLEAN, valid_at="2026-11-23T03:00:00Z", changes=(CHANGE,))
FAILED = failed_report("prod", "no credentials", "2026-11-24T03:00:00Z")


class Nights:
    """A forge, and the job that compares each night."""

    def __init__(self, kind: str, address: str, state: State) -> None:
        self.state = state
        self.number = 0
        self.asleep = False
        self._kind, self._address = kind, address

    def compare(self, report: Report, token: str = "good") -> bool:  # noqa: S107 (of a stand-in)
        self.number += 1
        return run(report.stack, Path("unused"), Means(self._job(token), lambda stack, out: report, self._is_asleep))

    def issues(self) -> list[tuple[str, str]]:
        return [(each["state"][:4], each["title"]) for each in self.state.issues]

    def _is_asleep(self, stack: str) -> bool:
        assert stack in ("prod", "staging")
        return self.asleep

    def _job(self, token: str) -> dict[str, str]:
        if self._kind == "gitlab":
            return {
                "GITLAB_CI": "true",
                "CI_SERVER_URL": self._address,
                "CI_PROJECT_PATH": PROJECT,
                "CI_PIPELINE_ID": str(self.number),
                "CI_JOB_URL": "https://gitlab.example/job",
                "SOCLE_GITLAB_TOKEN": token,
            }
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self._address,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(self.number),
            "GITHUB_TOKEN": token,
        }


@pytest.fixture(params=["gitlab", "github"])
def nights(request: pytest.FixtureRequest):
    state = gitlab_state() if request.param == "gitlab" else github_state()
    with serving(gitlab_app(state) if request.param == "gitlab" else github_app(state)) as address:
        yield Nights(request.param, address, state)


def test_drift_opens_an_issue_which_is_renewed_and_closed(nights: Nights) -> None:
    assert nights.compare(CLEAN)
    assert nights.issues() == []
    assert not nights.compare(DRIFTED)
    assert nights.issues() == [("open", "Drift of prod: 1 changed in the cloud")]
    assert not nights.compare(UNDEPLOYED)
    assert nights.issues() == [("open", "Drift of prod: 1 not deployed")]
    assert nights.compare(replace(CLEAN, valid_at="2026-11-25T03:00:00Z"))
    assert nights.issues() == [("clos", "Drift of prod: 1 not deployed")]


def test_the_same_drift_on_another_night_writes_nothing(nights: Nights) -> None:
    nights.compare(DRIFTED)
    before = len(nights.state.writes())
    nights.compare(replace(DRIFTED, valid_at="2026-11-23T03:00:00Z"))
    assert len(nights.state.writes()) == before


def test_every_stack_has_an_issue_of_its_own(nights: Nights) -> None:
    nights.compare(DRIFTED)
    nights.compare(replace(DRIFTED, stack="staging"))
    nights.compare(replace(CLEAN, valid_at="2026-11-25T03:00:00Z"))
    assert nights.issues() == [
        ("clos", "Drift of prod: 1 changed in the cloud"),
        ("open", "Drift of staging: 1 changed in the cloud"),
    ]


def test_a_comparison_that_fails_is_told_too(nights: Nights) -> None:
    assert not nights.compare(FAILED)
    assert nights.issues() == [("open", "Drift of prod: nobody can tell, its preview fails")]


def test_a_token_without_the_right_ends_the_job_with_a_sentence(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        nights.compare(DRIFTED, token="weak")
    assert ended.value.exit_code == 1
    assert "prod: no issue: Git" in capsys.readouterr().err


def test_without_a_token_the_drift_is_printed_all_the_same(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    assert not nights.compare(DRIFTED, token="")
    said = capsys.readouterr().out
    assert "prod: no issue, because this job has no token for the forge" in said
    assert "prod: Drift of prod: 1 changed in the cloud" in said


def test_a_stack_that_sleeps_by_its_schedule_is_not_compared_and_its_issue_stays(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    nights.compare(DRIFTED)
    nights.asleep = True
    assert nights.compare(FAILED)
    assert nights.issues() == [("open", "Drift of prod: 1 changed in the cloud")]
    assert "prod: asleep by socle:sleep, and compared only while its machines run" in capsys.readouterr().out


def test_without_a_schedule_no_stack_sleeps() -> None:
    assert not asleep("prod")
