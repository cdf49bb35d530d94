"""Kubernetes namespaces, each with the Pod Security Standard that its pods have to meet."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components.cluster import Cluster

PodSecurity = Literal["restricted", "baseline", "privileged"]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces
_BUILT_IN = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclass(frozen=True)
class Namespace:
    """A namespace that a stack made; deleted with all that it holds, claims included."""

    cluster: Cluster
    """Cluster in which it lies."""
    name: str
    """Its name, known beforehand."""
    ready: pulumi.Output[str]
    """The same name, once the namespace exists: what is made in it takes this one."""


def make_namespace(
    name: str, *, cluster: Cluster, namespace: str, pod_security: PodSecurity, opts: pulumi.ResourceOptions
) -> Namespace:
    """Make a namespace where no pod below `pod_security` may start; `name` is its logical name in the stack."""
    if namespace in _BUILT_IN:
        raise ValueError(f"namespace must not be one that Kubernetes brings along, got {namespace!r}")
    made = kubernetes.core.v1.Namespace(
        name,
        metadata={
            "name": namespace,
            "labels": {
                "pod-security.kubernetes.io/enforce": pod_security,
                # Says it of a Deployment too, whose pods would be refused out of sight.
                "pod-security.kubernetes.io/warn": pod_security,
            },
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=cluster.provider)),
    )
    return Namespace(cluster, namespace, made.metadata.name)
