"""What the applications share: pods without rights behind a Service, scaled, spread, and replaced unnoticed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components.cluster import Cluster
from components.namespace import Namespace
from components.pods import (
    Values,
    check_image,
    resources,
    restricted_container,
    restricted_pod,
    scratch_volumes,
    spread,
)
from components.workloads.route import Route, make_ingress

# Seconds in which a pod that was told to stop goes on serving: the ingress controller still sends it requests.
_DRAIN_SECONDS = 10
# Seconds more for the requests under way.
_FINISH_SECONDS = 30
_SCRATCH_LIMIT = "128Mi"
_LONGEST_START = 150
_HIGHEST_PORT = 65535
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"(?:/[a-z0-9]+(?:-[a-z0-9]+)*)+")
_LABEL = "app.kubernetes.io/name"


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
        "metadata": {"labels": {_LABEL: program.name}, "annotations": dict(program.annotations)},
        "spec": {
            # No program here speaks to the Kubernetes API, nor finds services by environment variables.
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": restricted_pod(args.user),
            "containers": [merged],
            "volumes": volumes,
            **pod,
        },
    }


def _deployment_spec(args: WebAppArgs, program: Program, scale: int | Autoscaling) -> Values:
    check: Values = {"httpGet": {"path": args.health_path, "port": "http"}, "timeoutSeconds": 3}
    container: Values = {
        "ports": [{"name": "http", "containerPort": args.port, "protocol": "TCP"}],
        "startupProbe": {**check, "periodSeconds": 5, "failureThreshold": _LONGEST_START // 5},
        "readinessProbe": {**check, "periodSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {**check, "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
    }
    labels = {_LABEL: program.name}
    pod: Values = {
        "terminationGracePeriodSeconds": _DRAIN_SECONDS + _FINISH_SECONDS,
        "topologySpreadConstraints": spread(labels),
    }
    return {
        # Their number belongs to the autoscaler, if there is one: Pulumi would set it back.
        **({"replicas": scale} if isinstance(scale, int) else {}),
        "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "revisionHistoryLimit": 3,
        "template": pod_template(args, program, container=container, pod=pod),
    }


def _autoscaler_spec(scale: Autoscaling, deployment: pulumi.Input[str]) -> Values:
    target = {"type": "Utilization", "averageUtilization": scale.cpu_percent}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "minReplicas": scale.min_replicas,
        "maxReplicas": scale.max_replicas,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }


@dataclass(frozen=True)
class WebApp:
    """An application that runs."""

    deployment_name: pulumi.Output[str]
    """Name of its Deployment, once the pods are ready."""
    service_name: pulumi.Output[str]
    """Name of its Service, which answers on port 80, once it has pods."""


def run_web_app(
    name: str,
    args: WebAppArgs,
    program: Program,
    *,
    namespace: Namespace,
    scale: int | Autoscaling,
    after: Sequence[pulumi.Resource] = (),
    opts: pulumi.ResourceOptions,
) -> WebApp:
    """Run a program in its own namespace and serve it under its route; its pods start `after` other resources.

    `scale` is their number, or what it depends on.
    """
    inside = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=args.cluster.provider))
    place = {"name": program.name, "namespace": namespace.ready}
    deployment = kubernetes.apps.v1.Deployment(
        f"{name}-deployment",
        metadata=cast(Any, place),
        spec=cast(Any, _deployment_spec(args, program, scale)),
        opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=list(after))),
    )
    deployed = deployment.metadata.name.apply(str)
    if isinstance(scale, Autoscaling):
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            f"{name}-autoscaler",
            metadata=cast(Any, place),
            spec=cast(Any, _autoscaler_spec(scale, deployed)),
            opts=inside,
        )
    selector = {_LABEL: program.name}
    kubernetes.policy.v1.PodDisruptionBudget(
        f"{name}-budget",
        metadata=cast(Any, place),
        spec={"max_unavailable": 1, "selector": {"match_labels": selector}},
        opts=inside,
    )
    service = kubernetes.core.v1.Service(
        f"{name}-service",
        # Named after the Deployment, and so made after it: Pulumi waits for pods behind a Service.
        metadata={"name": deployed, "namespace": namespace.ready},
        spec={"selector": selector, "ports": [{"name": "http", "port": 80, "target_port": "http"}]},
        opts=inside,
    )
    served = service.metadata.name.apply(str)
    make_ingress(f"{name}-ingress", args.route, namespace=namespace, service=served, opts=opts)
    return WebApp(deployed, served)
