"""Names of other objects in an object, and whether these exist: a pod that names nothing never becomes ready."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rehearsal.check import Refusal
from rehearsal.kubernetes.custom_resources import custom_kind, custom_kinds
from rehearsal.kubernetes.definitions import type_of
from rehearsal.kubernetes.made_by_others import is_made_by_others
from rehearsal.wire import Properties, is_list, is_object, leaves, object_in, without_indices
from rehearsal.world import World

_CORE: Final = {
    kind: f"kubernetes:core/v1:{kind}" for kind in ("Secret", "ConfigMap", "ServiceAccount", "PersistentVolumeClaim")
}
_POD: Final[dict[str, tuple[str, ...]]] = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), ("spec", "template", "spec")),
}
"""Where the objects that run pods describe them."""
_BY_KEY: Final = {
    "secretKeyRef": ("Secret", "name"),
    "secretRef": ("Secret", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
}
"""Objects of the API that hold nothing but a name, and an entry of what has it."""
_SECRET_VALUE: Final = re.compile(r"^(\w*existing\w*secret(name)?|\w+userssecret|secret)$", re.IGNORECASE)
"""Values of charts that name a Secret which is to be there already."""


@dataclass(frozen=True)
class Reference:
    """The name of another object of the same namespace."""

    kind: str
    name: str
    entry: str | None = None
    """The entry that it must have."""


def refuse_missing(world: World, inputs: Properties, namespace: str) -> None:
    """Refuse an object that names what does not exist in its namespace."""
    metadata, kind = object_in(inputs, "metadata"), str(inputs.get("kind"))
    for reference in {*_of_pods(inputs), *_of_custom_resource(inputs)}:
        problem = _missing(world, reference, namespace, "")
        if problem:
            what = "its pods never start" if kind in _POD else "it never becomes ready"
            raise Refusal(f'{kind} "{namespace}/{metadata.get("name")}": {what}: {problem}')


def refuse_missing_for_release(world: World, inputs: Properties, namespace: str) -> None:
    """Refuse a release whose values name Secrets that do not exist."""
    for reference in set(_of_values(inputs.get("values") or {})):
        problem = _missing(world, reference, namespace, str(inputs["name"]))
        if problem:
            raise Refusal(f'release "{namespace}/{inputs["name"]}": its pods never start: {problem}')


def _missing(world: World, reference: Reference, namespace: str, own_release: str) -> str:
    """What Kubernetes says of a name that nothing has; empty when something has it."""
    custom = next((type_of(kind) for (_, name), kind in custom_kinds().items() if name == reference.kind), "")
    type_ = _CORE.get(reference.kind, custom)
    found = world.get(type_, f"{namespace}/{reference.name}") or world.get(type_, reference.name)
    if found is None:
        made = is_made_by_others(world, reference.kind, namespace, reference.name, own_release)
        return "" if made else f'{reference.kind.lower()} "{reference.name}" not found'
    entries = {*object_in(found.inputs, "data"), *object_in(found.inputs, "stringData")}
    if reference.entry is not None and reference.entry not in entries and reference.kind in ("Secret", "ConfigMap"):
        return f"couldn't find key {reference.entry} in {reference.kind} {namespace}/{reference.name}"
    return ""


def _of_pods(inputs: Properties) -> Iterator[Reference]:
    places = _POD.get(str(inputs.get("kind")))
    if places is None:
        return
    pod: Any = inputs
    for place in places:
        pod = object_in(pod, place)
    yield from _below(pod)
    account = pod.get("serviceAccountName")
    if isinstance(account, str):
        yield Reference("ServiceAccount", account)
    volumes: list[Properties] = pod.get("volumes") or []
    for volume in volumes:
        yield from _of_volume(volume)
        sources: list[Properties] = object_in(volume, "projected").get("sources") or []
        for source in sources:
            yield from _of_volume(source)


def _of_volume(volume: Properties) -> Iterator[Reference]:
    """What a volume, or one source of a projected one, is filled from."""
    for key, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
        source = object_in(volume, key)
        name = source.get("secretName") or source.get("name")
        if isinstance(name, str) and not source.get("optional"):
            yield Reference(kind, name)


def _below(value: Any) -> Iterator[Reference]:
    """References that look the same wherever they stand: in pods, and in the values of charts."""
    if is_list(value):
        for item in value:
            yield from _below(item)
    if not is_object(value):
        return
    for key, item in value.items():
        if key in _BY_KEY and is_object(item):
            kind, field = _BY_KEY[key]
            name, entry = item.get(field), item.get("key")
            if isinstance(name, str) and name and not item.get("optional"):
                yield Reference(kind, name, entry if isinstance(entry, str) else None)
        elif key == "imagePullSecrets" and is_list(item):
            names = [each.get("name") if is_object(each) else each for each in item]
            yield from (Reference("Secret", name) for name in names if isinstance(name, str))
        else:
            yield from _below(item)


def _of_values(values: Properties) -> Iterator[Reference]:
    yield from _below(values)
    for path, value in leaves(values):
        if isinstance(value, str) and value and path and _SECRET_VALUE.match(str(path[-1])):
            yield Reference("Secret", value)


def _of_custom_resource(inputs: Properties) -> Iterator[Reference]:
    kind = custom_kind(str(inputs.get("apiVersion")), str(inputs.get("kind")))
    if kind is None:
        return
    for path, value in leaves(inputs):
        named = kind.names.get(without_indices(path))
        if named is not None and isinstance(value, str):
            yield Reference(named, value)
