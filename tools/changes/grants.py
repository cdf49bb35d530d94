"""What a change allows that was not allowed before, and what it allows no longer, by IAM's own words."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from tools.changes.masks import OPAQUE, Masks
from tools.changes.model import Preview, Resource
from tools.changes.summaries import Granted, PermissionSummary

# Where a type of resource holds what may be done: a policy document, or the ARN of a policy of AWS or of the account.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html
_DOCUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:iam/role:Role": ("assumeRolePolicy",),
    **dict.fromkeys(
        (
            *(f"aws:iam/{kind}:{kind[0].upper()}{kind[1:]}" for kind in ("policy", "rolePolicy", "userPolicy")),
            *("aws:iam/groupPolicy:GroupPolicy", "aws:kms/key:Key", "aws:s3/bucketPolicy:BucketPolicy"),
            *("aws:sns/topicPolicy:TopicPolicy", "aws:sqs/queuePolicy:QueuePolicy"),
            *("aws:secretsmanager/secretPolicy:SecretPolicy", "aws:ecr/repositoryPolicy:RepositoryPolicy"),
        ),
        ("policy",),
    ),
    **dict.fromkeys(
        (
            *("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment"),
            *(
                "aws:iam/userPolicyAttachment:UserPolicyAttachment",
                "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            ),
        ),
        ("policyArn",),
    ),
}


class _Unknown(Exception):  # noqa: N818 (reads as what it is)
    """The engine does not know the policy yet, or hides it."""


def permission_summary(preview: Preview, masks: Masks) -> PermissionSummary | None:
    """What the planned change allows and no longer allows, resource by resource; None where that stays as it is.

    A policy that is made of what only the update knows, such as the ARN of a new bucket, is named and not told.
    """
    before = {each.urn: each for each in preview.resources_before() if each.type in _DOCUMENTS}
    after = {each.urn: each for each in preview.resources_after() if each.type in _DOCUMENTS}
    grants: list[Granted] = []
    unknown: list[str] = []
    for urn in sorted({*before, *after}):
        old, new = before.get(urn), after.get(urn)
        named = cast(Resource, new or old)
        called = f"{named.type} {named.name}"
        try:
            had, has = _allowed(old, masks), _allowed(new, masks)
        except _Unknown:
            if old is None or new is None or old.inputs != new.inputs:
                unknown.append(called)
            continue
        if had != has:
            grants.append(Granted(resource=called, added=_ordered(has - had), removed=_ordered(had - has)))
    return PermissionSummary(grants=tuple(grants), unknown=tuple(unknown)) if grants or unknown else None


def _ordered(lines: set[str]) -> tuple[str, ...]:
    return tuple(sorted(lines))


def _allowed(resource: Resource | None, masks: Masks) -> set[str]:
    """Every permission that a resource gives, in a line each. Raises `_Unknown`."""
    if resource is None:
        return set()
    values = [masks.value(resource.inputs.get(name)) for name in _DOCUMENTS[resource.type]]
    if any(value in OPAQUE for value in values):
        raise _Unknown
    return {line for value in values if isinstance(value, str) for line in _lines(value)}


def _lines(value: str) -> Iterator[str]:
    try:
        document: Any = json.loads(value)
    except ValueError:
        yield f"all of {value}"  # an ARN
        return
    parsed = cast(dict[str, Any], document) if isinstance(document, dict) else {}
    for each in _many(parsed.get("Statement")):
        if each.get("Effect") == "Allow":
            yield from _of_statement(each)


def _of_statement(raw: Mapping[str, Any]) -> Iterator[str]:
    things = _named(raw, "Resource", "on ")
    who = [f" to {name}" for name in _principals(raw.get("Principal"))] or [""]
    condition = " under conditions" if raw.get("Condition") else ""
    for action in _named(raw, "Action", ""):
        for thing in things or [""]:
            yield from (f"{action}{f' {thing}' if thing else ''}{name}{condition}" for name in who)


def _named(raw: Mapping[str, Any], key: str, word: str) -> list[str]:
    """What a statement is about: each by itself, or all but some."""
    if f"Not{key}" in raw:
        return [f"{word}everything but {', '.join(map(str, _many(raw[f'Not{key}'])))}"]
    return [f"{word}{each}" for each in _many(raw.get(key))]


def _principals(raw: Any) -> Iterable[str]:
    if isinstance(raw, Mapping):
        return [str(name) for names in cast(Mapping[str, Any], raw).values() for name in _many(names)]
    return ["anybody"] if raw == "*" else []


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast(list[Any], value) if isinstance(value, list) else [value]
