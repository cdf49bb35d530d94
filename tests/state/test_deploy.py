"""Production is deployed as it was reviewed, or not at all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from tests.state.cloud import Place
from tools.changes.model import Change
from tools.changes.report import Report, failed_report, write_report
from tools.deploy import Means, run
from tools.state.lease import read_lease
from tools.state.reviewed import remembered
from tools.turn import Turn

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def report(plan: str = "a", state: str = "v1", at: datetime = NOW) -> Report:
    change = Change(
        op="update",
        urn="urn:pulumi:prod::socle::aws:s3/bucket:Bucket::site",
        type="aws:s3/bucket:Bucket",
        name=f"site-{plan}",
    )
    return Report(stack="prod", valid_at=at.isoformat(), digest=f"sha256:{plan * 64}", state=state, changes=(change,))


@dataclass
class Stage:
    """A deployment in a bucket of states, with the preview that it will get."""

    states: Place
    folder: Path
    now: Report = field(default_factory=report)
    code: int = 0
    deployed: list[str] = field(default_factory=list[str])

    def deploy(self, reviewed: Report | None = None) -> int:
        file = None
        if reviewed:
            file = self.folder / "report.json"
            write_report(reviewed, file)

        def do(stack: str, turn: Turn) -> int:
            assert turn.stack == stack
            self.deployed.append(stack)
            return self.code

        means = Means(
            objects=lambda: self.states.objects, preview=lambda stack, folder: self.now, deploy=do, now=lambda: NOW
        )
        try:
            return run("prod", file, self.folder / "now", means)
        except typer.Exit as ended:
            return int(ended.exit_code)


@pytest.fixture
def stage(states: Place, tmp_path: Path) -> Stage:
    return Stage(states, tmp_path)


def test_what_was_reviewed_is_deployed(stage: Stage) -> None:
    assert stage.deploy(report()) == 0
    assert stage.deployed == ["prod"]


@pytest.mark.parametrize(
    ("reviewed", "reason"),
    [
        (report(plan="b"), "is not what was reviewed"),
        (report(state="v0"), "begins with another state than what was reviewed: somebody has deployed meanwhile"),
        (report(at=NOW - timedelta(hours=25)), "was reviewed more than a day ago"),
        (None, "has not been reviewed"),
    ],
)
def test_anything_else_is_shown_and_deployed_only_by_a_second_run(
    stage: Stage, reviewed: Report | None, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage.deploy(reviewed) == 1
    told = capsys.readouterr()
    assert f"nothing was deployed, because what would happen now {reason}." in told.err
    assert "running this step once more (`make deploy STACK=prod`) deploys exactly that" in told.err
    assert "site-a" in told.out
    assert stage.deployed == []
    assert stage.deploy(reviewed) == 0
    assert stage.deployed == ["prod"]
    assert remembered(stage.states.objects, "prod") is None


def test_a_second_run_does_not_deploy_what_has_changed_once_more(stage: Stage) -> None:
    assert stage.deploy(report(plan="b")) == 1
    stage.now = report(plan="c")
    assert stage.deploy(report(plan="b")) == 1
    assert stage.deployed == []
    assert stage.deploy(report(plan="b")) == 0


def test_a_preview_that_fails_deploys_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.now = failed_report("prod", "no credentials", NOW.isoformat())
    assert stage.deploy(report()) == 1
    assert "nothing was deployed, because its preview failed" in capsys.readouterr().err
    assert stage.deployed == []


def test_a_deployment_that_fails_stays_reviewed(stage: Stage) -> None:
    stage.code = 1
    stage.deploy()
    assert stage.deploy() == 1
    assert stage.deployed == ["prod"]
    assert remembered(stage.states.objects, "prod") is not None


def test_a_report_that_cannot_be_read_is_refused(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    (stage.folder / "broken.json").write_text("{", encoding="utf-8")
    means = Means(objects=lambda: stage.states.objects, preview=lambda stack, folder: stage.now)
    with pytest.raises(typer.Exit) as ended:
        run("prod", stage.folder / "broken.json", stage.folder, means)
    assert ended.value.exit_code == 2
    assert "broken.json" in capsys.readouterr().err


def test_nobody_else_has_a_turn_between_the_comparison_and_the_update(stage: Stage) -> None:
    held: list[bool] = []

    def look(stack: str, turn: Turn) -> int:
        lease = read_lease(stage.states.objects, stack)
        held.append(lease is not None and lease.held)
        return 0

    def preview(stack: str, folder: Path) -> Report:
        look(stack, Turn)  # pyright: ignore[reportArgumentType] (only the lease is looked at)
        return stage.now

    write_report(stage.now, stage.folder / "report.json")
    means = Means(objects=lambda: stage.states.objects, preview=preview, deploy=look, now=lambda: NOW)
    assert run("prod", stage.folder / "report.json", stage.folder / "now", means) == 0
    after = read_lease(stage.states.objects, "prod")
    assert held == [True, True]
    assert after is None or not after.held
