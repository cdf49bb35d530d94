"""What a Kubernetes cluster offers to add-ons and workloads, whichever kind it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pulumi
import pulumi_kubernetes as kubernetes


@dataclass(frozen=True, kw_only=True)
class IngressTargets:
    """How a load balancer reaches the node ports of the ingress controller."""

    security_group_id: pulumi.Output[str]
    """Security group of the nodes; the load balancer adds its own ingress rules to it."""
    autoscaling_group_names: Mapping[str, pulumi.Output[str]] = field(default_factory=dict[str, pulumi.Output[str]])
    """Auto scaling groups of the nodes, by node group name."""
    instance_ids: Mapping[str, pulumi.Output[str]] = field(default_factory=dict[str, pulumi.Output[str]])
    """Nodes outside any auto scaling group, by node name."""


class Cluster(Protocol):
    """The contract that every kind of cluster fulfils; add-ons and workloads know nothing else of it."""

    name: pulumi.Output[str]
    """Name of the cluster, as AWS or its kubeconfig shows it."""
    provider: kubernetes.Provider
    """Kubernetes provider whose API is ready to take objects, workloads included."""
    storage_class: str
    """StorageClass for claims that do not name one."""
    ingress_targets: IngressTargets
    """How a load balancer reaches the ingress controller."""

    def grant(
        self, name: str, *, namespace: str, service_account: str, policy: pulumi.Input[str]
    ) -> list[pulumi.Resource]:
        """Give a Kubernetes service account the AWS permissions of `policy` (a JSON policy document).

        `name` prefixes the resources and is unique in the stack. Returns what must exist before a pod that uses
        the service account starts: credentials are handed out when the pod is created.
        """
        ...
