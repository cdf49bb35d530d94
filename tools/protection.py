"""What a drain leaves alone: what is marked in the cluster, what Pulumi protects, and what these hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools.cluster_api import CLAIM, CNPG_CLUSTER, DEPLOYMENT, NAMESPACE, STATEFUL_SET, ClusterApi, Kind, Object, notes
from tools.pulumi_cli import Export, protected

MARK: Final = "socle/protected"
"""Label or annotation of what a drain must not touch, with the value `true`; on a namespace, for all in it."""

Key = tuple[str, str, str]
"""Kind, namespace and name; the namespace is empty for what lies in none."""


@dataclass(frozen=True)
class Protection:
    """Decides of each object whether it stays."""

    keys: frozenset[Key] = frozenset()
    """Protected objects."""
    claims: frozenset[tuple[str, str]] = frozenset()
    """Namespaces and names of claims that protected workloads mount."""
    templates: tuple[tuple[str, str], ...] = field(default=())
    """Namespaces and prefixes of claims that protected StatefulSets make: a number follows."""

    def covers(self, kind: Kind, found: Object) -> bool:
        """Whether an object stays: by itself, by its namespace, by what owns it, or by what mounts it."""
        metadata: Object = found["metadata"]
        namespace, name = str(metadata.get("namespace", "")), str(metadata["name"])
        owners: Sequence[Object] = metadata.get("ownerReferences") or ()
        database = notes(found, "labels").get("cnpg.io/cluster", "")
        keys = {
            (kind.name, namespace, name),
            (NAMESPACE.name, "", namespace),
            (CNPG_CLUSTER.name, namespace, database),
            *((str(owner["kind"]), namespace, str(owner["name"])) for owner in owners),
            _release(found),
        }
        if keys & self.keys or is_marked(found):
            return True
        if kind.name != CLAIM.name:
            return False
        made = any(
            namespace == where and name.startswith(prefix) and name[len(prefix) :].isdecimal()
            for where, prefix in self.templates
        )
        return made or (namespace, name) in self.claims


def is_marked(found: Object) -> bool:
    """Whether an object carries the mark itself."""
    return "true" in (notes(found, "labels").get(MARK), notes(found, "annotations").get(MARK))


def read_protection(api: ClusterApi, export: Export) -> Protection:
    """What is protected in a cluster, and in the state of its stack."""
    keys = frozenset({*_in_state(export), *_marked(api)})
    known = Protection(keys)
    held = list(_held(api, known))
    return Protection(
        keys,
        frozenset((namespace, name) for namespace, name, is_template in held if not is_template),
        tuple((namespace, name) for namespace, name, is_template in held if is_template),
    )


def _in_state(export: Export) -> Iterator[Key]:
    for resource in protected(export):
        type_ = str(resource["type"])
        inputs: Mapping[str, Any] = resource.get("inputs") or {}
        given: Mapping[str, Any] = inputs.get("metadata") or inputs
        if type_.startswith("kubernetes:") and given.get("name"):
            kind = type_.rpartition(":")[2]
            yield kind, "" if kind == NAMESPACE.name else str(given.get("namespace") or "default"), str(given["name"])


def _marked(api: ClusterApi) -> Iterator[Key]:
    for kind in (NAMESPACE, CNPG_CLUSTER, STATEFUL_SET, DEPLOYMENT):
        for found in api.all(kind):
            if is_marked(found):
                metadata: Object = found["metadata"]
                yield kind.name, str(metadata.get("namespace", "")), str(metadata["name"])


def _held(api: ClusterApi, known: Protection) -> Iterator[tuple[str, str, bool]]:
    """Claims of protected workloads; those of a StatefulSet's templates by the part before the number."""
    for kind in (STATEFUL_SET, DEPLOYMENT):
        for found in api.all(kind):
            if known.covers(kind, found):
                metadata: Object = found["metadata"]
                namespace = str(metadata["namespace"])
                for name in mounted_claims(found["spec"]["template"]["spec"]):
                    yield namespace, name, False
                for template in found["spec"].get("volumeClaimTemplates") or ():
                    yield namespace, f"{template['metadata']['name']}-{metadata['name']}-", True


def mounted_claims(pod: Object) -> list[str]:
    """Names of the claims that a pod's specification mounts."""
    volumes: Sequence[Object] = pod.get("volumes") or ()
    return [str(each["persistentVolumeClaim"]["claimName"]) for each in volumes if each.get("persistentVolumeClaim")]


def _release(found: Object) -> Key:
    of = notes(found, "annotations")
    return "Release", of.get("meta.helm.sh/release-namespace", ""), of.get("meta.helm.sh/release-name", "")
