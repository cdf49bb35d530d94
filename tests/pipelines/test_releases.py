"""Messages of commits, and the releases that they make."""

from datetime import date
from pathlib import Path

import pytest
import typer
from semver import VersionInfo

from tests.pipelines.repositories import committed, new_repository
from tools import commit_messages, release
from tools.releasing.changelog import ChangelogUnclear, released
from tools.releasing.commits import Commit, Message, git, level, parsed, raised

DAY = date(2026, 11, 21)
LOG = "# Changelog\n\n## [Unreleased]\n\n{}## [1.0.0] - 2026-01-01\n\n- First.\n"


def read(text: str) -> Commit | str:
    return parsed(Message("0" * 40, text))


@pytest.mark.parametrize(
    ("text", "commit"),
    [
        ("feat(network): a third zone", Commit("feat", "network", "a third zone")),
        ("fix: a typo", Commit("fix", "", "a typo")),
        ("feat(api)!: other names\n\nBody.", Commit("feat", "api", "other names", "other names")),
        ("fix: x\n\nBREAKING CHANGE: y is gone", Commit("fix", "", "x", "y is gone")),
    ],
)
def test_a_message_of_the_form_is_read(text: str, commit: Commit) -> None:
    assert read(text) == commit


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Add a zone", "expected a subject such as `feat(network): a third zone`"),
        ("feat:no space", "expected a subject such as"),
        ("feature: a zone", "there is no type feature, the types are feat, fix,"),
        ("feat: a zone.", "without a full stop"),
        (f"feat: {'x' * 120}", "120 characters at most, got 126"),
        ("feat: a zone\nand more", "an empty line after the subject"),
    ],
)
def test_any_other_message_is_refused_with_what_is_wrong(text: str, reason: str) -> None:
    assert reason in str(read(text))


def test_each_wrong_message_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = new_repository(tmp_path)
    committed(repository, "nonsense before the change began")
    git(repository, "tag", "start")
    committed(repository, "feat: good")
    committed(repository, "wip")
    with pytest.raises(typer.Exit) as ended:
        commit_messages.run("start", repository)
    said = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert '"wip": expected a subject such as' in said
    assert "1 of 2 commits: `git rebase -i start` rewords them" in said


def test_merges_are_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = new_repository(tmp_path)
    committed(repository, "feat: one")
    git(repository, "tag", "start")
    git(repository, "checkout", "--quiet", "-b", "change")
    committed(repository, "feat: two")
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--message", "Merge branch 'change'", "change")
    commit_messages.run("start", repository)
    assert "1 commit since start: every message has the form" in capsys.readouterr().out


@pytest.mark.parametrize("since", ["nowhere", "--output=x"])
def test_an_unknown_beginning_is_refused(tmp_path: Path, since: str, capsys: pytest.CaptureFixture[str]) -> None:
    repository = new_repository(tmp_path)
    committed(repository, "feat: one")
    with pytest.raises(typer.Exit) as ended:
        commit_messages.run(since, repository)
    assert ended.value.exit_code == 2
    assert "fetch it with `git fetch`, or name another" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("texts", "before", "after"),
    [
        (["fix: a"], "1.2.3", "1.2.4"),
        (["fix: a", "feat: b"], "1.2.3", "1.3.0"),
        (["feat!: a"], "1.2.3", "2.0.0"),
        (["feat!: a"], "0.2.3", "0.3.0"),
    ],
)
def test_the_version_is_raised_by_what_changed_most(texts: list[str], before: str, after: str) -> None:
    by = level([each for each in map(read, texts) if isinstance(each, Commit)])
    assert by is not None
    assert str(raised(VersionInfo.parse(before), by)) == after


def test_documents_and_tests_make_no_release() -> None:
    assert level([Commit("docs", "", "x"), Commit("test", "", "y"), Commit("ci", "", "z")]) is None


def test_a_release_takes_what_people_wrote_under_unreleased() -> None:
    text = released(LOG.format("### Added\n\n- By hand.\n\n"), VersionInfo(1, 1, 0), DAY, [Commit("feat", "", "x")])
    assert text == LOG.format("## [1.1.0] - 2026-11-21\n\n### Added\n\n- By hand.\n\n")


def test_where_nobody_wrote_anything_the_commits_tell() -> None:
    commits = [Commit("feat", "net", "a zone"), Commit("fix", "", "a leak"), Commit("feat", "", "b", "a is gone")]
    text = released(LOG.format(""), VersionInfo(2, 0, 0), DAY, commits)
    assert (
        "## [2.0.0] - 2026-11-21\n\n### Breaking\n\n- b (a is gone)\n\n### Added\n\n- net: a zone\n\n### Fixed" in text
    )


def test_a_changelog_without_the_section_is_refused() -> None:
    with pytest.raises(ChangelogUnclear, match=r"expected a line `## \[Unreleased\]`, found none"):
        released("# Changelog\n", VersionInfo(1, 0, 0), DAY, [])


def test_a_release_is_shown_first_and_made_when_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = new_repository(tmp_path)
    committed(repository, "feat: one", CHANGELOG__md=LOG.format(""))
    git(repository, "tag", "v1.0.0")
    git(repository, "tag", "v1.0.0-rc.1")
    committed(repository, "feat: two")
    release.run(yes=False, folder=repository, day=lambda: DAY)
    assert "v1.0.0 -> v1.1.0, of 1 commits\nnothing was written: `make release YES=1`" in capsys.readouterr().out
    release.run(yes=True, folder=repository, day=lambda: DAY)
    assert "`git push --follow-tags` publishes it" in capsys.readouterr().out
    assert git(repository, "describe", "--exact-match").strip() == "v1.1.0"
    assert git(repository, "log", "-1", "--format=%s").strip() == "chore(release): v1.1.0"
    assert "## [1.1.0] - 2026-11-21\n\n### Added\n\n- two" in (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    release.run(yes=True, folder=repository, day=lambda: DAY)
    assert "nothing to release" in capsys.readouterr().out


def test_a_release_needs_a_working_tree_without_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = new_repository(tmp_path)
    committed(repository, "feat: one", CHANGELOG__md=LOG.format(""))
    (repository / "half").touch()
    with pytest.raises(typer.Exit):
        release.run(yes=True, folder=repository, day=lambda: DAY)
    assert "commit or stash what the working tree has changed" in capsys.readouterr().err
    assert git(repository, "tag").strip() == ""
