"""What the pipelines ask of a forge, GitLab or GitHub: notes, issues and merge requests."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class ForgeRefused(Exception):  # noqa: N818 (reads as what it is)
    """The forge refused, or did not answer; the text is one sentence with what to do."""


@dataclass(frozen=True)
class Note:
    """A comment on a merge request."""

    id: int
    author: str
    body: str


@dataclass(frozen=True)
class Issue:
    """An open issue."""

    number: int
    author: str
    title: str
    body: str
    url: str = ""


class Forge(Protocol):
    """A project on a forge, with a token. Every method may raise `ForgeRefused`."""

    limit: int
    """Characters that a comment may have here, with room to spare."""

    def me(self) -> str:
        """Name of whoever the token belongs to."""
        ...

    def notes(self, request: int) -> Iterable[Note]:
        """All comments on a merge request, page after page, the oldest first."""
        ...

    def add_note(self, request: int, body: str) -> Note:
        """Write a comment."""
        ...

    def change_note(self, request: int, note: int, body: str) -> bool:
        """Rewrite a comment of one's own; False when it has been deleted."""
        ...

    def delete_note(self, request: int, note: int) -> None:
        """Delete a comment of one's own; deleted already is as good."""
        ...

    def note_url(self, request: int, note: int) -> str:
        """Address of a comment for people."""
        ...

    def open_issues(self) -> Iterable[Issue]:
        """All open issues, page after page."""
        ...

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue."""
        ...

    def change_issue(self, number: int, *, title: str, body: str) -> None:
        """Rewrite an issue."""
        ...

    def close_issue(self, number: int, last_word: str) -> None:
        """Close an issue, with a comment that says why."""
        ...

    def propose(self, *, branch: str, target: str, title: str, body: str) -> str:
        """Open a merge request, or rewrite the one that is open for this branch; its address."""
        ...
