"""IAM policy documents: their grammar by cfn-lint's schemas, and whether each action exists."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from rehearsal.aws.schemas import DATA, reasons
from rehearsal.wire import dotted, is_list, is_object

GRAMMARS = ("identity", "resource", "trust")
"""Kinds of policy: of a principal, of a resource, and who may assume a role."""


def mistakes(grammar: str, text: str) -> Iterator[str]:
    """What AWS would refuse in a policy document, as sentences that name the place."""
    try:
        document = json.loads(text)
    except ValueError:
        yield f"expected a policy document in JSON, got {text!r}"
        return
    registry = _registry()
    for place, reason in reasons(registry.contents(grammar), document, registry):
        yield f"{dotted(place) or 'the policy'}: {reason}"
    for action in _actions(document):
        if not _exists(action):
            yield f"Action: no AWS service has an action {action}"


def _actions(document: Any) -> Iterator[str]:
    statements: Any = document.get("Statement") if is_object(document) else None
    for statement in statements if is_list(statements) else [statements]:
        if is_object(statement):
            for key in ("Action", "NotAction"):
                found = statement.get(key, [])
                yield from found if is_list(found) else [str(found)]


@cache
def _exists(action: str) -> bool:
    """Whether at least one action matches; `*` and `?` are wildcards."""
    service, _, name = action.lower().partition(":")
    known = _services().get(service, {}).get("Actions", {})
    return action == "*" or any(fnmatchcase(each, name) for each in known)


@cache
def _services() -> dict[str, Any]:
    return json.loads((DATA / "AdditionalSpecs" / "Policies.json").read_text(encoding="utf-8"))


@cache
def _registry() -> "Registry[Any]":
    folder = DATA / "schemas" / "other" / "iam"
    resources: list[Any] = [
        Resource.from_contents(json.loads(file.read_text(encoding="utf-8")), default_specification=DRAFT202012)
        for file in folder.glob("policy*.json")
    ]
    empty: Registry[Any] = Registry()
    return empty.with_resources([(str(resource.id()), resource) for resource in resources])
