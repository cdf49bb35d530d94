"""What the applications share: pods without rights behind a Service, scaled, spread, and replaced unnoticed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components.namespace import Namespace
from components.workloads.route import make_ingress
from components.workloads.web_app_pods import (
    Autoscaling,
    Conduct,
    Program,
    WebAppArgs,
    autoscaler_spec,
    deployment_spec,
    labels_of,
    pod_template,
)

__all__ = [
    "Autoscaling",
    "Conduct",
    "Program",
    "WebApp",
    "WebAppArgs",
    "pod_template",
    "run_pods",
    "run_web_app",
    "secrets_checksum",
]


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
    app = run_pods(name, args, program, namespace=namespace, scale=scale, after=after, opts=opts)
    make_ingress(f"{name}-ingress", args.route, namespace=namespace, service=app.service_name, opts=opts)
    return app


def run_pods(
    name: str,
    args: WebAppArgs,
    program: Program,
    *,
    namespace: Namespace,
    scale: int | Autoscaling,
    conduct: Conduct = Conduct(),  # noqa: B008 - frozen
    after: Sequence[pulumi.Resource] = (),
    opts: pulumi.ResourceOptions,
) -> WebApp:
    """Run a program behind a Service, without a way in from the internet."""
    inside = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=args.cluster.provider))
    place = {"name": program.name, "namespace": namespace.ready}
    deployment = kubernetes.apps.v1.Deployment(
        f"{name}-deployment",
        metadata=cast(Any, place),
        spec=cast(Any, deployment_spec(args, program, scale, conduct)),
        opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=list(after))),
    )
    deployed = deployment.metadata.name.apply(str)
    if isinstance(scale, Autoscaling):
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            f"{name}-autoscaler",
            metadata=cast(Any, place),
            spec=cast(Any, autoscaler_spec(scale, deployed)),
            opts=inside,
        )
    selector = labels_of(program)
    kubernetes.policy.v1.PodDisruptionBudget(
        f"{name}-budget",
        metadata=cast(Any, place),
        spec={"max_unavailable": 1, "selector": {"match_labels": selector}},
        opts=inside,
    )
    noted = {"annotations": dict(conduct.service_annotations)} if conduct.service_annotations else {}
    service = kubernetes.core.v1.Service(
        f"{name}-service",
        # Named after the Deployment, and so made after it: Pulumi waits for pods behind a Service.
        metadata=cast(Any, {"name": deployed, "namespace": namespace.ready, **noted}),
        spec={"selector": selector, "ports": [{"name": "http", "port": 80, "target_port": "http"}]},
        opts=inside,
    )
    return WebApp(deployed, service.metadata.name.apply(str))


def secrets_checksum(secrets: Mapping[str, pulumi.Output[str]]) -> dict[str, pulumi.Input[str]]:
    """Annotation of pods by which other secrets make other pods: environment variables are read when a pod starts."""
    values = pulumi.Output.all(*(secrets[key] for key in sorted(secrets)))
    hashed = values.apply(lambda known: hashlib.sha256("\n".join(known).encode()).hexdigest())
    return {"socle/secrets-checksum": hashed}
