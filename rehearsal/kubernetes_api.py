"""Simulated Kubernetes: objects are valid by the API's own OpenAPI schemas, Helm releases are recorded."""

import hashlib
import re
from functools import cache
from typing import Any, Final

import kubernetes_validate

from rehearsal.aws.document import get
from rehearsal.check import DEFAULTS, Checked, Declared, Problem, Refusal
from rehearsal.provider import SimulatedProvider
from rehearsal.wire import UNKNOWN, Path, Properties, dotted, is_list, is_object, object_in, without_indices
from rehearsal.world import Thing

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")  # RFC 1123, as the API server demands

# Fields that the API server refuses to change, so that the provider replaces the object:
# https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/
_IMMUTABLE: Final[dict[str, tuple[str, ...]]] = {
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "Job": ("spec.template", "spec.selector"),
    "Deployment": ("spec.selector",),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
    "DaemonSet": ("spec.selector",),
    "Service": ("spec.clusterIP",),
    "PersistentVolumeClaim": ("spec.storageClassName", "spec.accessModes", "spec.volumeName"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "Secret": ("type",),
}
_CLUSTER_WIDE: Final = frozenset(
    ("Namespace", "StorageClass", "IngressClass", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "RuntimeClass")
)


class SimulatedKubernetes(SimulatedProvider):
    """Checks every object against the schema of the cluster's Kubernetes version."""

    def check(self, declared: Declared, news: Properties, olds: Properties) -> Checked:
        if declared.type == RELEASE:
            missing = [key for key in ("chart", "version", "name") if not news.get(key)]
            problems = [Problem(key, "a release needs a fixed value here, got nothing") for key in missing]
            return Checked(news, problems, {"type": declared.type, "kind": "release"})
        metadata = object_in(news, "metadata")
        inputs = {**news}
        if news.get("metadata") is not UNKNOWN and "name" not in metadata:
            kept = object_in(olds, "metadata").get("name")
            suffix = hashlib.sha256(declared.urn.encode()).hexdigest()[:8]
            name = kept or declared.proposed_name or f"{declared.name}-{suffix}"
            annotations = {**object_in(metadata, "annotations"), "pulumi.com/autonamed": "true"}
            inputs["metadata"] = {**metadata, "name": name, "annotations": annotations}
        violation = _validate(inputs, self.surroundings())
        problems = [*_bad_name(inputs), *([violation] if isinstance(violation, Problem) else [])]
        finding = {"type": declared.type, "kind": "object", "schema": violation is not False}
        return Checked(inputs, problems, finding)

    def surroundings(self) -> str:
        """Kubernetes version of the cluster; empty before there is one."""
        clusters = self.world.of("aws:eks/cluster:Cluster")
        return str(clusters[0].inputs.get("version", "")) if clusters else ""

    def replaces(self, type_: str, path: Path) -> bool:
        plain = without_indices(path)
        if type_ == RELEASE:
            return plain in ("name", "namespace")
        if plain in ("metadata", "metadata.name", "metadata.namespace", "kind"):
            return True
        fixed = _IMMUTABLE.get(type_.rpartition(":")[2], ())
        return any(plain == field or plain.startswith(f"{field}.") for field in fixed)

    def replaced_first(self, type_: str, olds: Properties, news: Properties) -> bool:
        return "pulumi.com/autonamed" not in object_in(object_in(news, "metadata"), "annotations")

    def imagine(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Properties:
        outputs = {key: value for key, value in inputs.items() if key != DEFAULTS}
        if declared.type == RELEASE:
            return {**(existing.outputs if existing else {"resourceNames": UNKNOWN}), **outputs, "status": UNKNOWN}
        return outputs

    def make(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Thing:
        metadata = object_in(inputs, "metadata")
        is_release = declared.type == RELEASE
        name = str(inputs["name"] if is_release else metadata["name"])
        namespace = str(inputs.get("namespace", "default")) if is_release else self._namespace(inputs)
        if (
            namespace
            and namespace not in ("default", "kube-system", "kube-public")
            and not inputs.get("createNamespace")
        ):
            self._refuse_missing_namespace(namespace)
        id_ = f"{namespace}/{name}" if namespace else name
        if existing is None and self.world.get(declared.type, id_) is not None:
            raise Refusal(f'{declared.type.rpartition(":")[2]} "{id_}" already exists')
        outputs = {key: value for key, value in inputs.items() if key != DEFAULTS}
        if is_release:
            revision = (existing.outputs["status"]["revision"] if existing else 0) + 1
            status = {key: inputs.get(key) for key in ("name", "namespace", "chart", "version")}
            outputs["status"] = {**status, "revision": revision, "status": "deployed"}
            outputs["resourceNames"] = {}
        return Thing(declared.type, id_, declared.urn, inputs, outputs)

    def release(self, thing: Thing) -> None:
        return None

    def look_up(self, token: str, args: Properties, config: Properties) -> Properties:
        raise Refusal(f"the rehearsal has no answer for the look-up {token}")

    def _namespace(self, inputs: Properties) -> str:
        if inputs.get("kind") in _CLUSTER_WIDE:
            return ""
        return str(object_in(inputs, "metadata").get("namespace") or "default")

    def _refuse_missing_namespace(self, namespace: str) -> None:
        if self.world.get("kubernetes:core/v1:Namespace", namespace) is None:
            raise Refusal(f'namespaces "{namespace}" not found')


@cache
def _newest() -> str:
    return kubernetes_validate.latest_version()


def _bad_name(inputs: Properties) -> list[Problem]:
    name = object_in(inputs, "metadata").get("name")
    if isinstance(name, str) and not _NAME.match(name):
        return [Problem("metadata.name", f"expected a lower-case RFC 1123 name, got {name!r}")]
    return []


def _validate(inputs: Properties, version: str) -> Problem | bool:
    """True when valid, False when there is no schema for the kind (a custom resource), else what is wrong."""
    plain = _without_unknown({key: value for key, value in inputs.items() if key != DEFAULTS})
    try:
        kubernetes_validate.validate(plain, version or _newest(), strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return False
    except kubernetes_validate.ValidationError as error:
        # What is required may be there without being known yet; the update, which knows it, checks again.
        if error.validator == "required" and _has_unknown_at(inputs, tuple(error.path)):
            return True
        return Problem(dotted(tuple(error.path)), str(error.message))
    return True


def _has_unknown_at(inputs: Properties, path: Path) -> bool:
    holder = get(inputs, path)
    return is_object(holder) and UNKNOWN in holder.values()


def _without_unknown(value: Any) -> Any:
    """The value without what is not known yet, which cannot be judged."""
    if is_object(value):
        return {k: _without_unknown(v) for k, v in value.items() if v is not UNKNOWN}
    if is_list(value):
        return [_without_unknown(item) for item in value if item is not UNKNOWN]
    return value
