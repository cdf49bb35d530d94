"""All rules, from what the catalogue says of each and the checks that the modules have."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from policy.rules import (
    buckets,
    costs,
    edge,
    eks,
    identity,
    keys,
    logs,
    machines,
    namespaces,
    network,
    pods,
    ports,
    registries,
    safety,
    secrets,
    tags,
)
from policy.rules.model import Check, Rule

FILE: Final = Path(__file__).parents[1] / "catalogue.yaml"
_MODULES: Final[tuple[Mapping[str, tuple[Check, ...]], ...]] = (
    eks.CHECKS,
    machines.CHECKS,
    ports.CHECKS,
    secrets.CHECKS,
    network.CHECKS,
    buckets.CHECKS,
    identity.CHECKS,
    keys.CHECKS,
    logs.CHECKS,
    edge.CHECKS,
    registries.CHECKS,
    pods.CHECKS,
    namespaces.CHECKS,
    costs.CHECKS,
    safety.CHECKS,
    tags.CHECKS,
)
_SETS: Final = ("checkov", "trivy", "fsbp", "cis_aws", "cis_eks", "nsa", "cost")


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the catalogue."""
    return tuple(_rule(id_, entry) for id_, entry in yaml.safe_load(FILE.read_text(encoding="utf-8")).items())


@cache
def known() -> frozenset[str]:
    """Their ids."""
    return frozenset(rule.id for rule in rules())


def _rule(id_: str, entry: Mapping[str, Any]) -> Rule:
    staging, production = entry["level"]
    return Rule(
        id=id_,
        title=entry["title"],
        staging=staging,
        production=production,
        reason=entry["reason"],
        remedy=entry["remedy"],
        ids=MappingProxyType({name: tuple(map(str, entry[name])) for name in _SETS if name in entry}),
        checks=tuple(check for module in _MODULES for check in module.get(id_, ())),
    )
