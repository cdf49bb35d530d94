"""Tags: by which bills, clean-ups and people tell what belongs to whom."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policy.rules.machines import TEMPLATE
from policy.rules.model import Context, Resource, at, on

REQUIRED: Final = ("project", "stack", "owner", "managed-by")
_EXPIRES: Final = "expires"
_BORN: Final = ("instance", "volume")
"""What is born from a template, which default tags do not reach."""


def _lacking(tags: Mapping[str, Any], context: Context) -> str:
    wanted = (*REQUIRED, _EXPIRES) if context.expires else REQUIRED
    return ", ".join(tag for tag in wanted if not tags.get(tag))


@on("pulumi:providers:aws")
def provider(provider_: Resource, context: Context) -> Iterator[str]:
    """The provider gives every resource the tags."""
    given = provider_.at("defaultTags", default={})
    if isinstance(given, str):
        given = json.loads(given)
    lacking = _lacking(cast(Mapping[str, Any], at(given, "tags", default={})), context)
    if lacking:
        yield f"defaultTags lacks {lacking}"


@on(TEMPLATE)
def born(template: Resource, context: Context) -> Iterator[str]:
    """Templates give them to what is born of them."""
    found = {str(at(each, "resourceType")): at(each, "tags", default={}) for each in template.each("tagSpecifications")}
    for kind in _BORN:
        lacking = _lacking(found.get(kind, {}), context)
        if lacking:
            yield f"tagSpecifications for {kind} lacks {lacking}"


@on("aws:ec2/instance:Instance")
def root(machine: Resource, context: Context) -> Iterator[str]:
    """Disks of instances have them."""
    tags = machine.at("rootBlockDevice", "tags", default={}) or machine.at("volumeTags", default={})
    lacking = _lacking(cast(Mapping[str, Any], tags), context)
    if lacking:
        yield f"rootBlockDevice.tags lacks {lacking}"


@on("aws:autoscaling/group:Group")
def group(group_: Resource, context: Context) -> Iterator[str]:
    """Auto scaling groups have them, which take no default tags."""
    lacking = _lacking({str(at(tag, "key")): at(tag, "value") for tag in group_.each("tags")}, context)
    if lacking:
        yield f"tags lacks {lacking}"


CHECKS: Final = {"TAG-01": (provider, born, root, group)}
