"""What the rehearsal knows of each AWS resource type beyond AWS's own schemas: `types.yaml`, read once."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("types.yaml")


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One Pulumi type; the keys of its entry in `types.yaml` are these fields."""

    token: str
    """Pulumi type token, such as `aws:ec2/vpc:Vpc`."""
    schema: str | None = None
    """CloudFormation type whose schema describes it, or None where AWS publishes none."""
    part: bool = False
    """It is a part of what `schema` describes (a bucket's versioning): top-level requirements do not apply."""
    within: str | None = None
    """Object of the schema in which AWS nests what Pulumi has at the top."""
    groups: list[str] = field(default_factory=list[str])
    """Pulumi objects that the schema does not have; their properties are placed one by one through `names`."""
    constants: dict[str, Any] = field(default_factory=dict[str, Any])
    """What AWS's schema wants said that Pulumi says by another property."""
    names: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """Pulumi property path to schema path where the names differ; None where the schema has no counterpart."""
    convert: dict[str, Any] = field(default_factory=dict[str, Any])
    """Pulumi property path to the form that AWS's schema wants: `json` for a text of JSON, or a table of values."""
    policies: dict[str, str] = field(default_factory=dict[str, str])
    """Pulumi property path to the grammar of the IAM policy that it holds: `identity`, `resource` or `trust`."""
    enums: dict[str, str] = field(default_factory=dict[str, str])
    """Pulumi property path to a list of values per region, a file of cfn-lint's schema extensions."""
    allowed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Pulumi property path to all values that AWS takes, where its schema does not list them."""
    secrets: list[str] = field(default_factory=list[str])
    """Outputs that are always secret."""
    defaults: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the real provider fills in when the program sets nothing."""
    name: str | None = None
    """Property that autonaming fills."""
    max_name: int | None = None
    """Longest name that AWS takes, where its schema does not say."""
    id: str = "{hex17}"
    """Template of the id."""
    arn: str | None = None
    """Template of the ARN, or None where the resource has none."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    """Templates of what AWS computes."""
    revised: list[str] = field(default_factory=list[str])
    """Outputs that change at every update; `{revision}` counts them."""
    identities: list[str] = field(default_factory=list[str])
    """Outputs, beside id and ARN, by which other resources refer to it or to what AWS creates along with it."""
    references: dict[str, str] = field(default_factory=dict[str, str])
    """Property path to the type that it names, for names that do not look like an id."""
    outside: list[str] = field(default_factory=list[str])
    """Reference properties that may name what the account has apart from the stack."""
    replaces: list[str] = field(default_factory=list[str])
    """Properties whose change replaces the resource though the schema does not say so."""
    updates: list[str] = field(default_factory=list[str])
    """Properties that the provider changes in place though the schema calls them create-only."""
    adopts: str | None = None
    """It manages something that AWS created along with another resource: property that holds that resource's id."""


@cache
def resource_types() -> dict[str, ResourceType]:
    """Every known type by its token."""
    entries: dict[str, dict[str, Any]] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {token: ResourceType(token=token, **entry) for token, entry in entries.items()}


def resource_type(token: str) -> ResourceType:
    """What is known of a type; an unknown type is checked against its pulumi_aws class alone."""
    return resource_types().get(token) or ResourceType(token=token)
