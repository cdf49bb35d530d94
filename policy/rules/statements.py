"""Statements of IAM policies, with every part that may be one or many as a list."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from policy.rules.model import Resource

EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement."""

    allows: bool
    actions: tuple[str, ...]
    """In lower case."""
    inverted: bool
    """Whether it is about all actions but those that it names, or all resources but those."""
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    """Kind and name."""
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    """By operator and key, both as they are written."""

    @property
    def public(self) -> bool:
        """Whether it lets anybody in, without any condition on who that is."""
        return self.allows and not self.conditions and any(name == EVERYBODY for _, name in self.principals)

    def condition(self, key: str) -> dict[str, tuple[str, ...]]:
        """What it demands of a key, by operator."""
        return {
            operator: values
            for operator, keys in self.conditions.items()
            for name, values in keys.items()
            if name.lower() == key.lower()
        }


def statements(resource: Resource, *path: str) -> Iterator[Statement]:
    """Statements of the policy at a path. Raises `NotEvaluated` where it is not known, nothing where it is no JSON."""
    text = resource.at(*path, default="{}")
    try:
        document = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return
    for each in cast(list[dict[str, Any]], _many(document.get("Statement"))):
        yield _statement(each)


def _statement(raw: Mapping[str, Any]) -> Statement:
    conditions = cast(Mapping[str, Mapping[str, Any]], raw.get("Condition") or {})
    return Statement(
        allows=raw.get("Effect") == "Allow",
        actions=tuple(str(each).lower() for each in _many(raw.get("Action") or raw.get("NotAction"))),
        inverted="NotAction" in raw or "NotResource" in raw,
        resources=tuple(map(str, _many(raw.get("Resource") or raw.get("NotResource")))),
        principals=tuple(_principals(raw.get("Principal"))),
        conditions={
            operator: {key: tuple(map(str, _many(values))) for key, values in keys.items()}
            for operator, keys in conditions.items()
        },
    )


def _principals(raw: Any) -> Iterator[tuple[str, str]]:
    if isinstance(raw, str):
        yield "", raw
    elif isinstance(raw, Mapping):
        for kind, names in cast(Mapping[str, Any], raw).items():
            yield from ((kind, str(name)) for name in _many(names))


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast(list[Any], value) if isinstance(value, list) else [value]
