"""Takes what lay in a cluster out of an exported state, and everything that pointed at it."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from tools.pulumi_cli import Export, Resource, name_of, resources

_PROVIDER: Final = "pulumi:providers:kubernetes"


@dataclass(frozen=True)
class Forgotten:
    """A state without its cluster's objects."""

    export: Export
    """The state, ready to be imported."""
    removed: list[Resource] = field(default_factory=list[Resource])
    """What was taken out: objects, Helm releases and their providers."""
    unfinished: list[str] = field(default_factory=list[str])
    """Operations on other resources that were under way; importing a state forgets them."""

    @property
    def objects(self) -> int:
        """How many of them were objects or releases."""
        return sum(each["type"] != _PROVIDER for each in self.removed)


def forget(export: Export) -> Forgotten:
    """Take out every Kubernetes provider and all that it made; `export` stays as it was.

    What depended on these keeps its other dependencies, and gets the nearest parent that stays.
    """
    providers = {_reference(each) for each in resources(export) if each["type"] == _PROVIDER}
    removed = [each for each in resources(export) if _goes(each, providers)]
    parents = {str(each["urn"]): str(each.get("parent", "")) for each in removed}
    # A resource that waits for its deletion has the URN of the one that replaced it.
    kept = [each for each in resources(export) if not _goes(each, providers)]
    gone = parents.keys() - {str(each["urn"]) for each in kept}
    state = {**export["deployment"], "resources": [_loosened(each, gone, parents) for each in kept]}
    operations: list[dict[str, Any]] = state.pop("pending_operations", None) or []
    unfinished = [
        f"{each['type']} {each['resource']['type']} {name_of(each['resource'])}"
        for each in operations
        if not _goes(each["resource"], providers)
    ]
    return Forgotten({**export, "deployment": state}, removed, unfinished)


def _reference(provider: Resource) -> str:
    """How resources name their provider."""
    return f"{provider['urn']}::{provider.get('id', '')}"


def _goes(resource: Resource, providers: set[str]) -> bool:
    provider = str(resource.get("provider", ""))
    # An operation under way can name a provider whose id nobody knew yet.
    by_kind = f"::{_PROVIDER}::" in provider or f"${_PROVIDER}::" in provider
    return resource["type"] == _PROVIDER or provider in providers or by_kind


def _loosened(resource: Resource, gone: set[str], parents: Mapping[str, str]) -> Resource:
    """A resource that stays, without anything that points at what goes."""
    loose = deepcopy(resource)
    parent = str(loose.get("parent", ""))
    while parent in gone:
        parent = parents[parent]
    if loose.get("parent"):
        loose["parent"] = parent
    for key in ("dependencies", "replaceWith"):
        if loose.get(key):
            loose[key] = [urn for urn in loose[key] if urn not in gone]
    if loose.get("propertyDependencies"):
        loose["propertyDependencies"] = dict(_without(loose["propertyDependencies"], gone))
    if loose.get("deletedWith") in gone:
        del loose["deletedWith"]
    return loose


def _without(dependencies: Mapping[str, Any], gone: set[str]) -> Iterator[tuple[str, list[str]]]:
    for name, urns in dependencies.items():
        yield name, [urn for urn in urns or () if urn not in gone]
