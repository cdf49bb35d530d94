"""A Kubernetes cluster on EKS: control plane, nodes, core add-ons, and the AWS permissions of its pods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_eks as eks
import pulumi_kubernetes as kubernetes

from components import versions
from components.cluster import IngressTargets
from components.eks_control_plane import AccessArgs, EksControlPlane, EksControlPlaneArgs
from components.eks_nodes import EksNodes, EksNodesArgs, NodeGroupArgs
from components.pod_identity import PodIdentity, PodIdentityArgs

__all__ = ["AccessArgs", "EksCluster", "EksClusterArgs", "NodeGroupArgs"]

_CNI_POLICY = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
# Of AWS's three policies for the driver, the one that reaches the volumes of this cluster and of no other. It needs
# driver 1.58 or later: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918
_EBS_CSI_POLICY = "arn:aws:iam::aws:policy/AmazonEBSCSIDriverEKSClusterScopedPolicy"


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs(EksControlPlaneArgs):
    """Inputs of `EksCluster`: those of its control plane, and these."""

    node_groups: Mapping[str, NodeGroupArgs]
    """Node groups by name, one at least."""
    private_routes: Sequence[pulumi.Resource] = ()
    """What gives `private_subnet_ids` the internet: nodes pull their images through it."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of what the cluster makes by itself (machines, volumes, interfaces), which default tags cannot reach."""

    def __post_init__(self) -> None:
        """Refuse a cluster that could run nothing."""
        super().__post_init__()
        if not self.node_groups:
            raise ValueError("node_groups must have at least one group, got none")


class EksCluster(pulumi.ComponentResource):
    """A Kubernetes cluster whose control plane AWS runs; it fulfils the `Cluster` contract.

    Nodes are private; pods reach AWS through `grant` only. What it costs and opens: see `EksControlPlane` and
    `EksNodes`. Volumes of claims are billed too, until their claim is deleted.
    """

    name: pulumi.Output[str]
    """Name of the cluster in AWS."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig in JSON, secret; it calls the `aws` command line for a token at each use."""
    provider: kubernetes.Provider
    """Kubernetes provider whose API is ready to take objects, workloads included."""
    storage_class: str
    """StorageClass for claims: encrypted gp3 volumes, made in the zone of their pod, deleted with their claim."""
    ingress_targets: IngressTargets
    """How a load balancer reaches the ingress controller."""
    nodes: EksNodes
    """Its machines, for what resizes them."""

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:EksCluster", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)

        control_plane = EksControlPlane(f"{name}-eks", args, self._child)
        self.name = control_plane.name
        self.cluster_arn = control_plane.arn
        self.kubeconfig = control_plane.kubeconfig
        nodes = self._nodes(name, args, control_plane.cluster)
        self.nodes = nodes
        workload_addons = self._workload_addons(name, args, control_plane.cluster, nodes)
        # The API answers long before a pod can run. Waiting here spares every chart that wait, and keeps nodes, DNS
        # and volumes alive during a destroy until the last workload has gone.
        self.provider = kubernetes.Provider(
            f"{name}-k8s", kubeconfig=self.kubeconfig, opts=self._after([nodes, *workload_addons])
        )
        self.storage_class = "gp3"
        self._storage_class(name)
        self.ingress_targets = IngressTargets(
            security_group_id=control_plane.security_group_id, autoscaling_group_names=nodes.autoscaling_group_names
        )
        self.register_outputs(
            {
                "name": self.name,
                "cluster_arn": self.cluster_arn,
                "kubeconfig": self.kubeconfig,
                "storage_class": self.storage_class,
            }
        )

    def grant(
        self, name: str, *, namespace: str, service_account: str, policy: pulumi.Input[str]
    ) -> list[pulumi.Resource]:
        """Give a Kubernetes service account the AWS permissions of `policy` (a JSON policy document).

        `name` prefixes the resources and is unique in the stack. Returns what must exist before a pod that uses
        the service account starts: credentials are handed out when the pod is created.
        """
        args = PodIdentityArgs(
            cluster_name=self.name,
            cluster_arn=self.cluster_arn,
            namespace=namespace,
            service_account=service_account,
            policy=policy,
        )
        return [PodIdentity(name, args, self._child)]

    def _grant_addon(self, name: str, service_account: str, policy_arn: str) -> PodIdentity:
        args = PodIdentityArgs(
            cluster_name=self.name,
            cluster_arn=self.cluster_arn,
            namespace="kube-system",
            service_account=service_account,
            managed_policy_arns=[policy_arn],
        )
        return PodIdentity(name, args, self._child)

    def _nodes(self, name: str, args: EksClusterArgs, cluster: eks.Cluster) -> EksNodes:
        agent = self._addon(
            f"{name}-pod-identity-agent",
            cluster,
            "eks-pod-identity-agent",
            args.version,
            after=[cluster],
            # The network add-on waits for this agent on a node that is not ready before the network is.
            settings={"tolerations": [{"operator": "Exists"}]},
        )
        # On the machine's role, these permissions would serve every program of the machine; as a Pod Identity they
        # serve the network add-on alone. It asks again until the agent, started beside it, answers.
        network = self._grant_addon(f"{name}-vpc-cni", "aws-node", _CNI_POLICY)
        nodes = EksNodesArgs(
            cluster=cluster,
            cluster_name=args.cluster_name,
            version=args.version,
            groups=args.node_groups,
            subnet_ids=args.private_subnet_ids,
            tags=args.tags,
            # A node that finds no network, proxy or identity agent never becomes ready, and its group fails after a
            # long wait; pulumi-eks makes the first two along with the cluster.
            ready=[cluster, agent, network, *args.private_routes],
        )
        return EksNodes(f"{name}-nodes", nodes, self._child)

    def _workload_addons(
        self, name: str, args: EksClusterArgs, cluster: eks.Cluster, nodes: EksNodes
    ) -> list[pulumi.Resource]:
        """Install the add-ons whose pods need a node to run on."""
        dns = self._addon(f"{name}-coredns", cluster, "coredns", args.version, after=[nodes])
        metrics = self._addon(f"{name}-metrics-server", cluster, "metrics-server", args.version, after=[nodes])
        snapshots = self._addon(
            f"{name}-snapshot-controller", cluster, "snapshot-controller", args.version, after=[nodes]
        )
        identity = self._grant_addon(f"{name}-ebs-csi-identity", "ebs-csi-controller-sa", _EBS_CSI_POLICY)
        volumes = self._addon(
            f"{name}-ebs-csi",
            cluster,
            "aws-ebs-csi-driver",
            args.version,
            # The driver watches VolumeSnapshots, whose definitions come with the snapshot controller.
            after=[nodes, identity, snapshots],
            settings={"controller": {"extraVolumeTags": dict(args.tags)}},
        )
        return [dns, metrics, snapshots, volumes]

    def _addon(
        self,
        name: str,
        cluster: eks.Cluster,
        addon: str,
        kubernetes_version: str,
        *,
        after: Sequence[pulumi.Resource],
        settings: Mapping[str, object] | None = None,
    ) -> eks.Addon:
        return eks.Addon(
            name,
            cluster=cluster,
            addon_name=addon,
            addon_version=versions.EKS_ADDONS[kubernetes_version][addon].version,
            configuration_values=settings,
            # What somebody changed by hand goes back to what is declared here.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=self._after(after),
        )

    def _storage_class(self, name: str) -> None:
        kubernetes.storage.v1.StorageClass(
            f"{name}-gp3",
            # Named because claims and charts refer to it.
            metadata={
                "name": self.storage_class,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true"},
            # A volume made before its pod is placed may lie in a zone where the pod cannot run.
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Delete",
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(provider=self.provider)),
        )

    def _after(self, first: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=list(first)))
