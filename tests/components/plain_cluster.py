"""The least that fulfils the `Cluster` contract, for tests of what runs on a cluster."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.cluster import IngressTargets


class PlainCluster:
    """A cluster that is there already; its grants are components without content, which it remembers."""

    def __init__(self) -> None:
        self.name = pulumi.Output.from_input("plain")
        self.provider = kubernetes.Provider("plain-k8s", kubeconfig="{}")
        self.storage_class = "plain"
        self.ingress_targets = IngressTargets(security_group_id=pulumi.Output.from_input("sg-plain"))
        self.grants: dict[str, tuple[str, str, pulumi.Input[str]]] = {}

    def grant(
        self, name: str, *, namespace: str, service_account: str, policy: pulumi.Input[str]
    ) -> list[pulumi.Resource]:
        """Remember what was asked for."""
        self.grants[name] = (namespace, service_account, policy)
        return [pulumi.ComponentResource("test:index:Grant", f"{name}-grant")]
