"""As many nodes as the pods need: the Cluster Autoscaler, for the managed node groups of an EKS cluster."""

from dataclasses import dataclass

import pulumi

from components import iam, versions
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.namespace import make_namespace
from components.pods import Values, resources, restricted_container, restricted_pod

NAMESPACE = "cluster-autoscaler"
"""Namespace of the autoscaler, and of nothing else."""
REPOSITORY = "https://kubernetes.github.io/autoscaler"
CHART = "cluster-autoscaler"

_SERVICE_ACCOUNT = "cluster-autoscaler"
# A user without rights, the one that distroless images call nonroot: https://github.com/GoogleContainerTools/distroless
_NONROOT = 65532


@dataclass(frozen=True, kw_only=True)
class ClusterAutoscalerArgs:
    """Inputs of `ClusterAutoscaler`."""

    cluster: Cluster
    """EKS cluster whose node groups it sizes: each between its own smallest and largest size."""
    kubernetes_version: str
    """Kubernetes version of the cluster, such as `1.36`; the autoscaler is made for one at a time."""
    region: str
    """AWS region of the cluster, such as `eu-west-3`."""
    scale_down_after_minutes: int = 10
    """Minutes during which a node must be less than half used before its pods move and it goes, 1 or more."""
    chart_version: str = versions.CLUSTER_AUTOSCALER_CHART.version
    """Version of the chart; that of the program follows `kubernetes_version`."""

    def __post_init__(self) -> None:
        """Refuse what no autoscaler exists for."""
        if self.kubernetes_version not in versions.CLUSTER_AUTOSCALERS:
            accepted = ", ".join(sorted(versions.CLUSTER_AUTOSCALERS))
            raise ValueError(f"kubernetes_version must be one of {accepted}, got {self.kubernetes_version!r}")
        if not self.region:
            raise ValueError(f"region must be an AWS region such as 'eu-west-3', got {self.region!r}")
        if self.scale_down_after_minutes < 1:
            raise ValueError(f"scale_down_after_minutes must be 1 or more, got {self.scale_down_after_minutes}")


def scaling_permissions(cluster_name: str, region: str) -> str:
    """JSON policy: size the auto scaling groups of one cluster, and read what kind of nodes they make.

    https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#iam-policy ,
    without launch configurations and instance requirements, which no managed node group of ours has.
    """
    # EKS puts this tag on the groups that it makes, in this account:
    # https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
    of_this_cluster = {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}": "owned"}}
    return iam.document(
        iam.statement(
            ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            [f"arn:aws:autoscaling:{region}:*:autoScalingGroup:*:autoScalingGroupName/*"],
            conditions=of_this_cluster,
        ),
        # Tells the labels and taints that nodes of an empty group would have: no tags are needed for that.
        iam.statement(["eks:DescribeNodegroup"], [f"arn:aws:eks:{region}:*:nodegroup/{cluster_name}/*/*"]),
        # AWS cannot narrow these:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        iam.statement(
            [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
            ],
            ["*"],
        ),
    )


def cluster_autoscaler_values(args: ClusterAutoscalerArgs, cluster_name: pulumi.Input[str]) -> Values:
    """Values of the chart: https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler/charts ."""
    patience = f"{args.scale_down_after_minutes}m"
    return {
        "fullnameOverride": "cluster-autoscaler",
        "cloudProvider": "aws",
        "awsRegion": args.region,
        "autoDiscovery": {"clusterName": cluster_name},
        "image": {"tag": versions.CLUSTER_AUTOSCALERS[args.kubernetes_version].version},
        "rbac": {"serviceAccount": {"create": True, "name": _SERVICE_ACCOUNT}},
        "extraArgs": {
            # Of the groups that would do, the one that leaves the least idle; alike ones, one per zone, grow evenly.
            "expander": "least-waste",
            "balance-similar-node-groups": True,
            "scale-down-unneeded-time": patience,
            "scale-down-delay-after-add": patience,
            # Nearly every node holds a system pod or a scratch volume, and would stay for ever. Disruption budgets
            # still hold pods back.
            "skip-nodes-with-system-pods": False,
            "skip-nodes-with-local-storage": False,
        },
        # On a full cluster, it must find the place from which it makes room.
        "priorityClassName": "system-cluster-critical",
        "podDisruptionBudget": {"maxUnavailable": 1},
        "resources": resources("20m", "128Mi", limit="512Mi"),
        "securityContext": restricted_pod(_NONROOT),
        "containerSecurityContext": restricted_container(),
    }


class ClusterAutoscaler(pulumi.ComponentResource):
    """Nodes that come when pods find no place, and go when the rest has place for their pods.

    It needs node groups with `autoscaled`, lest a deployment takes its nodes away. It costs one small pod, and
    the nodes up to the largest size of each group; it may end any instance of this cluster's groups, and no other.
    """

    scale_down_after_minutes: int
    """Minutes after which a node that is hardly used goes."""

    def __init__(self, name: str, args: ClusterAutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:ClusterAutoscaler", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        chart = ChartArgs(
            chart=CHART,
            version=args.chart_version,
            repository=REPOSITORY,
            namespace=namespace,
            values=cluster_autoscaler_values(args, args.cluster.name),
            service_account=_SERVICE_ACCOUNT,
            policy=args.cluster.name.apply(lambda cluster_name: scaling_permissions(cluster_name, args.region)),
        )
        Chart(f"{name}-controller", chart, child)
        self.scale_down_after_minutes = args.scale_down_after_minutes
        self.register_outputs({"scale_down_after_minutes": self.scale_down_after_minutes})
