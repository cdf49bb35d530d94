"""The hidden first line of a comment, by which it is found again and compared."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from tools.changes.report import Report
from tools.comment.context import Context, Subject

VERSION: Final = 1
# At the very beginning only: further down a value of a property may look like it.
_LINE: Final = re.compile(r"\A\s*<!-- socle:(?P<subject>preview|drift) (?P<json>\{[^<>\n]*\}) -->[ \t]*\r?(?:\n|\Z)")
_TIME: Final = re.compile(r'("valid_at":")[^"]*(")')
_TOOK: Final = re.compile(r"took [0-9]+ s\s*\Z")
_FIRST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was shown of one stack."""

    digest: str = ""
    """Empty when the preview failed."""
    state: str = ""
    """Version of the state, empty where the backend keeps none."""


@dataclass(frozen=True, kw_only=True)
class Marker:
    """What a comment is of."""

    project: str
    merge_request: int
    sha: str
    pipeline: int
    valid_at: str
    stacks: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    subject: Subject = "preview"

    def line(self) -> str:
        """The hidden line; nothing in it ends it."""
        document: dict[str, Any] = {
            "v": VERSION,
            "project": self.project,
            "mr": self.merge_request,
            "sha": self.sha,
            "pipeline": self.pipeline,
            "valid_at": self.valid_at,
            "stacks": {
                name: {"digest": seen.digest, "state": seen.state} for name, seen in sorted(self.stacks.items())
            },
        }
        text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
        for char in "<>&-@":
            text = text.replace(char, f"\\u{ord(char):04x}") if char != "-" else text.replace("--", "-\\u002d")
        return f"<!-- socle:{self.subject} {text} -->"

    @property
    def failed(self) -> bool:
        """Whether no stack has a result in the comment."""
        return not any(seen.digest for seen in self.stacks.values())


def marker_of(reports: Sequence[Report], context: Context) -> Marker:
    """The marker of a comment on these reports."""
    moments = sorted((report.valid_at for report in reports), key=_moment)
    return Marker(
        project=context.project,
        merge_request=context.merge_request,
        sha=context.sha,
        pipeline=context.pipeline,
        valid_at=context.valid_at or (moments[0] if moments else ""),
        stacks={report.stack: Seen(digest=report.digest, state=report.state or "") for report in reports},
        subject=context.subject,
    )


def find_marker(body: str) -> Marker | None:
    """The marker of a comment; None when it has none of ours, or one of another version."""
    match = _LINE.match(body)
    if match is None:
        return None
    try:
        found = cast(dict[str, Any], json.loads(match["json"]))
        if found["v"] != VERSION:
            return None
        stacks = cast(dict[str, dict[str, Any]], found["stacks"])
        return Marker(
            project=str(found["project"]),
            merge_request=int(found["mr"]),
            sha=str(found["sha"]),
            pipeline=int(found["pipeline"]),
            valid_at=str(found["valid_at"]),
            stacks={name: Seen(digest=str(each["digest"]), state=str(each["state"])) for name, each in stacks.items()},
            subject="drift" if match["subject"] == "drift" else "preview",
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def without_marker(body: str) -> str:
    """The comment as it is seen."""
    return _LINE.sub("", body).replace("\r\n", "\n").strip("\n")


def is_older(one: Marker, other: Marker) -> bool:
    """Whether `one` is of an earlier pipeline than `other`, or of an earlier moment of the same one.

    The pipeline comes first: one of an older commit that had to wait for a runner still tells of the older commit.
    """
    return (one.pipeline, _moment(one.valid_at)) < (other.pipeline, _moment(other.valid_at))


def same_but_time(one: str, other: str) -> bool:
    """Whether two comments say the same, whenever they say it and however long it took."""
    return _timeless(one) == _timeless(other)


def _timeless(body: str) -> str:
    line, separator, rest = body.replace("\r\n", "\n").strip().partition("\n")
    return _TIME.sub(r"\1\2", line) + separator + _TOOK.sub("", rest)


def _moment(text: str) -> datetime:
    """A moment; what is none is older than all."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _FIRST
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
