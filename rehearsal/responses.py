"""Answers to the engine in its own messages: what differs, and what is wrong."""

from collections.abc import Sequence
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from rehearsal.check import Problem
from rehearsal.diff import Change
from rehearsal.wire import dotted

_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
}


def failures(problems: Sequence[Problem]) -> list[Any]:
    """Named in our own words: the engine would print the whole value, or `{<nil>}` for a path into it."""
    return [provider_pb2.CheckFailure(reason=problem.sentence()) for problem in problems]


def diff_response(changes: Sequence[Change], *, delete_first: bool) -> provider_pb2.DiffResponse:
    """A plan: which properties differ, and whether that replaces the resource."""
    replaces = sorted({str(change.path[0]) for change in changes if change.replaces})
    some = provider_pb2.DiffResponse.DIFF_SOME
    return provider_pb2.DiffResponse(
        changes=some if changes else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and delete_first,
        diffs=sorted({str(change.path[0]) for change in changes}),
        detailedDiff={
            dotted(change.path): provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replaces], inputDiff=True)
            for change in changes
        },
        hasDetailedDiff=True,
    )
