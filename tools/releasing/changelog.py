"""The changelog, whose first section collects what the next release will have."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from semver import VersionInfo

from tools.releasing.commits import Commit

FILE: Final = "CHANGELOG.md"
UNRELEASED: Final = "## [Unreleased]"
_NEXT: Final = re.compile(r"^## ", re.MULTILINE)
_KINDS: Final = {"feat": "Added", "fix": "Fixed", "perf": "Changed", "revert": "Changed"}


class ChangelogUnclear(Exception):  # noqa: N818 (reads as what it is)
    """The changelog has not the form; the text is one sentence."""


def released(text: str, version: VersionInfo, day: date, commits: Sequence[Commit]) -> str:
    """The changelog of a release: its section has what people wrote under Unreleased, or else what the commits say.

    Raises `ChangelogUnclear`.
    """
    before, found, after = text.partition(f"{UNRELEASED}\n")
    if not found:
        raise ChangelogUnclear(f"{FILE}: expected a line `{UNRELEASED}`, found none")
    following = _NEXT.search(after)
    end = following.start() if following else len(after)
    written, rest = after[:end].strip("\n"), after[end:]
    heading = f"## [{version}] - {day.isoformat()}"
    section = "\n\n".join([heading, written or told(commits)])
    return f"{before}{UNRELEASED}\n\n{section}\n" + (f"\n{rest}" if rest else "")


def told(commits: Sequence[Commit]) -> str:
    """What a user notices of the commits, by kind."""
    kinds: dict[str, list[str]] = {}
    for commit in commits:
        line = f"- {f'{commit.scope}: ' * bool(commit.scope)}{commit.what}"
        if commit.breaking:
            kinds.setdefault("Breaking", []).append(
                f"{line} ({commit.breaking})" if commit.breaking != commit.what else line
            )
        elif commit.type in _KINDS:
            kinds.setdefault(_KINDS[commit.type], []).append(line)
    order = ("Breaking", "Added", "Changed", "Fixed")
    return "\n\n".join(f"### {kind}\n\n" + "\n".join(kinds[kind]) for kind in order if kind in kinds)
