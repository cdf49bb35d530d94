"""Keeps one note, or one issue, of ours up to date on a forge, however many jobs write at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from tools.forge.forge import Forge, ForgeRefused, Issue, Note

Deed = Literal["written", "rewritten", "unchanged", "left to a newer run"]
_TRIES: Final = 3
"""How often a note that somebody deletes meanwhile is written anew."""


@dataclass(frozen=True)
class Rules:
    """How a kind of note is told from others, and from newer ones."""

    ours: Callable[[str], bool]
    """Whether a text is of this kind, by its hidden marker."""
    older: Callable[[str, str], bool]
    """Whether the first text was made by an earlier run than the second."""
    same: Callable[[str, str], bool]
    """Whether nothing but the time differs."""


@dataclass(frozen=True)
class Posted:
    """What became of a note."""

    deed: Deed
    note: int
    body: str
    """What it says now."""


def found_note(forge: Forge, request: int, rules: Rules) -> Note | None:
    """The note of this kind that is there, of ours: somebody may have copied the marker into a note of his own."""
    notes = _own(forge, request, rules)
    return notes[0] if notes else None


def post(forge: Forge, request: int, body: str, rules: Rules) -> Posted:
    """Write the note, or bring the one that is there up to date.

    An older run never overwrites a newer one, nothing is written when nothing but the time differs, and of two notes
    that were written at once the first stays. Raises `ForgeRefused`.
    """
    if len(body) > forge.limit:
        raise ValueError(f"body must have at most {forge.limit} characters, got {len(body)}")
    for _ in range(_TRIES):
        mine = _own(forge, request, rules)
        if not mine:
            added = forge.add_note(request, body)
            mine = _own(forge, request, rules) or [added]
            if mine[0].id == added.id:
                _drop(forge, request, mine[1:])
                return Posted("written", added.id, body)
        newest = _newest(mine, rules)
        # Another job wrote at the same time: one note of the two is enough, and it says what the newer run found.
        settled = _settle(forge, request, (mine[0], newest), body, rules)
        if settled:
            _drop(forge, request, mine[1:])
            return settled
    raise ForgeRefused(f"the note on merge request {request} was deleted {_TRIES} times while it was being written")


def upsert_issue(forge: Forge, title: str, body: str, rules: Rules) -> tuple[Deed, Issue]:
    """Open an issue of this kind, or bring the one that is open up to date; what was done, and to which."""
    issue = _issue(forge, rules)
    if issue is None:
        return "written", forge.open_issue(title, body)
    if issue.title == title and rules.same(body, issue.body):
        return "unchanged", issue
    if rules.older(body, issue.body):
        return "left to a newer run", issue
    forge.change_issue(issue.number, title=title, body=body)
    return "rewritten", issue


def close_issue(forge: Forge, last_word: str, rules: Rules) -> Issue | None:
    """Close the issue of this kind; None when none is open."""
    issue = _issue(forge, rules)
    if issue:
        forge.close_issue(issue.number, last_word)
    return issue


def _settle(forge: Forge, request: int, found: tuple[Note, Note], body: str, rules: Rules) -> Posted | None:
    kept, newest = found
    if rules.older(body, newest.body):
        if kept.body != newest.body and not forge.change_note(request, kept.id, newest.body):
            return None
        return Posted("left to a newer run", kept.id, newest.body)
    if rules.same(body, kept.body):
        return Posted("unchanged", kept.id, kept.body)
    return Posted("rewritten", kept.id, body) if forge.change_note(request, kept.id, body) else None


def _newest(notes: list[Note], rules: Rules) -> Note:
    newest = notes[0]
    for note in notes[1:]:
        if rules.older(newest.body, note.body):
            newest = note
    return newest


def _own(forge: Forge, request: int, rules: Rules) -> list[Note]:
    """Notes of this kind, the first first."""
    candidates = [note for note in forge.notes(request) if rules.ours(note.body)]
    if not candidates:
        return []
    me = forge.me()
    return sorted((note for note in candidates if note.author == me), key=lambda note: note.id)


def _drop(forge: Forge, request: int, notes: list[Note]) -> None:
    for note in notes:
        forge.delete_note(request, note.id)


def _issue(forge: Forge, rules: Rules) -> Issue | None:
    candidates = [issue for issue in forge.open_issues() if rules.ours(issue.body)]
    if not candidates:
        return None
    me = forge.me()
    return min((issue for issue in candidates if issue.author == me), key=lambda issue: issue.number, default=None)
