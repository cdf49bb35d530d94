"""Which stacks a merge request previews, and what it says of the others."""

from pathlib import Path

import pytest
import typer

from tests.pipelines.repositories import committed, new_repository
from tools import comment_touched, preview_touched
from tools.changes.report import Report, failed_report, write_report
from tools.preview_touched import REHEARSE, Means, Plan, plan
from tools.releasing.commits import git

TEAM = "config:\n  aws:region: eu-west-3\n  socle-bootstrap:owner: devu42\n  socle-bootstrap:production: [prod]\n"


class Place:
    """A checkout with two stacks, and the previews that were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = new_repository(folder), list[tuple[str, bool]]()
        for name in ("bootstrap", "components"):
            (folder / name).mkdir()
        stacks = {"Pulumi.prod.yaml": "a: 1\n", "Pulumi.staging.yaml": "a: 1\n", "bootstrap/Pulumi.team.yaml": TEAM}
        committed(folder, "feat: begin", **stacks)
        git(folder, "tag", "start")

    def change(self, name: str) -> None:
        committed(self.folder, "feat: change", **{name: "a: 2\n"})

    def means(self, **environ: str) -> Means:
        def preview(stack: str, out: Path, rehearse: bool) -> Report:
            self.asked.append((stack, rehearse))
            return (
                failed_report(stack, "no", "2026-11-21T10:00:00Z")
                if stack == "broken"
                else Report(stack=stack, valid_at="")
            )

        return Means(environ, self.folder, preview)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_stack_that_the_change_does_not_touch_ends_at_once(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.change("Pulumi.prod.yaml")
    assert preview_touched.run("staging", "start", place.means()) == 0
    assert place.asked == []
    assert "staging: the change does not touch it" in capsys.readouterr().out


def test_a_stack_that_the_change_touches_is_previewed(place: Place) -> None:
    place.change("Pulumi.staging.yaml")
    assert preview_touched.run("staging", "start", place.means()) == 0
    assert place.asked == [("staging", False)]


def test_production_is_previewed_after_the_merge(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.change("components/network.py")
    assert preview_touched.run("prod", "start", place.means()) == 0
    assert place.asked == []
    assert "prod: is production, whose secrets no branch may open" in capsys.readouterr().out
    assert plan("start", place.means()) == Plan(now=("staging",), later=("prod",))


def test_in_a_rehearsal_production_has_no_secrets_to_keep(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.change("components/network.py")
    assert preview_touched.run("prod", "start", place.means(**{REHEARSE: "1"})) == 0
    assert place.asked == [("prod", True)]
    assert "this says nothing about AWS" in capsys.readouterr().out


def test_an_unknown_beginning_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        preview_touched.run("prod", "nowhere", place.means())
    assert ended.value.exit_code == 2
    assert "SINCE: git does not know how this differs from nowhere" in capsys.readouterr().err


def comment(place: Place) -> str:
    comment_touched.run("start", place.means())
    return (place.folder / "previews" / "comment.md").read_text(encoding="utf-8")


def test_the_comment_says_which_stack_is_previewed_after_the_merge(place: Place) -> None:
    place.change("components/network.py")
    write_report(
        Report(stack="staging", valid_at="2026-11-21T10:00:00Z"), place.folder / "previews/staging/report.json"
    )
    assert "no changes in `staging`" in comment(place)
    assert "previewed after the merge: `prod`" in comment(place)


def test_a_preview_that_left_no_report_is_told_as_failed(place: Place) -> None:
    place.change("Pulumi.staging.yaml")
    assert "its job ended without a report" in comment(place)


def test_a_change_that_touches_no_stack_has_one_line(place: Place) -> None:
    place.change("README.md")
    assert "**Infrastructure preview**: no changes in any stack" in comment(place)
