"""The way from the internet to the pods of a stack."""

from dataclasses import dataclass, replace

import pulumi

from components.addons.ingress import HTTP_NODE_PORT, HTTPS_NODE_PORT, Ingress, IngressArgs, health_check
from components.cluster import Cluster, IngressTargets
from components.dns import Certificate, CertificateArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network
from components.versions import INGRESS_CHARTS
from stack.foundation import Foundation, Zone


@dataclass(frozen=True)
class Balancer:
    """The load balancer in the public subnets."""

    made: LoadBalancer
    certificate_arn: pulumi.Output[str] | None
    """Its certificate; None where TLS ends in the cluster, or nowhere."""


@dataclass(frozen=True)
class Door:
    """The way from the internet to the pods."""

    balancer: Balancer
    ingress: Ingress


def load_balancer(
    base: Foundation, network: Network | None, targets: IngressTargets | None, zone: Zone | None
) -> Balancer | None:
    """The load balancer in the public subnets, in front of the nodes."""
    wanted = base.settings.ingress
    if wanted is None or network is None or targets is None:
        return None
    certificate_arn = None
    if wanted.certificate_domains and zone is not None:
        first, *others = wanted.certificate_domains
        certificate = CertificateArgs(domain_name=first, zone_id=zone.id, alternative_names=tuple(others))
        certificate_arn = Certificate("ingress", certificate, base.opts).arn
    check = health_check(wanted.controller)
    made = LoadBalancer(
        "web",
        LoadBalancerArgs(
            kind=wanted.load_balancer,
            vpc_id=network.vpc_id,
            subnet_ids=network.public_subnet_ids,
            targets=targets,
            http_node_port=HTTP_NODE_PORT,
            https_node_port=HTTPS_NODE_PORT,
            health_check=replace(check, path=wanted.health_path) if wanted.health_path else check,
            certificate_arn=certificate_arn,
            allow_plain_http=wanted.allow_plain_http,
            allowed_cidrs=tuple(map(str, wanted.allowed_cidrs)),
            idle_timeout_seconds=wanted.idle_timeout_seconds,
        ),
        base.opts,
    )
    base.outputs["load_balancer"] = made.dns_name
    return Balancer(made, certificate_arn)


def door(base: Foundation, network: Network | None, cluster: Cluster | None, balancer: Balancer | None) -> Door | None:
    """The ingress controller behind the load balancer."""
    wanted = base.settings.ingress
    if wanted is None or network is None or cluster is None or balancer is None:
        return None
    ingress = Ingress(
        "ingress",
        IngressArgs(
            cluster=cluster,
            controller=wanted.controller,
            replicas=wanted.replicas,
            trusted_cidrs=(network.cidr,) if wanted.load_balancer == "application" else (),
            load_balancer_hostname=balancer.made.dns_name,
            chart_version=base.settings.versions.chart(INGRESS_CHARTS[wanted.controller]),
        ),
        base.opts,
    )
    return Door(balancer, ingress)
