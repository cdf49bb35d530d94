"""Commits as Conventional Commits tell them, and what they make of a version."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from semver import VersionInfo

Level = Literal["major", "minor", "patch"]
TYPES: Final = ("feat", "fix", "perf", "refactor", "docs", "test", "build", "ci", "style", "chore", "revert")
_PATCH: Final = ("fix", "perf", "revert")
_LONGEST: Final = 120
# https://www.conventionalcommits.org/en/v1.0.0/#specification
_SUBJECT: Final = re.compile(r"(?P<type>[a-z]+)(?:\((?P<scope>[a-z0-9][a-z0-9/._-]*)\))?(?P<mark>!)?: (?P<what>\S.*)")
_FOOTER: Final = re.compile(r"^BREAKING[ -]CHANGE: (?P<what>.+)$", re.MULTILINE)
_FORM: Final = "expected a subject such as `feat(network): a third zone`"


class GitRefused(Exception):  # noqa: N818 (reads as what it is)
    """Git could not do it; the text is one sentence."""


@dataclass(frozen=True)
class Commit:
    """A commit whose message has the form."""

    type: str
    scope: str
    what: str
    breaking: str = ""
    """What it breaks; empty when it breaks nothing."""


@dataclass(frozen=True)
class Message:
    """The message of a commit."""

    sha: str
    text: str

    @property
    def subject(self) -> str:
        """Its first line."""
        return self.text.partition("\n")[0]


def git(folder: Path, *arguments: str, given: str = "") -> str:
    """What git prints; raises `GitRefused`."""
    command = shutil.which("git") or "git"
    done = subprocess.run([command, *arguments], cwd=folder, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise GitRefused(f"`git {arguments[0]}` failed ({said[-1]})")
    return done.stdout


def messages(folder: Path, since: str) -> list[Message]:
    """Messages of the commits since another one, the oldest first, without merges; raises `GitRefused`."""
    # After `..` nothing of it can be taken for an option, and what begins with a hyphen is no name of a commit.
    reach = f"{since}..HEAD" if since else "HEAD"
    found = git(folder, "log", "--no-merges", "--reverse", "--format=%H%n%B%x00", "--end-of-options", reach, "--")
    parts = [part.strip("\n") for part in found.split("\0")]
    split = [part.partition("\n") for part in parts if part]
    return [Message(sha, text.strip()) for sha, _, text in split]


def parsed(message: Message) -> Commit | str:
    """The commit, or what is wrong with its message, in words that follow a colon."""
    match = _SUBJECT.fullmatch(message.subject)
    if match is None:
        return _FORM
    if match["type"] not in TYPES:
        return f"there is no type {match['type']}, the types are {', '.join(TYPES)}"
    if len(message.subject) > _LONGEST:
        return f"expected a subject of {_LONGEST} characters at most, got {len(message.subject)}"
    if match["what"].endswith("."):
        return "expected a subject without a full stop at its end"
    if "\n" in message.text and not message.text.startswith(f"{message.subject}\n\n"):
        return "expected an empty line after the subject"
    footer = _FOOTER.search(message.text)
    breaking = footer["what"] if footer else match["what"] if match["mark"] else ""
    return Commit(match["type"], match["scope"] or "", match["what"], breaking)


def wrong(found: Sequence[Message]) -> list[str]:
    """One line for each message without the form."""
    lines: list[str] = []
    for message in found:
        commit = parsed(message)
        if isinstance(commit, str):
            lines.append(f'{message.sha[:10]} "{message.subject}": {commit}')
    return lines


def level(commits: Sequence[Commit]) -> Level | None:
    """Which number of the version they raise; None when nobody who uses it notices anything."""
    if any(commit.breaking for commit in commits):
        return "major"
    if any(commit.type == "feat" for commit in commits):
        return "minor"
    return "patch" if any(commit.type in _PATCH for commit in commits) else None


def raised(version: VersionInfo, by: Level) -> VersionInfo:
    """The version after it; before 1.0.0 what breaks raises the second number.

    https://semver.org/#how-should-i-deal-with-revisions-in-the-0yz-initial-development-phase
    """
    if by == "patch":
        return version.bump_patch()
    if by == "minor" or version.major == 0:
        return version.bump_minor()
    return version.bump_major()
