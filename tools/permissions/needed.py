"""Which actions the stacks need, and which resource or command is the reason of each."""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from rehearsal.aws.catalogue import resource_type
from rehearsal.aws.schemas import schema_anywhere
from tools.permissions import reference
from tools.permissions.declared import Declared

Role = Literal["preview", "deploy"]
"""`preview` reads what the stacks have, `deploy` changes it."""
_TABLE: Final = Path(__file__).with_name("actions.yaml")
# What `list` needs is left out: the provider finds what it made by its id.
_HANDLERS: Final = ("create", "read", "update", "delete")
PASS_ROLE: Final = "iam:PassRole"  # noqa: S105 (an action, not a password)
LINKED_ROLE: Final = "iam:CreateServiceLinkedRole"
SECRETS: Final = frozenset({"s3:GetObject", "s3:GetObjectVersion", "secretsmanager:GetSecretValue"})
"""Reads of what is kept rather than of what is set up: `preview` does without, for any branch may preview."""


class TypeNeeds(BaseModel):
    """How the needs of a type differ from those of its schema; `actions.yaml` explains the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    without: list[str] = Field(default_factory=list[str])
    only: list[str] = Field(default_factory=list[str])
    adds: list[str] = Field(default_factory=list[str])
    passes: list[str] = Field(default_factory=list[str])
    linked: list[str] = Field(default_factory=list[str])


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    lookups: dict[str, list[str]]
    verbs: dict[str, list[str]]
    types: dict[str, TypeNeeds]


class NotKnown(Exception):  # noqa: N818 (reads as what it is)
    """Nothing says what a type or a look-up needs; the text names it, and where to say it."""


@dataclass(frozen=True)
class Needed:
    """What a role needs."""

    reasons: Mapping[str, frozenset[str]]
    """Each action with the types, look-ups and commands that need it."""
    passes: frozenset[str] = frozenset()
    """Services to which roles are handed."""
    linked: frozenset[str] = frozenset()
    """Services that may make a service-linked role."""
    attached: frozenset[str] = frozenset()
    """ARNs of the managed policies that roles of the stacks get."""

    @property
    def actions(self) -> list[str]:
        """All actions, sorted."""
        return sorted(self.reasons)


@dataclass
class _Sum:
    reasons: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def add(self, actions: Iterable[str], reason: str) -> None:
        for action in actions:
            self.reasons.setdefault(action, set()).add(reason)


@cache
def table() -> _Table:
    """The table of differences, read once."""
    raw: Any = yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return _Table.model_validate(raw)


def needed(stacks: Iterable[Declared], role: Role) -> Needed:
    """What a role needs for these stacks. Raises `NotKnown` and `UnknownAction` when a table has to change first."""
    found, stacks = _Sum(), list(stacks)
    types = {type_ for stack in stacks for type_ in stack.types}
    for type_ in types:
        found.add(of_type(type_), type_)
    for lookup in {lookup for stack in stacks for lookup in stack.lookups}:
        found.add(_of_lookup(lookup), lookup)
    for verb, actions in table().verbs.items():
        found.add(actions, verb)
    kept = {action: frozenset(reasons) for action, reasons in found.reasons.items() if _has(role, action)}
    if role == "preview":
        return Needed(kept)
    known = [table().types[type_] for type_ in types if type_ in table().types]
    return Needed(
        kept,
        frozenset(service for each in known for service in each.passes),
        frozenset(service for each in known for service in each.linked),
        frozenset(arn for stack in stacks for arn in stack.attached),
    )


def of_type(type_: str) -> list[str]:
    """Actions that resources of a type need in their life."""
    entry = table().types.get(type_, TypeNeeds())
    if entry.only:
        return entry.only
    kind = resource_type(type_)
    schema = kind.schema and schema_anywhere(kind.schema)
    if not schema or kind.part:
        raise NotKnown(
            f"{type_}: AWS's schemas do not say which actions it needs, say it in tools/permissions/actions.yaml"
        )
    wanted = {action for handler in _HANDLERS for action in _handler(schema, handler)}
    unwanted = [*entry.without, *(() if entry.passes else (PASS_ROLE,)), *(() if entry.linked else (LINKED_ROLE,))]
    kept = {action for action in wanted if not any(_covers(pattern, action) for pattern in unwanted)}
    return sorted(
        {*kept, *entry.adds, *([PASS_ROLE] if entry.passes else ()), *([LINKED_ROLE] if entry.linked else ())}
    )


def _covers(pattern: str, action: str) -> bool:
    """Whether a pattern means an action; a star of the schema itself is written as `\\*`."""
    return fnmatch.fnmatchcase(action, pattern.replace("\\*", "[*]"))


def _handler(schema: Mapping[str, Any], name: str) -> Iterator[str]:
    yield from schema.get("handlers", {}).get(name, {}).get("permissions", ())


def _of_lookup(token: str) -> list[str]:
    if token not in table().lookups:
        raise NotKnown(f"{token}: no table says which actions it needs, say it in tools/permissions/actions.yaml")
    return table().lookups[token]


def _has(role: Role, action: str) -> bool:
    return role == "deploy" or (reference.action(action).reads and action not in SECRETS)
