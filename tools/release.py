"""Makes a release of this program: `python -m tools.release [--yes]`; without `--yes` it shows what it would do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from semver import VersionInfo

from tools.releasing.changelog import FILE, ChangelogUnclear, released
from tools.releasing.commits import Commit, GitRefused, git, level, messages, parsed, raised
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.setup import ROOT

_FIRST: Final = VersionInfo(0, 1, 0)


@dataclass(frozen=True)
class Release:
    """What a release would be."""

    before: str
    """Tag of the release before; empty for the first."""
    version: VersionInfo
    changelog: str
    commits: tuple[Commit, ...]

    @property
    def tag(self) -> str:
        """Its tag."""
        return f"v{self.version}"


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def last_tag(folder: Path) -> str:
    """The tag of the newest release among the ancestors; empty when there is none. Raises `GitRefused`."""
    tags = git(folder, "tag", "--list", "v[0-9]*", "--merged", "HEAD").split()
    versions = [tag for tag in tags if VersionInfo.is_valid(tag.removeprefix("v"))]
    return max(versions, key=lambda tag: VersionInfo.parse(tag.removeprefix("v")), default="")


def plan(folder: Path, day: date) -> Release | None:
    """The next release; None when nothing since the last one is noticed. Raises `GitRefused`, `ChangelogUnclear`.

    Messages from before the check came are passed over.
    """
    before = last_tag(folder)
    found = [parsed(message) for message in messages(folder, before)]
    commits = tuple(commit for commit in found if isinstance(commit, Commit))
    by = level(commits)
    if by is None:
        return None
    version = raised(VersionInfo.parse(before.removeprefix("v")), by) if before else _FIRST
    text = (folder / FILE).read_text(encoding="utf-8")
    return Release(before, version, released(text, version, day, commits), commits)


def run(*, yes: bool, folder: Path = ROOT, day: Callable[[], date] = today) -> None:
    """Show the next release, or commit its changelog and tag it; raises `typer.Exit` after a sentence."""
    try:
        found = plan(folder, day())
        if found is None:
            typer.echo("nothing to release: no commit since the last release changes what a user notices")
            return
        typer.echo(f"{found.before or 'no release'} -> {found.tag}, of {len(found.commits)} commits")
        if not yes:
            typer.echo(f"nothing was written: `make release YES=1` writes {FILE}, commits it and sets the tag")
            return
        if git(folder, "status", "--porcelain"):
            raise refuse(
                "release: commit or stash what the working tree has changed, then `make release YES=1`", BAD_INPUT
            )
        (folder / FILE).write_text(found.changelog, encoding="utf-8")
        git(folder, "commit", "--quiet", "--message", f"chore(release): {found.tag}", "--", FILE)
        git(folder, "tag", "--annotate", "--message", f"Socle {found.version}", found.tag)
    except (GitRefused, ChangelogUnclear) as reason:
        raise refuse(f"release: {reason}", FAILED) from None
    typer.echo(f"{found.tag} is committed and tagged here: `git push --follow-tags` publishes it")


def main(
    yes: Annotated[bool, typer.Option("--yes", help="Write, commit and tag; only show it otherwise.")] = False,
) -> None:
    """Make the next release from the commits since the last one."""
    run(yes=yes)


if __name__ == "__main__":
    typer.run(main)
