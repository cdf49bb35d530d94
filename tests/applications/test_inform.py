"""An image on its way into a stack's file of versions: what is proposed, when, and each refusal."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import read_versions
from tests.applications.office import BRANCH, FILE, ON_ONE, PLACE, Office, git, image, source
from tools import inform
from tools.informing.repository import Repository

Said = pytest.CaptureFixture[str]


def proposed(office: Office) -> dict[str, Any]:
    """The only merge request."""
    (found,) = office.stage.state.requests
    return found


def words(found: dict[str, Any]) -> str:
    return str(found.get("description") or found.get("body"))


# What is proposed


def test_an_image_is_proposed_by_a_merge_request(office: Office, capsys: Said):
    main = office.at("main")
    office.inform(20)
    found = proposed(office)
    assert found["title"] == "chore(staging): users-api c0ffee20"
    assert f"| before | `{PLACE}:1.1.0` |\n| after | `{image(20)}` |" in words(found)
    assert f"[pipeline 20]({source(20)})" in words(found)
    assert {found.get("source_branch"), found.get("head")} == {BRANCH, None}
    assert {found.get("target_branch"), found.get("base")} == {"main", None}
    assert f"  users-api: {image(20)}  # build 20 of {source(20)}\n" in office.file(BRANCH)
    assert git(office.bare, "diff", "--name-only", main, BRANCH).split() == [FILE]
    assert git(office.bare, "rev-parse", f"{BRANCH}^").strip() == main == office.at("main")
    address = found.get("web_url") or f"https://github.example/devu42/infrastructure/pull/{found['number']}"
    assert capsys.readouterr().out == f"staging: users-api is proposed as {image(20)}: {address}\n"


@ON_ONE
def test_the_file_that_is_proposed_is_read_by_the_stack(office: Office):
    office.inform(20)
    git(office.folder, "fetch", "--quiet", str(office.bare), BRANCH)
    git(office.folder, "checkout", "--quiet", "FETCH_HEAD")
    assert read_versions("staging", office.folder).images == {"users-api": image(20)}


@ON_ONE
def test_the_checkout_of_the_job_stays_as_it_is(office: Office):
    (office.folder / "Pulumi.yaml").write_text("changed: by somebody\n" + (office.folder / "Pulumi.yaml").read_text())
    before = git(office.folder, "status", "--porcelain", "--branch"), git(office.folder, "branch", "--all")
    office.inform(20)
    assert (git(office.folder, "status", "--porcelain", "--branch"), git(office.folder, "branch", "--all")) == before


@ON_ONE
def test_what_people_wrote_into_the_file_stays(office: Office):
    office.write(
        "# about staging\ncharts:\n  # waits for a fix\n  traefik: 41.3.0\nimages:\n"
        f"  users-api: {PLACE}:1.0.0  # ask Marie\n"
    )
    office.inform(20)
    assert office.file(BRANCH) == (
        "# about staging\ncharts:\n  # waits for a fix\n  traefik: 41.3.0\nimages:\n"
        f"  users-api: {image(20)}  # ask Marie; build 20 of {source(20)}\n"
    )
    assert f"| before | `{PLACE}:1.0.0` |" in words(proposed(office))


def test_the_same_image_again_changes_nothing(office: Office, capsys: Said):
    office.inform(20)
    before = office.at(BRANCH), dict(proposed(office))
    office.inform(20)
    assert (office.at(BRANCH), proposed(office)) == before
    assert "users-api is proposed already as" in capsys.readouterr().out.splitlines()[-1]


@ON_ONE
def test_an_image_that_the_main_branch_has_is_not_proposed_again(office: Office, capsys: Said):
    office.inform(20)
    office.merge()
    asked = len(office.stage.state.asked)
    office.inform(20)
    assert len(office.stage.state.asked) == asked
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"staging: users-api is kept on {image(20).partition('@')[2]} already, there is nothing to do"
    )


# Which one stays


def test_a_newer_build_renews_the_merge_request(office: Office):
    office.inform(20)
    office.inform(21)
    assert proposed(office)["title"] == "chore(staging): users-api c0ffee21"
    assert image(21) in office.file(BRANCH)
    assert git(office.bare, "rev-list", "--count", f"main..{BRANCH}").strip() == "1"


def test_an_older_build_that_ends_late_leaves_the_newer_ones_merge_request(office: Office, capsys: Said):
    office.inform(21)
    before = office.at(BRANCH), dict(proposed(office))
    office.inform(20)
    assert (office.at(BRANCH), proposed(office)) == before
    assert capsys.readouterr().out.splitlines()[-1] == (
        "staging: users-api is left to build 21, which is newer than build 20; if the numbers began anew, take "
        "`build 21` out of versions/staging.yaml"
    )


@ON_ONE
@pytest.mark.parametrize("branch_is_there", [True, False])
def test_an_older_build_that_ends_late_leaves_what_was_merged(office: Office, branch_is_there: bool):
    office.inform(21)
    office.merge()
    if not branch_is_there:
        git(office.bare, "update-ref", "-d", f"refs/heads/{BRANCH}")
    office.inform(20)
    assert len(office.stage.state.requests) == 1
    assert image(21) in office.file("main")


def test_a_build_after_the_merge_is_proposed_upon_it(office: Office):
    office.inform(20)
    office.merge()
    office.inform(21)
    assert [each["title"][-2:] for each in office.stage.state.requests] == ["20", "21"]
    assert git(office.bare, "rev-parse", f"{BRANCH}^").strip() == office.at("main")
    assert f"| before | `{image(20)}` |" in words(office.stage.state.requests[1])


@ON_ONE
def test_the_newest_stays_when_two_push_at_once(office: Office, monkeypatch: pytest.MonkeyPatch):
    late: list[int] = [22]

    class Slow(Repository):
        """Another job pushes just before this one does."""

        def push(self, commit: str, branch: str, before: str) -> bool:
            while late:
                office.inform(late.pop())
            return super().push(commit, branch, before)

    monkeypatch.setattr(inform, "Repository", Slow)
    office.inform(21)
    assert image(22) in office.file(BRANCH)
    assert proposed(office)["title"] == "chore(staging): users-api c0ffee22"


@ON_ONE
def test_the_words_are_those_of_the_branch_when_another_proposes_in_between(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    late: list[int] = [22]

    class Slow(Repository):
        """Another job pushes and proposes before this one has proposed."""

        def push(self, commit: str, branch: str, before: str) -> bool:
            done = super().push(commit, branch, before)
            while late:
                office.inform(late.pop())
            return done

    monkeypatch.setattr(inform, "Repository", Slow)
    office.inform(21)
    assert image(22) in office.file(BRANCH)
    assert proposed(office)["title"] == "chore(staging): users-api c0ffee22"


@ON_ONE
def test_a_person_may_go_back_and_older_builds_stay_older(office: Office):
    office.inform(21)
    office.merge()
    office.inform(20, build="", source="")
    assert f"users-api: {image(20)}  # after build 21\n" in office.file(BRANCH)
    office.merge()
    office.inform(19)
    assert len(office.stage.state.requests) == 2
    office.inform(22)
    assert f"users-api: {image(22)}  # build 22 of" in office.file(BRANCH)


# The checkout and the token


@ON_ONE
@pytest.mark.parametrize("shallow", [True, False])
def test_a_checkout_is_as_shallow_afterwards_as_before(office: Office, tmp_path: Path, shallow: bool):
    office.write("images: {}\n")
    office.folder = tmp_path / "other"
    depth = ["--depth=1"] if shallow else []
    git(tmp_path, "clone", "--quiet", *depth, f"file://{office.bare}", str(office.folder))
    office.inform(20)
    assert image(20) in office.file(BRANCH)
    assert git(office.folder, "rev-parse", "--is-shallow-repository").strip() == str(shallow).lower()


def test_the_token_is_in_no_command_line_and_in_no_file(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    git_itself = git(office.folder, "--exec-path").strip() + "/git"
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "git"
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{tmp_path}/lines"\nexec "{git_itself}" "$@"\n')
    wrapper.chmod(0o755)
    office.token = "good"
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    office.inform(20)
    lines = (tmp_path / "lines").read_text()
    assert "push --porcelain" in lines
    assert not {"good", "Z29vZA", "extraheader", "OmdvB2Q"} & set(lines.replace("/", " ").split())
    assert "Authorization" not in lines + (office.folder / ".git" / "config").read_text()
    assert office.server.users == {"oauth2" if office.stage.kind == "gitlab" else "x-access-token"}


@ON_ONE
def test_what_the_checkout_left_of_another_token_is_not_used(office: Office):
    git(office.folder, "config", f"http.{office.server.url}/.extraheader", "Authorization: Basic b3RoZXI6b3RoZXI=")
    office.inform(20)
    assert image(20) in office.file(BRANCH)


RIGHTS = {
    "gitlab": "SOCLE_GITLAB_TOKEN needs scopes api and write_repository, and role Developer",
    "github": "GITHUB_TOKEN needs `permissions: {contents: write, pull-requests: write}`",
}


@pytest.mark.parametrize(("token", "said"), [("weak", "403"), ("unknown", "the token is not accepted")])
def test_a_token_that_may_not_push_is_told(office: Office, capsys: Said, token: str, said: str):
    office.token = token
    assert office.refused(20) == 1
    told = capsys.readouterr().err
    assert told.startswith("staging: devu42/infrastructure was not changed, git ")
    assert said in told
    assert told.endswith(f": {RIGHTS[office.stage.kind]}; then run the job again\n")
    assert not office.at(BRANCH)
    assert not office.stage.state.requests


def test_a_token_that_may_not_propose_is_told_and_the_next_job_goes_on(office: Office, capsys: Said):
    office.forge_token = "weak"
    assert office.refused(20) == 1
    told = capsys.readouterr().err
    assert f"does not let this token open a {'merge' if office.stage.kind == 'gitlab' else 'pull'} request for" in told
    assert told.endswith("; then run the job again\n")
    office.forge_token = ""
    office.inform(20)
    assert proposed(office)["title"] == "chore(staging): users-api c0ffee20"


def test_a_job_without_a_token_is_refused(office: Office, capsys: Said):
    office.token = ""
    assert office.refused(20) == 2
    assert capsys.readouterr().err == (
        f"inform: there is no token to push and propose with: {RIGHTS[office.stage.kind]}\n"
    )


@ON_ONE
def test_a_branch_that_is_not_there_is_told(office: Office, capsys: Said):
    office.environ = {"CI_COMMIT_REF_NAME": "trunk", "GITHUB_REF_NAME": "trunk"}
    assert office.refused(20) == 2
    assert capsys.readouterr().err == "staging: devu42/infrastructure has no branch trunk\n"


@ON_ONE
def test_the_file_on_the_main_branch_has_to_be_one_of_versions(office: Office, capsys: Said):
    office.write("images: [users-api]\n")
    (office.folder / FILE).unlink()
    assert office.refused(20) == 2
    assert capsys.readouterr().err == ('versions: images: expected a mapping of names to versions, got ["users-api"]\n')


@ON_ONE
def test_the_file_is_valid_yaml_with_any_tag(office: Office):
    office.inform(20, image=f"{PLACE}:1.10@sha256:{'a' * 64}")
    assert yaml.safe_load(office.file(BRANCH)) == {"images": {"users-api": f"{PLACE}:1.10@sha256:{'a' * 64}"}}
