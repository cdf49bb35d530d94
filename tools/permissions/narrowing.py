"""On which resources, and under which conditions, each needed action is allowed."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import yaml
from pydantic import BaseModel, ConfigDict

from tools.permissions import reference
from tools.permissions.needed import Needed, NotKnown
from tools.permissions.reference import Action, Resource

Conditions = Mapping[str, Mapping[str, str | list[str]]]
"""Operator, then condition key, then the value or values that it accepts."""
PROJECT_TAG: Final = "project"
_HERE: Final = {f"aws:ResourceTag/{PROJECT_TAG}": "socle"}
_ASKED: Final = {f"aws:RequestTag/{PROJECT_TAG}": "socle"}
OURS: Final[Conditions] = {"StringEquals": _HERE}
"""It has our tag."""
MADE: Final[Conditions] = {"StringEquals": _ASKED}
"""It is made with our tag."""
ADOPTED: Final[Conditions] = {"StringEquals": _ASKED, "StringEqualsIfExists": _HERE}
"""It gets our tag, and has that of no other project."""
_NAMED: Final = {"ours": OURS, "made": MADE, "adopted": ADOPTED}
_RESOURCE_TAG: Final = "aws:ResourceTag/${TagKey}"
_REQUEST_TAG: Final = "aws:RequestTag/${TagKey}"
_CREATES: Final = ("Allocate", "Create", "Import", "Run")
_TABLE: Final = Path(__file__).with_name("narrowing.yaml")


class _Special(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    resources: list[str]
    when: str | dict[str, dict[str, Any]] = ""
    why: str = ""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    names: dict[str, list[str]]
    tags: list[str]
    open: dict[str, str]
    unused: list[str]
    actions: dict[str, list[_Special]]


@dataclass(frozen=True, order=True)
class Grant:
    """An action on one pattern of resources, under one set of conditions."""

    action: str
    resource: str
    conditions: str = ""
    """As canonical JSON, so that grants compare and sort; empty when there are none."""
    why: str = ""
    """Why it is not narrower, where it is not."""

    @property
    def narrowed_by(self) -> str:
        """`tag`, `condition`, `name`, the `kind` of resource, or `nothing`."""
        if "Tag/" in self.conditions:
            return "tag"
        if self.conditions:
            return "condition"
        if self.resource == "*":
            return "nothing"
        return "name" if "socle-" in self.resource or re.split("[/:]", self.resource)[-1] != "*" else "kind"


@cache
def table() -> _Table:
    """What tells ours from others', read once."""
    raw: Any = yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return _Table.model_validate(raw)


def grants(needs: Needed) -> list[Grant]:
    """What a role is allowed, action by action. Raises `NotKnown` when the table has to say more."""
    found = {grant for name in needs.actions for grant in _of_action(reference.action(name), needs)}
    return sorted(found)


def _of_action(action: Action, needs: Needed) -> Iterator[Grant]:
    special = table().actions.get(action.name)
    if special:
        for each in special:
            for resource in each.resources:
                yield Grant(action.name, resource, _written(_conditions(each.when, needs)), each.why)
        return
    if not action.resources:
        made = action.level != "Read" and _REQUEST_TAG in action.keys
        why = "" if made else "AWS takes no resource for it"
        yield Grant(action.name, "*", _written(MADE) if made else "", why)
        return
    yield from _by_resource(action)


def _by_resource(action: Action) -> Iterator[Grant]:
    names, known = table().names, {*table().tags, *table().open}
    ours = [each for each in action.resources if each.type in names or each.type in known]
    missing = [each.type for each in action.resources if each.required and each not in ours]
    missing = [each for each in missing if each not in table().unused]
    if not ours or missing:
        what = ", ".join(missing or [each.type for each in action.resources])
        raise NotKnown(f"{action.name}: nothing tells which {what} is ours, say it in tools/permissions/narrowing.yaml")
    if action.reads and not all(each.type in names for each in ours):
        yield Grant(action.name, "*", "", "it reads, and its resource has no name of ours")
        return
    for each in ours:
        for resource, conditions, why in _narrowed(action, each):
            yield Grant(action.name, resource, _written(conditions), why)


def _narrowed(action: Action, resource: Resource) -> Iterator[tuple[str, Conditions, str]]:
    if resource.type in table().names:
        for arn in table().names[resource.type]:
            yield arn, {}, ""
    elif resource.type in table().open:
        yield resource.arn, {}, table().open[resource.type]
    elif _is_made_by(action, resource):
        yield resource.arn, MADE, ""
    elif _RESOURCE_TAG in resource.keys | action.keys:
        yield resource.arn, OURS, ""
    else:
        raise NotKnown(f"{action.name}: AWS does not know {resource.type} by its tags, say what does in narrowing.yaml")


def _is_made_by(action: Action, resource: Resource) -> bool:
    """Whether the action makes such a resource: then it is known by the tags that it is made with."""
    verb = action.name.partition(":")[2]
    return verb.startswith(_CREATES) and _REQUEST_TAG in resource.asked and _RESOURCE_TAG not in resource.asked


def _conditions(when: str | Mapping[str, Any], needs: Needed) -> Conditions:
    if isinstance(when, str):
        return _NAMED[when] if when else {}
    values: dict[str, Sequence[str]] = {
        "{passes}": sorted(needs.passes),
        "{linked}": sorted(needs.linked),
        "{attached}": sorted(needs.attached),
        "{create}": _tagging_creations(needs),
    }

    def filled(value: Any) -> str | list[str]:
        return list(values[value]) if isinstance(value, str) and value in values else cast(Any, value)

    return {operator: {key: filled(value) for key, value in keys.items()} for operator, keys in when.items()}


def _tagging_creations(needs: Needed) -> list[str]:
    """Needed actions of EC2 that can tag what they make, as `ec2:CreateAction` has them."""
    ec2 = [reference.action(name) for name in needs.actions if name.startswith("ec2:")]
    return [
        action.name.partition(":")[2]
        for action in ec2
        if action.name != "ec2:CreateTags"
        and action.name.partition(":")[2].startswith(_CREATES)
        and any(_REQUEST_TAG in each.asked for each in action.resources)
    ]


def _written(conditions: Conditions) -> str:
    return json.dumps(conditions, sort_keys=True) if conditions else ""
