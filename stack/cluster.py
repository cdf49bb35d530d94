"""The Kubernetes cluster of a stack, and the way in from the internet."""

from dataclasses import dataclass

import pulumi

from components.addons.ingress import HTTP_NODE_PORT, HTTPS_NODE_PORT, Ingress, IngressArgs, health_check
from components.cluster import Cluster
from components.dns import Certificate, CertificateArgs
from components.eks import EksCluster, EksClusterArgs
from components.eks_control_plane import AccessArgs
from components.eks_nodes import NodeGroupArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network
from stack.foundation import Foundation, Zone


@dataclass(frozen=True)
class Door:
    """The way from the internet to the pods."""

    balancer: LoadBalancer
    ingress_class: str
    certificate_arn: pulumi.Output[str] | None
    """Certificate of the load balancer; None where TLS ends in the cluster."""


def cluster(base: Foundation, network: Network | None) -> Cluster | None:
    """The Kubernetes cluster, on the private subnets."""
    wanted = base.settings.cluster
    if wanted is None or network is None:
        return None
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
                group: NodeGroupArgs(**dict(each), autoscaled=base.settings.autoscaling is not None)
                for group, each in wanted.node_groups.items()
            },
            tags=base.tags,
        ),
        base.opts,
    )
    base.outputs["cluster"] = made.name
    base.outputs["kubeconfig"] = made.kubeconfig
    base.outputs["to_use_the_cluster"] = f"aws eks update-kubeconfig --name {base.name} --region {base.settings.region}"
    return made


def door(base: Foundation, network: Network | None, cluster: Cluster | None, zone: Zone | None) -> Door | None:
    """The way in: a load balancer in the public subnets, and behind it the ingress controller on the nodes."""
    wanted = base.settings.ingress
    if wanted is None or network is None or cluster is None:
        return None
    certificate_arn = None
    if wanted.certificate_domains and zone is not None:
        first, *others = wanted.certificate_domains
        certificate = CertificateArgs(domain_name=first, zone_id=zone.id, alternative_names=tuple(others))
        certificate_arn = Certificate("ingress", certificate, base.opts).arn
    balancer = LoadBalancer(
        "web",
        LoadBalancerArgs(
            kind=wanted.load_balancer,
            vpc_id=network.vpc_id,
            subnet_ids=network.public_subnet_ids,
            targets=cluster.ingress_targets,
            http_node_port=HTTP_NODE_PORT,
            https_node_port=HTTPS_NODE_PORT,
            health_check=health_check(wanted.controller),
            certificate_arn=certificate_arn,
            allowed_cidrs=tuple(map(str, wanted.allowed_cidrs)),
        ),
        base.opts,
    )
    ingress = Ingress(
        "ingress",
        IngressArgs(
            cluster=cluster,
            controller=wanted.controller,
            replicas=wanted.replicas,
            trusted_cidrs=(network.cidr,) if wanted.load_balancer == "application" else (),
            load_balancer_hostname=balancer.dns_name,
        ),
        base.opts,
    )
    base.outputs["load_balancer"] = balancer.dns_name
    return Door(balancer, ingress.ingress_class, certificate_arn)
