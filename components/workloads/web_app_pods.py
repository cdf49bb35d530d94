"""The pods of an application: what they run and may do, where, how many, and how they are replaced; creates none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.cluster import Cluster
from components.pods import (
    Values,
    check_image,
    resources,
    restricted_container,
    restricted_pod,
    scratch_volumes,
    spread,
)
from components.workloads.registry import RegistryLogin
from components.workloads.route import Route

_SCRATCH_LIMIT = "128Mi"
_LONGEST_START = 150
_HIGHEST_PORT = 65535
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"(?:/[a-z0-9]+(?:-[a-z0-9]+)*)+")
_LABEL = "app.kubernetes.io/name"
_PROBE_SECONDS = 5
_LIVENESS_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class WebAppArgs:
    """Inputs that every application has."""

    cluster: Cluster
    """Cluster that runs it."""
    image: str
    """Container image with its tag or digest; another one is rolled out pod by pod."""
    route: Route
    """Host name under which it is reached."""
    port: int
    """TCP port on which its container answers."""
    health_path: str
    """Path that answers 200 as long as the program works, whether or not what it depends on does."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables beyond those that the component sets; they are readable by all who may see the pods."""
    cpu: str = "100m"
    """CPU that each pod reserves."""
    memory: str = "256Mi"
    """Memory that each pod reserves."""
    memory_limit: str = "512Mi"
    """Memory at which a pod is stopped."""
    user: int = 1000
    """Id of the user, and of its group, as which the container runs, whatever its image says; not 0, which is root."""
    writable_paths: tuple[str, ...] = ("/tmp",)  # noqa: S108 - a directory of the pod alone
    """Paths where the program may write, in lower case; they are empty when a pod starts, and the rest is read-only."""
    registry: RegistryLogin | None = None
    """Who pulls the image; omitted, the registry asks nobody, or is one of this account's ECR."""
    ingress_namespace: str = "ingress"
    """Namespace of the ingress controller, which alone gets through to the pods."""

    def __post_init__(self) -> None:
        """Refuse what Kubernetes would refuse at deployment, or what would never start."""
        check_image("image", self.image)
        for name, port in (("port", self.port), ("user", self.user)):
            if port < 1:
                raise ValueError(f"{name} must be 1 or more, got {port}")
        if self.port > _HIGHEST_PORT:
            raise ValueError(f"port must be at most {_HIGHEST_PORT}, got {self.port}")
        if not self.health_path.startswith("/"):
            raise ValueError(f"health_path must start with '/', got {self.health_path!r}")
        for name in self.environment:
            if not _VARIABLE.fullmatch(name):
                raise ValueError(f"environment must have names such as 'LOG_LEVEL', got {name!r}")
        for path in self.writable_paths:
            if not _PATH.fullmatch(path):
                raise ValueError(f"writable_paths must be paths such as '/var/cache', got {path!r}")


@dataclass(frozen=True)
class Autoscaling:
    """How many pods there are."""

    min_replicas: int
    """Pods at rest."""
    max_replicas: int
    """Pods under load."""
    cpu_percent: int
    """Part of the requested CPU, in percent, that a pod uses before another one is added."""


@dataclass(frozen=True)
class Program:
    """What a container runs, beyond the image and the shape that `WebAppArgs` give."""

    name: str
    """Name of the container, and label of its pods."""
    variables: Mapping[str, pulumi.Input[str]]
    """Environment variables in plain values."""
    secret_name: pulumi.Input[str] | None = None
    """Secret whose keys become environment variables too."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Annotations of the pods; another value replaces them."""
    pull_secret: pulumi.Input[str] | None = None
    """Secret with which nodes pull the image."""


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How pods run, start and leave; the defaults suit what answers each request within seconds."""

    drain_seconds: int = 10
    """Seconds in which a pod that was told to stop goes on serving: the ingress controller still sends it requests."""
    finish_seconds: int = 30
    """Seconds more for what is under way."""
    silence_seconds: int = 60
    """Seconds after which a pod that does not answer is restarted; it gets no requests much earlier."""
    surge: int | str = 1
    """Pods, or part of them, that a roll-out starts at a time before others leave."""
    standstill_seconds: int | None = None
    """Seconds after which Kubernetes calls a roll-out stuck that gets no further; omitted, its own ten minutes."""
    cpu_limit: str | None = None
    """CPU at which a pod is slowed down; omitted, it takes what its node has left."""
    nodes: Sequence[Values] = ()
    """Conditions on labels that a node has to meet; omitted, any node will do."""
    service_annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    """Annotations of the Service, for the ingress controller."""


def labels_of(program: Program) -> dict[str, str]:
    """Labels of a program's pods, by which others find them."""
    return {_LABEL: program.name}


def pod_template(args: WebAppArgs, program: Program, *, container: Values, pod: Values) -> Values:
    """Pods that run a program as nobody in particular, with `container` and `pod` laid over what all have."""
    volumes, mounts = scratch_volumes(args.writable_paths, size_limit=_SCRATCH_LIMIT)
    secrets = [] if program.secret_name is None else [{"secretRef": {"name": program.secret_name}}]
    merged: Values = {
        "name": program.name,
        "image": args.image,
        "env": [{"name": name, "value": value} for name, value in sorted(program.variables.items())],
        "envFrom": secrets,
        "resources": resources(args.cpu, args.memory, limit=args.memory_limit),
        "securityContext": restricted_container(),
        "volumeMounts": mounts,
        **container,
    }
    return {
        "metadata": {"labels": labels_of(program), "annotations": dict(program.annotations)},
        "spec": {
            # No program here speaks to the Kubernetes API, nor finds services by environment variables.
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": restricted_pod(args.user),
            "containers": [merged],
            "volumes": volumes,
            **({} if program.pull_secret is None else {"imagePullSecrets": [{"name": program.pull_secret}]}),
            **pod,
        },
    }


def deployment_spec(args: WebAppArgs, program: Program, scale: int | Autoscaling, conduct: Conduct) -> Values:
    """Spec of a Deployment: no pod leaves before its successor is ready."""
    labels = labels_of(program)
    pod: Values = {
        "terminationGracePeriodSeconds": conduct.drain_seconds + conduct.finish_seconds,
        "topologySpreadConstraints": spread(labels),
    }
    if conduct.nodes:
        terms = {"nodeSelectorTerms": [{"matchExpressions": list(conduct.nodes)}]}
        pod["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    stuck = {} if conduct.standstill_seconds is None else {"progressDeadlineSeconds": conduct.standstill_seconds}
    return {
        # Their number belongs to the autoscaler, if there is one: Pulumi would set it back.
        **({"replicas": scale} if isinstance(scale, int) else {}),
        "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": conduct.surge}},
        **stuck,
        "revisionHistoryLimit": 3,
        "template": pod_template(args, program, container=_container(args, conduct), pod=pod),
    }


def _container(args: WebAppArgs, conduct: Conduct) -> Values:
    check: Values = {"httpGet": {"path": args.health_path, "port": "http"}, "timeoutSeconds": 3}
    often: Values = {**check, "periodSeconds": _PROBE_SECONDS}
    starting = _LONGEST_START // _PROBE_SECONDS
    silent = conduct.silence_seconds // _LIVENESS_SECONDS
    needs = resources(args.cpu, args.memory, limit=args.memory_limit)
    slowed = {} if conduct.cpu_limit is None else {"cpu": conduct.cpu_limit}
    return {
        "ports": [{"name": "http", "containerPort": args.port, "protocol": "TCP"}],
        "startupProbe": {**often, "failureThreshold": starting},
        "readinessProbe": {**often, "failureThreshold": 2},
        "livenessProbe": {**check, "periodSeconds": _LIVENESS_SECONDS, "failureThreshold": silent},
        "lifecycle": {"preStop": {"sleep": {"seconds": conduct.drain_seconds}}},
        "resources": {**needs, "limits": {**needs["limits"], **slowed}},
    }


def autoscaler_spec(scale: Autoscaling, deployment: pulumi.Input[str]) -> Values:
    """Spec of the HorizontalPodAutoscaler of a Deployment."""
    target = {"type": "Utilization", "averageUtilization": scale.cpu_percent}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "minReplicas": scale.min_replicas,
        "maxReplicas": scale.max_replicas,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
