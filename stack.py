"""The platform of one stack: what it consists of, and what feeds what. Reads from top to bottom like the diagram."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import versions
from components.addons.ingress import HTTP_NODE_PORT, HTTPS_NODE_PORT, Ingress, IngressArgs, health_check
from components.cluster import Cluster
from components.dns import Certificate, CertificateArgs, HostedZone, HostedZoneArgs
from components.eks import EksCluster, EksClusterArgs
from components.eks_control_plane import AccessArgs
from components.eks_nodes import NodeGroupArgs
from components.flow_logs import FlowLogsArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import NatInstanceMachine, Network, NetworkArgs
from components.site_logs import SiteLogsArgs
from components.static_site import STRICT_CONTENT_SECURITY_POLICY, StaticSite, StaticSiteArgs
from settings import Settings, SettingsError

Outputs = dict[str, Any]

FCK_NAT_OWNER = "568608671756"
"""Account that publishes the NAT instance's image, https://fck-nat.dev/stable/deploying/."""


@dataclass(frozen=True)
class Foundation:
    """What every part of the stack stands on."""

    settings: Settings
    tags: dict[str, str]
    """Tags of everything: the provider adds them, but for what AWS creates by itself (machines and their disks)."""
    opts: pulumi.ResourceOptions
    """Places a component on the stack's AWS provider."""
    look_up: pulumi.InvokeOptions
    """Places a look-up on it."""

    def account_id(self) -> pulumi.Output[str]:
        """AWS account of the stack, looked up."""
        return aws.get_caller_identity_output(opts=self.look_up).account_id


def declare(settings: Settings) -> Outputs:
    """Declare the stack; returns what its user needs next."""
    base = foundation(settings)
    outputs: Outputs = {}

    zone_id = hosted_zone(base, outputs)
    network = private_network(base)
    cluster = eks(base, network, outputs)
    ingress(base, network, cluster, zone_id, outputs)
    static_site(base, zone_id, outputs)

    return outputs


def foundation(settings: Settings) -> Foundation:
    """The AWS provider and the tags that say whose everything is."""
    tags = {
        "project": pulumi.get_project(),
        "stack": pulumi.get_stack(),
        "owner": settings.owner,
        "managed-by": "pulumi",
    }
    provider = aws.Provider("aws", region=settings.region, default_tags={"tags": tags})
    return Foundation(
        settings, tags, pulumi.ResourceOptions(providers=[provider]), pulumi.InvokeOptions(provider=provider)
    )


def hosted_zone(base: Foundation, outputs: Outputs) -> pulumi.Output[str] | None:
    """Id of the public zone in which the stack's names are made."""
    dns = base.settings.dns
    if dns is None:
        return None
    if not dns.create:
        return aws.route53.get_zone_output(name=dns.zone, opts=base.look_up).zone_id
    pulumi.log.info(
        f"{dns.zone}: certificates are issued once its registrar delegates it to the name servers of the new zone; "
        "to read those first, bring the stack up with no section but socle:dns"
    )
    zone = HostedZone("public", HostedZoneArgs(domain_name=dns.zone), base.opts)
    outputs["name_servers"] = zone.name_servers
    return zone.zone_id


def private_network(base: Foundation) -> Network | None:
    """The VPC, over as many availability zones as the settings ask for."""
    wanted = base.settings.network
    if wanted is None:
        return None
    # Local and wavelength zones have to be opted into, and hold neither NAT gateways nor EKS.
    zones = aws.get_availability_zones(
        state="available",
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=base.look_up,
    )
    if len(zones.names) < wanted.zones:
        raise SettingsError([f"socle:network.zones: {base.settings.region} has only {len(zones.names)}"])
    logs = wanted.flow_logs
    return Network(
        "main",
        NetworkArgs(
            cidr=str(wanted.cidr),
            region=base.settings.region,
            zone_names=tuple(sorted(zones.names)[: wanted.zones]),
            egress=wanted.egress,
            nat_instance=nat_machine(base, wanted.nat_instance_type) if wanted.egress == "nat-instance" else None,
            flow_logs=logs
            and FlowLogsArgs(
                retention_days=logs.retention_days,
                account_id=base.account_id(),
                delete_with_network=logs.delete_contents,
            ),
        ),
        base.opts,
    )


def nat_machine(base: Foundation, instance_type: str) -> NatInstanceMachine:
    """The NAT instance's machine; a newer build of the pinned fck-nat restarts it at the next update."""
    image = aws.ec2.get_ami_output(
        most_recent=True,
        owners=[FCK_NAT_OWNER],
        filters=[{"name": "name", "values": [f"fck-nat-al2023-hvm-{versions.FCK_NAT.version}-*-arm64-ebs"]}],
        opts=base.look_up,
    )
    return NatInstanceMachine(image_id=image.id, instance_type=instance_type, tags=base.tags)


def eks(base: Foundation, network: Network | None, outputs: Outputs) -> Cluster | None:
    """The Kubernetes cluster, on the private subnets."""
    wanted = base.settings.cluster
    if wanted is None or network is None:
        return None
    # A person reads this name in the console and types it into `aws eks update-kubeconfig`.
    name = f"{pulumi.get_project()}-{pulumi.get_stack()}"
    cluster = EksCluster(
        "main",
        EksClusterArgs(
            cluster_name=name,
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
            node_groups={group: NodeGroupArgs(**dict(each)) for group, each in wanted.node_groups.items()},
            tags=base.tags,
        ),
        base.opts,
    )
    outputs["cluster"] = cluster.name
    outputs["kubeconfig"] = cluster.kubeconfig
    outputs["to_use_the_cluster"] = f"aws eks update-kubeconfig --name {name} --region {base.settings.region}"
    return cluster


def ingress(
    base: Foundation,
    network: Network | None,
    cluster: Cluster | None,
    zone_id: pulumi.Output[str] | None,
    outputs: Outputs,
) -> None:
    """The way in: a load balancer in the public subnets, and behind it the ingress controller on the nodes."""
    wanted = base.settings.ingress
    if wanted is None or network is None or cluster is None:
        return
    certificate_arn = None
    if wanted.certificate_domains and zone_id is not None:
        first, *others = wanted.certificate_domains
        certificate = CertificateArgs(domain_name=first, zone_id=zone_id, alternative_names=tuple(others))
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
    Ingress(
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
    outputs["load_balancer"] = balancer.dns_name


def static_site(base: Foundation, zone_id: pulumi.Output[str] | None, outputs: Outputs) -> None:
    """The static site on CloudFront."""
    wanted = base.settings.site
    if wanted is None:
        return
    logs = wanted.logs
    site = StaticSite(
        "site",
        StaticSiteArgs(
            domain_name=wanted.domain,
            zone_id=zone_id if wanted.domain else None,
            price_class=wanted.price_class,
            hashed_paths=wanted.hashed_paths,
            delete_contents=wanted.delete_contents,
            logs=logs
            and SiteLogsArgs(
                retention_days=logs.retention_days,
                account_id=base.account_id(),
                delete_with_site=logs.delete_contents,
            ),
            content_security_policy=wanted.content_security_policy or STRICT_CONTENT_SECURITY_POLICY,
        ),
        base.opts,
    )
    outputs["site_url"] = site.url
    outputs["bucket"] = site.bucket_name
    outputs["distribution"] = site.distribution_id
    outputs["to_publish_the_site"] = pulumi.Output.format(
        "aws s3 sync site/ s3://{0} --delete && aws cloudfront create-invalidation --distribution-id {1} --paths '/*'",
        site.bucket_name,
        site.distribution_id,
    )
