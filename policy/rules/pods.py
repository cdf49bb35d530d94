"""Kubernetes: what pods may do, what they ask for, and which images they run."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policy.rules.model import Context, Resource, at, each, on, yes

WORKLOADS: Final = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
)
AGENTS: Final = {
    "datadog": "the agent reads what the node and its containers do",
    "velero": "the node agent reads the volumes of pods",
    "amazon-cloudwatch": "the agent reads what the node and its containers do",
}
"""Namespaces whose pods need the node itself, and why."""
_BASELINE: Final = frozenset({"gitlab-runner"})
"""Namespaces of pods that others write: images of pipelines run as root."""
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_REGISTRIES: Final = frozenset(
    {
        "docker.io", "ghcr.io", "quay.io", "registry.gitlab.com", "registry.k8s.io", "public.ecr.aws", "gcr.io",
        "mcr.microsoft.com",
    }
)  # fmt: skip
_ECR: Final = re.compile(r"\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com\Z")
_PAID: Final = "docker.io/bitnami/"
_SWITCHES: Final = frozenset({"privileged", "hostNetwork", "hostPID", "hostIPC", "allowPrivilegeEscalation"})
_CONTAINERS: Final = ("containers", "initContainers")


def pod_of(workload: Resource) -> Any:
    """The pod of a workload. Raises `NotEvaluated`."""
    inside = ("spec", "jobTemplate") if workload.type.endswith(":CronJob") else ()
    return workload.at(*inside, "spec", "template", "spec", default={})


def containers(workload: Resource) -> Iterator[Any]:
    """Its containers, those that come first too."""
    pod = pod_of(workload)
    for kind in _CONTAINERS:
        yield from each(pod, kind)


def namespace_of(object_: Resource) -> str:
    """Where an object is. Raises `NotEvaluated`."""
    if object_.type.endswith(":Release"):
        return str(object_.at("namespace", default="default"))
    return str(object_.at("metadata", "namespace", default="default"))


@on("kubernetes:core/v1:Namespace")
def namespace(space: Resource, _: Context) -> Iterator[str]:
    """A namespace enforces the strictest standard that its pods can keep."""
    name = str(space.at("metadata", "name", default=space.name))
    level = at(space.at("metadata", "labels", default={}), _ENFORCE)
    allowed = ("restricted", "baseline") if name in _BASELINE else ("restricted",)
    if level not in allowed and name not in AGENTS:
        yield f"the label {_ENFORCE} is {level or 'not set'}, expected restricted"


@on(*WORKLOADS)
def identity(workload: Resource, _: Context) -> Iterator[str]:
    """Pods run as somebody, without a way to become root, and share nothing with the node."""
    pod = pod_of(workload)
    for switch in ("hostNetwork", "hostPID", "hostIPC"):
        if yes(at(pod, switch)):
            yield f"{switch} is true"
    if any(at(volume, "hostPath") for volume in each(pod, "volumes")):
        yield "a volume is a folder of the node (hostPath)"
    for container in containers(workload):
        name, own = at(container, "name"), at(container, "securityContext", default={})
        if not yes(at(own, "runAsNonRoot", default=at(pod, "securityContext", "runAsNonRoot"))):
            yield f"the container {name} may run as root: runAsNonRoot is not true"
        if at(own, "runAsUser", default=at(pod, "securityContext", "runAsUser")) == 0:
            yield f"the container {name} runs as root: runAsUser is 0"
        seccomp = at(own, "seccompProfile", "type", default=at(pod, "securityContext", "seccompProfile", "type"))
        if seccomp not in ("RuntimeDefault", "Localhost"):
            yield f"the container {name} has no seccomp profile"


@on(*WORKLOADS)
def rights(workload: Resource, _: Context) -> Iterator[str]:
    """Containers have no capability and cannot get one."""
    for container in containers(workload):
        name, own = at(container, "name"), at(container, "securityContext", default={})
        if yes(at(own, "privileged")):
            yield f"the container {name} is privileged"
        if yes(at(own, "allowPrivilegeEscalation"), default=True):
            yield f"the container {name} may gain rights: allowPrivilegeEscalation is not false"
        if "ALL" not in [str(each_).upper() for each_ in each(own, "capabilities", "drop")]:
            yield f"the container {name} does not drop ALL capabilities"
        added = set(map(str, each(own, "capabilities", "add"))) - {"NET_BIND_SERVICE"}
        if added:
            yield f"the container {name} adds the capabilities {', '.join(sorted(added))}"


def _switched(values: Any, path: str = "") -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, value in cast(Mapping[str, Any], values).items():
            if key in _SWITCHES and yes(value):
                yield f"{path}{key}"
            yield from _switched(value, f"{path}{key}.")
    elif isinstance(values, list):
        for value in cast(list[Any], values):
            yield from _switched(value, path)


@on("kubernetes:helm.sh/v3:Release")
def chart(release: Resource, _: Context) -> Iterator[str]:
    """No chart is told to leave these bounds, save those of agents."""
    found = list(_switched(release.at("values", default={})))
    if found and namespace_of(release) not in AGENTS:
        yield from (f"values.{path} is true" for path in found)


@on(*WORKLOADS)
def sizes(workload: Resource, _: Context) -> Iterator[str]:
    """Containers say what they need, and what they never exceed."""
    for container in containers(workload):
        for kind, part in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            if at(container, "resources", kind, part) is None:
                yield f"the container {at(container, 'name')} has no resources.{kind}.{part}"


def wrong_image(image: str, registries: frozenset[str]) -> str | None:
    """Why an image is not pinned or not allowed; None when nothing is wrong with it."""
    host, _, rest = image.partition("/")
    if not rest or "." not in host:
        host, image = "docker.io", f"docker.io/{image if rest else f'library/{image}'}"
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if not digest and tag in ("", "latest"):
        return f"the image {image} is not pinned"
    if image.startswith(_PAID):
        return f"the image {image} is no longer updated for those who do not pay"
    if host not in _REGISTRIES | registries and not _ECR.match(host):
        return f"the registry {host} is not among those allowed"
    return None


@on(*WORKLOADS)
def images(workload: Resource, context: Context) -> Iterator[str]:
    """Images are pinned, and from registries that are known."""
    for container in containers(workload):
        found = wrong_image(str(at(container, "image", default="")), context.registries)
        if found:
            yield found


@on("kubernetes:helm.sh/v3:Release")
def version(release: Resource, _: Context) -> Iterator[str]:
    """Charts are pinned, and no values unpin an image."""
    if not re.fullmatch(r"v?\d+\.\d+\.\d+[\w.+-]*", str(release.at("version", default=""))):
        yield f"the version of the chart is {release.at('version') or 'not set'}, expected one like 1.2.3"
    for path in _tags(release.at("values", default={})):
        yield f"values.{path} is latest"


def _tags(values: Any, path: str = "") -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, value in cast(Mapping[str, Any], values).items():
            if isinstance(value, str) and (
                (key in ("tag", "imageTag") and value == "latest")
                or (key in ("image", "imageName") and value.endswith(":latest"))
            ):
                yield f"{path}{key}"
            yield from _tags(value, f"{path}{key}.")


@on("kubernetes:postgresql.cnpg.io/v1:Cluster")
def database_image(database: Resource, context: Context) -> Iterator[str]:
    """The database's image is pinned too."""
    found = wrong_image(str(database.at("spec", "imageName", default="")), context.registries)
    if found:
        yield found


@on(*WORKLOADS)
def token(workload: Resource, _: Context) -> Iterator[str]:
    """Pods that do not ask the API have no token for it."""
    pod = pod_of(workload)
    if not at(pod, "serviceAccountName") and yes(at(pod, "automountServiceAccountToken"), default=True):
        yield "automountServiceAccountToken is not false, although its pods have no account of their own"


CHECKS: Final = {
    "K8S-01": (namespace, identity, rights, chart),
    "K8S-02": (sizes,),
    "K8S-03": (images, version, database_image),
    "K8S-05": (token,),
}
