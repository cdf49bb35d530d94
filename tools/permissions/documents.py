"""Statements as policy documents that AWS takes: below its size, few enough for a role, the same at every run."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tools.permissions.statements import Statement

Document = Mapping[str, Any]
"""A policy document with AWS's own keys."""
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LARGEST: Final = 6144
"""Characters of a managed policy, white space apart."""
MOST: Final = 10
"""Managed policies of a role."""
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
_VERSION: Final = "2012-10-17"


class TooLarge(Exception):  # noqa: N818 (reads as what it is)
    """One statement does not fit into a policy, however it is cut; the text names it."""


def documents(statements: Iterable[Statement], largest: int = LARGEST) -> list[Document]:
    """The statements in as many documents as their size asks for; one that is too large by itself is cut by actions.

    Raises `TooLarge` when one action with its resources and conditions is too large.
    """
    room = largest - size(document([]))
    found: list[list[Statement]] = []
    used = room
    for statement in (part for each in sorted(statements) for part in _cut(each, room)):
        needed = _size(statement) + 1  # the comma before it
        if used + needed > room:
            found.append([])
            used = 0
        found[-1].append(statement)
        used += needed
    return [document(each) for each in found]


def document(statements: Sequence[Statement]) -> Document:
    """One policy document."""
    return {"Version": _VERSION, "Statement": [each.as_json() for each in statements]}


def size(written: Document) -> int:
    """Characters as AWS counts them: without white space."""
    return sum(not character.isspace() for character in json.dumps(written, separators=(",", ":")))


def _size(statement: Statement) -> int:
    return size(statement.as_json())


def _cut(statement: Statement, room: int) -> Iterator[Statement]:
    if _size(statement) + 1 <= room:
        yield statement
        return
    half = len(statement.actions) // 2
    if not half:
        raise TooLarge(f"{statement.actions[0]}: its resources and conditions do not fit into {room} characters")
    for actions in (statement.actions[:half], statement.actions[half:]):
        yield from _cut(Statement(actions, statement.resources, statement.conditions, statement.effect), room)
