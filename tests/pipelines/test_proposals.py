"""Merge requests and issues that pipelines open, on the stand-in forges."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import typer

from components.versions import Pin
from tests.forge.github_server import REPOSITORY, github_app, github_state
from tests.forge.gitlab_server import PROJECT, gitlab_app, gitlab_state
from tests.forge.server import State, serving
from tests.pipelines.repositories import committed, new_repository
from tools import pins_report, propose_promotion
from tools.promote import MESSAGE
from tools.propose_promotion import branch_of
from tools.releasing.commits import git

TOLD = "chore(versions): promote staging to prod\n\nWhat staging runs since 2026-11-20.\n"
BRANCH = "promote/staging-to-prod"


@dataclass
class Forge:
    """A stand-in forge and its job on the main branch."""

    state: State
    environ: dict[str, str]


@pytest.fixture(params=["gitlab", "github"])
def forge(request: pytest.FixtureRequest) -> Iterator[Forge]:
    state = gitlab_state() if request.param == "gitlab" else github_state()
    with serving(gitlab_app(state) if request.param == "gitlab" else github_app(state)) as address:
        gitlab = {
            "GITLAB_CI": "true",
            "CI_SERVER_URL": address,
            "CI_PROJECT_PATH": PROJECT,
            "CI_COMMIT_REF_NAME": "main",
            "SOCLE_GITLAB_TOKEN": "good",
        }
        github = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": address,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REF_NAME": "main",
            "GITHUB_TOKEN": "good",
        }
        yield Forge(state, gitlab if request.param == "gitlab" else github)


class Project:
    """A checkout, and the repository that it is pushed to."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.bare, self.checkout, self.environ = folder / "bare.git", new_repository(folder / "checkout"), environ
        git(folder, "init", "--quiet", "--bare", str(self.bare))
        (self.checkout / "versions").mkdir()
        committed(self.checkout, "feat: begin", **{".gitignore": f"{MESSAGE}\n", "versions/prod.yaml": "a: 1\n"})
        self.runs = "a: 2\n"

    def promote(self, source: str, target: str, folder: Path) -> None:
        """What `make promote` does to files, without a cloud."""
        file = folder / "versions" / f"{target}.yaml"
        if file.read_text(encoding="utf-8") != self.runs:
            file.write_text(self.runs, encoding="utf-8")
            (folder / MESSAGE).write_text(TOLD, encoding="utf-8")

    def propose(self) -> None:
        means = propose_promotion.Means(self.environ, self.checkout, self.promote, lambda job: str(self.bare))
        propose_promotion.run("staging", "prod", means)

    def pushed(self) -> str:
        return git(self.bare, "show", f"{BRANCH}:versions/prod.yaml")


@pytest.fixture
def project(tmp_path: Path, forge: Forge) -> Project:
    return Project(tmp_path, forge.environ)


def test_a_promotion_is_pushed_and_its_merge_request_opened(
    project: Project, forge: Forge, capsys: pytest.CaptureFixture[str]
) -> None:
    project.propose()
    assert project.pushed() == "a: 2\n"
    assert git(project.bare, "log", "-1", "--format=%B", BRANCH).strip() == TOLD.strip()
    (request,) = forge.state.requests
    assert request["title"] == "chore(versions): promote staging to prod"
    assert {request.get("source_branch"), request.get("head")} >= {BRANCH}
    assert {request.get("target_branch"), request.get("base")} >= {"main"}
    assert "prod: proposed: https://git" in capsys.readouterr().out


def test_a_later_promotion_renews_branch_and_merge_request(project: Project, forge: Forge) -> None:
    project.propose()
    git(project.checkout, "checkout", "--quiet", "main")
    project.runs = "a: 3\n"
    project.propose()
    assert project.pushed() == "a: 3\n"
    assert len(forge.state.requests) == 1


def test_where_there_is_nothing_to_promote_nothing_is_pushed(
    project: Project, forge: Forge, capsys: pytest.CaptureFixture[str]
) -> None:
    project.runs = "a: 1\n"
    project.propose()
    assert forge.state.requests == []
    assert git(project.bare, "branch", "--list").strip() == ""
    assert "prod: nothing to propose, it is kept on all that staging runs" in capsys.readouterr().out


def test_changes_of_the_working_tree_are_not_carried_along(
    project: Project, forge: Forge, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.checkout / "half").touch()
    with pytest.raises(typer.Exit):
        project.propose()
    assert "the working tree has changes of its own" in capsys.readouterr().err
    assert forge.state.requests == []


def test_a_push_that_fails_never_prints_the_token(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.bare = project.bare.parent / "good-for-nothing"
    with pytest.raises(typer.Exit) as ended:
        project.propose()
    said = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert f"the branch {BRANCH} could not be pushed" in said
    assert "good" not in said


@pytest.mark.parametrize("missing", ["token", "job"])
def test_elsewhere_it_names_the_verb_of_people(
    project: Project, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = {"SOCLE_GITLAB_TOKEN", "GITHUB_TOKEN"} if missing == "token" else set(project.environ)
    project.environ = {name: value for name, value in project.environ.items() if name not in ours}
    with pytest.raises(typer.Exit) as ended:
        project.propose()
    assert ended.value.exit_code == 2
    assert "elsewhere `make promote` writes the file" in capsys.readouterr().err


def test_two_stacks_have_one_branch() -> None:
    assert branch_of("staging", "prod") == BRANCH


def report(forge: Forge, today: date) -> None:
    pins = {"kubernetes": Pin("1.36", date(2027, 1, 31), "https://example.com/eks")}
    pins_report.run(pins_report.Means(forge.environ, lambda: today, pins))


def test_an_issue_on_pins_is_opened_renewed_and_closed(forge: Forge) -> None:
    def issues() -> list[tuple[str, str]]:
        return [(each["state"][:4], each["title"]) for each in forge.state.issues]

    report(forge, date(2026, 11, 1))
    assert issues() == []
    report(forge, date(2026, 12, 7))
    assert issues() == [("open", "Support of pinned versions: 1 soon")]
    before = len(forge.state.writes())
    report(forge, date(2026, 12, 14))
    assert len(forge.state.writes()) == before
    report(forge, date(2027, 2, 1))
    assert issues() == [("open", "Support of pinned versions: 1 ended")]
    assert "| kubernetes | 1.36 | 2027-01-31 | https://example.com/eks |" in forge.state.issues[0]["description"]
    report(forge, date(2026, 11, 1))
    assert issues() == [("clos", "Support of pinned versions: 1 ended")]


def test_without_a_token_the_pins_are_printed(forge: Forge, capsys: pytest.CaptureFixture[str]) -> None:
    forge.environ = {name: value for name, value in forge.environ.items() if "TOKEN" not in name}
    report(forge, date(2027, 2, 1))
    said = capsys.readouterr().out
    assert "kubernetes: support of 1.36 ends on 2027-01-31" in said
    assert "no issue, because this job has no token" in said
