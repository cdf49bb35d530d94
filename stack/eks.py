"""The EKS cluster of a stack."""

from components.eks import EksCluster, EksClusterArgs
from components.eks_control_plane import AccessArgs
from components.eks_nodes import NodeGroupArgs
from components.network import Network
from stack.foundation import Foundation


def eks_cluster(base: Foundation, network: Network | None) -> EksCluster | None:
    """The Kubernetes cluster whose control plane AWS runs, on the private subnets."""
    wanted = base.settings.cluster
    if wanted is None or network is None or wanted.kind != "eks":
        return None
    # How many nodes run is then not what was declared: an update leaves it as it is.
    resized = base.settings.autoscaling is not None or base.settings.sleep is not None
    # A person reads this name in the console and types it into `aws eks update-kubeconfig`.
    made = EksCluster(
        "main",
        EksClusterArgs(
            cluster_name=base.name,
            version=wanted.version,
            vpc_id=network.vpc_id,
            private_subnet_ids=network.private_subnet_ids,
            private_routes=network.private_routes,
            api_cidrs=tuple(map(str, wanted.api_cidrs)),
            allow_public_api=wanted.allow_public_api,
            access={
                each.principal_arn.rpartition("/")[2]: AccessArgs(
                    principal_arn=each.principal_arn, level=each.level, namespaces=each.namespaces
                )
                for each in wanted.access
            },
            log_types=wanted.log_types,
            log_retention_days=wanted.log_retention_days,
            # A group's settings are its inputs, under the same names.
            node_groups={
                group: NodeGroupArgs(**dict(each), autoscaled=resized) for group, each in wanted.node_groups.items()
            },
            tags=base.tags,
        ),
        base.opts,
    )
    base.outputs["cluster"] = made.name
    base.outputs["kubeconfig"] = made.kubeconfig
    base.outputs["to_use_the_cluster"] = f"aws eks update-kubeconfig --name {base.name} --region {base.settings.region}"
    return made
