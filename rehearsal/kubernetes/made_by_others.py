"""Objects that are not in the stack, because a chart, a controller or Kubernetes itself makes them."""

import re
from collections.abc import Iterator
from typing import Final

from rehearsal.kubernetes.definitions import RELEASE
from rehearsal.wire import Properties, object_in
from rehearsal.world import World

_EVERYWHERE: Final = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
# https://cloudnative-pg.io/documentation/1.30/applications/#secrets
_OF_POSTGRESQL: Final = ("app", "superuser", "ca", "server", "replication")


def is_made_by_others(world: World, kind: str, namespace: str, name: str, own_release: str) -> bool:
    """Whether something that exists makes this object; a release does not make what its own values ask for."""
    if (kind, name) in _EVERYWHERE:
        return True
    releases = {
        str(thing.inputs["name"])
        for thing in world.of(RELEASE)
        if thing.inputs.get("namespace", "default") == namespace and thing.inputs["name"] != own_release
    }
    # What a chart makes bears the name of its release, by the habit of all charts.
    if any(name == release or name.startswith(f"{release}-") for release in releases):
        return True
    if kind == "Secret":
        return name in _secrets(world, namespace)
    clusters = [_name(cluster) for cluster in _objects(world, "kubernetes:postgresql.cnpg.io/v1:Cluster", namespace)]
    if kind == "ServiceAccount":
        return name in clusters
    return kind == "PersistentVolumeClaim" and any(
        re.fullmatch(rf"{claim}-{re.escape(_name(each))}-\d+", name)
        for each in _objects(world, "kubernetes:apps/v1:StatefulSet", namespace)
        for claim in _claims(each)
    )


def _secrets(world: World, namespace: str) -> set[str]:
    """Secrets that controllers fill in this namespace."""
    found = {
        str(object_in(each, "spec").get("secretName"))
        for each in _objects(world, "kubernetes:cert-manager.io/v1:Certificate", namespace)
    }
    for ingress in _objects(world, "kubernetes:networking.k8s.io/v1:Ingress", namespace):
        annotations = object_in(object_in(ingress, "metadata"), "annotations")
        if annotations.keys() & {"cert-manager.io/cluster-issuer", "cert-manager.io/issuer"}:
            found |= {str(entry.get("secretName")) for entry in object_in(ingress, "spec").get("tls", [])}
    for cluster in _objects(world, "kubernetes:postgresql.cnpg.io/v1:Cluster", namespace):
        found |= {f"{_name(cluster)}-{role}" for role in _OF_POSTGRESQL}
    return found


def _objects(world: World, type_: str, namespace: str) -> Iterator[Properties]:
    return (thing.inputs for thing in world.of(type_) if thing.id.startswith(f"{namespace}/"))


def _name(inputs: Properties) -> str:
    return str(object_in(inputs, "metadata").get("name"))


def _claims(stateful_set: Properties) -> list[str]:
    templates = object_in(stateful_set, "spec").get("volumeClaimTemplates", [])
    return [re.escape(str(object_in(template, "metadata").get("name"))) for template in templates]
