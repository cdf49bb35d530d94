"""Simulated Kubernetes: objects are valid by the schemas of the API, Helm releases are recorded."""

import base64
import hashlib
from typing import Any, Final

import yaml

from rehearsal import k3s
from rehearsal.check import DEFAULTS, Checked, Declared, Problem, Refusal
from rehearsal.kubernetes import definitions, references
from rehearsal.kubernetes.custom_resources import custom_kind
from rehearsal.kubernetes.definitions import RELEASE
from rehearsal.kubernetes.schemas import judge
from rehearsal.provider import SimulatedProvider
from rehearsal.wire import UNKNOWN, Path, Properties, is_object, object_in, without_indices
from rehearsal.world import Thing

_SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 (a type)

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
    (
        "Namespace",
        "StorageClass",
        "IngressClass",
        "ClusterRole",
        "ClusterRoleBinding",
        "PriorityClass",
        "RuntimeClass",
        "CustomResourceDefinition",
        "PersistentVolume",
        "CSIDriver",
    )
)


_IDENTIFIER: Final = "clusterIdentifier"
_BUILT_IN: Final = ("default", "kube-system", "kube-public", "kube-node-lease")


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
        problems, source = judge(inputs, self.surroundings())
        return Checked(inputs, problems, {"type": declared.type, "kind": "object", "schema": source})

    def surroundings(self) -> str:
        """Kubernetes version of the cluster; empty before there is one."""
        clusters = self.world.of("aws:eks/cluster:Cluster")
        return str(clusters[0].inputs.get("version", "")) if clusters else k3s.kubernetes_version(self.world)

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
        return _as_stored(declared.type, outputs)

    def moving(self, olds: Properties, news: Properties) -> frozenset[str]:
        # https://github.com/pulumi/pulumi-kubernetes/blob/v4.34.2/provider/pkg/provider/provider.go, DiffConfig
        before, after = olds.get(_IDENTIFIER), news.get(_IDENTIFIER)
        if before is not None and before == after:
            return frozenset()
        renamed = {_IDENTIFIER} if before is not None and after is not None else set[str]()
        unknown = {key for key in ("kubeconfig", "context", "cluster") if news.get(key) is UNKNOWN}
        other = {"kubeconfig"} if not unknown and _active_cluster(olds) != _active_cluster(news) else set[str]()
        return frozenset(renamed | unknown | other)

    def secret_outputs(self, type_: str) -> tuple[str, ...]:
        # Always, as the SDK asks for it: https://github.com/pulumi/pulumi-kubernetes/blob/v4.34.2/sdk/python
        return ("data", "stringData") if type_ == _SECRET else ()

    def make(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Thing:
        metadata = object_in(inputs, "metadata")
        is_release = declared.type == RELEASE
        name = str(inputs["name"] if is_release else metadata["name"])
        namespace = str(inputs.get("namespace", "default")) if is_release else self._namespace(inputs)
        if namespace and namespace not in _BUILT_IN and not inputs.get("createNamespace"):
            self._refuse_missing_namespace(namespace)
        definitions.refuse_undefined(self.world, inputs)
        if is_release:
            references.refuse_missing_for_release(self.world, inputs, namespace)
        else:
            references.refuse_missing(self.world, inputs, namespace)
        id_ = f"{namespace}/{name}" if namespace else name
        if existing is None and self.world.get(declared.type, id_) is not None:
            raise Refusal(f'{declared.type.rpartition(":")[2]} "{id_}" already exists')
        outputs = _as_stored(declared.type, {key: value for key, value in inputs.items() if key != DEFAULTS})
        if is_release:
            revision = (existing.outputs["status"]["revision"] if existing else 0) + 1
            status = {key: inputs.get(key) for key in ("name", "namespace", "chart", "version")}
            outputs["status"] = {**status, "revision": revision, "status": "deployed"}
            outputs["resourceNames"] = {}
        return Thing(declared.type, id_, declared.urn, inputs, outputs)

    def release(self, thing: Thing) -> None:
        if thing.type == RELEASE:
            definitions.refuse_lost_objects(self.world, thing)

    def look_up(self, token: str, args: Properties, config: Properties) -> Properties:
        raise Refusal(f"the rehearsal has no answer for the look-up {token}")

    def _namespace(self, inputs: Properties) -> str:
        custom = custom_kind(str(inputs.get("apiVersion")), str(inputs.get("kind")))
        if inputs.get("kind") in _CLUSTER_WIDE or (custom is not None and custom.scope == "Cluster"):
            return ""
        return str(object_in(inputs, "metadata").get("namespace") or "default")

    def _refuse_missing_namespace(self, namespace: str) -> None:
        if self.world.get("kubernetes:core/v1:Namespace", namespace) is None:
            raise Refusal(f'namespaces "{namespace}" not found')


def _active_cluster(config: Properties) -> Any:
    """The cluster that a provider's kubeconfig speaks to, with its address and authority."""
    try:
        document: Any = yaml.load(str(config.get("kubeconfig", "")), Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None
    if not is_object(document):
        return None
    context = _named(document, "contexts", config.get("context") or document.get("current-context"))
    return _named(document, "clusters", config.get("cluster") or object_in(context, "context").get("cluster"))


def _named(document: Properties, key: str, name: Any) -> Properties:
    entries: list[Properties] = document.get(key) or []
    return next((entry for entry in entries if entry.get("name") == name), Properties())


def _as_stored(type_: str, outputs: Properties) -> Properties:
    """What the API server gives back: of a Secret, only the encoded form of its values."""
    if type_ != _SECRET or "stringData" not in outputs:
        return outputs
    data: Any = UNKNOWN
    if outputs["stringData"] is not UNKNOWN:
        data = {**object_in(outputs, "data"), **{k: _encoded(v) for k, v in outputs["stringData"].items()}}
    return {**{key: value for key, value in outputs.items() if key != "stringData"}, "data": data}


def _encoded(value: Any) -> Any:
    return value if value is UNKNOWN else base64.b64encode(str(value).encode()).decode()
