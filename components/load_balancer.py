"""The public door of a cluster: one load balancer in front of the node ports of its ingress controller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.cidrs import ipv4_network
from components.cluster import IngressTargets
from components.forwarding import (
    DOOR,
    NODE_PORTS,
    HealthCheck,
    attach,
    check_within,
    listener,
    plan_forwards,
    plan_node_ports,
    redirect,
    target_group,
)

__all__ = ["HealthCheck", "LoadBalancer", "LoadBalancerArgs"]

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """Inputs of `LoadBalancer`."""

    kind: Literal["network", "application"]
    """`network` passes TCP through to the ingress; `application` ends TLS with a certificate of AWS."""
    vpc_id: pulumi.Input[str]
    """VPC of the nodes."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Public subnets, one per zone; at least two for `application`."""
    targets: IngressTargets
    """How the nodes are reached; their security group gets the rules that let this load balancer in."""
    http_node_port: int
    """Node port of the ingress for HTTP, 30000 to 32767; closed with `application`, which redirects."""
    https_node_port: int
    """Node port of the ingress for HTTPS, 30000 to 32767."""
    health_check: HealthCheck
    """How healthy nodes are told from others; not `TCP` for `application`."""
    certificate_arn: pulumi.Input[str] | None = None
    """Certificate of `application`, in the same region; `network` leaves certificates to the ingress."""
    allow_plain_http: bool = False
    """True makes an `application` without certificate serve HTTP on port 80, where everybody on the way can read."""
    allowed_cidrs: Sequence[str] = (ANYWHERE,)
    """IPv4 ranges of the clients; omitted, the whole internet."""
    drain_seconds: int = 60
    """Seconds that a leaving node keeps its open connections, 0 to 3600."""
    idle_timeout_seconds: int = 60
    """Seconds of silence after which `application` closes a connection, 1 to 4000."""
    deletion_protection: bool = False
    """True makes AWS refuse to delete the load balancer until a deployment with False."""

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse at deployment, or what would serve nobody."""
        check_within("http_node_port", self.http_node_port, NODE_PORTS)
        check_within("https_node_port", self.https_node_port, NODE_PORTS)
        check_within("drain_seconds", self.drain_seconds, range(3601))
        check_within("idle_timeout_seconds", self.idle_timeout_seconds, range(1, 4001))
        if self.http_node_port == self.https_node_port:
            raise ValueError(f"http_node_port and https_node_port must differ, got {self.http_node_port} twice")
        if not self.targets.autoscaling_group_names and not self.targets.instance_ids:
            raise ValueError("targets must name at least one auto scaling group or instance, got none")
        if not self.allowed_cidrs:
            raise ValueError("allowed_cidrs must name at least one IPv4 network, got none")
        for cidr in self.allowed_cidrs:
            ipv4_network("allowed_cidrs", cidr)
        self._check_kind()

    def _check_kind(self) -> None:
        application = self.kind == "application"
        fewest = 2 if application else 1
        if len(self.subnet_ids) < fewest:
            raise ValueError(
                f"subnet_ids must name {fewest} or more for kind {self.kind!r}, got {len(self.subnet_ids)}"
            )
        if application and self.certificate_arn is None and not self.allow_plain_http:
            raise ValueError(
                "certificate_arn is required by kind 'application' unless allow_plain_http is true, got none"
            )
        if self.allow_plain_http and (not application or self.certificate_arn is not None):
            raise ValueError("allow_plain_http must be false but for kind 'application' without certificate_arn")
        if not application and self.certificate_arn is not None:
            raise ValueError("certificate_arn must be omitted for kind 'network', whose ingress holds the certificates")
        if application and self.health_check.protocol == "TCP":
            raise ValueError("health_check.protocol must be 'HTTP' or 'HTTPS' for kind 'application', got 'TCP'")


class LoadBalancer(pulumi.ComponentResource):
    """The public way to the ingress controller, and the only one that may reach its node ports.

    Opens ports 80 and 443 to `allowed_cidrs`, and the node ports to itself alone. The ingress sees the client's
    address: `network` keeps it on the connection (so a pod that calls the public name may not reach a target on its
    own node), `application` writes it into X-Forwarded-For.

    Billed by AWS per hour, per capacity unit used, and per public IPv4 address of each zone and hour. Every zone
    sends to the nodes of all zones, so that a zone without an ingress replica still serves: traffic between zones
    is charged with `network`, and not with `application`.
    """

    dns_name: pulumi.Output[str]
    """Name under which AWS serves the load balancer."""
    zone_id: pulumi.Output[str]
    """Hosted zone of `dns_name`, for alias records."""
    arn: pulumi.Output[str]
    """ARN of the load balancer."""
    security_group_id: pulumi.Output[str]
    """Security group of the load balancer."""
    arn_suffix: pulumi.Output[str]
    """The end of its ARN, by which CloudWatch calls it in metrics."""
    target_group_arn_suffixes: Mapping[str, pulumi.Output[str]]
    """The same of its target groups, by role: `http` and `https`, as far as it forwards them."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:LoadBalancer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        forwards = plan_forwards(args.kind, args.http_node_port, args.https_node_port)
        node_ports = plan_node_ports(forwards, args.health_check.node_port)

        group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            description="Load balancer: in from clients, out to node ports",
            vpc_id=args.vpc_id,
            tags={"Name": name},
            opts=child,
        )
        door = {"http": DOOR["http"]} if args.allow_plain_http else DOOR
        _open_door(name, door, args.allowed_cidrs, group.id, child)
        _open_node_ports(name, node_ports, group.id, args.targets.security_group_id, child)
        balancer = _balancer(name, args, group.id, child)
        suffixes: dict[str, pulumi.Output[str]] = {}
        for forward in forwards:
            role = f"{name}-{forward.role}"
            nodes = target_group(role, forward, args.health_check, args.vpc_id, args.drain_seconds, opts=child)
            listener(role, forward, args.certificate_arn, balancer_arn=balancer.arn, nodes_arn=nodes.arn, opts=child)
            attach(role, nodes.arn, args.targets, opts=child)
            suffixes[forward.role] = nodes.arn_suffix
        if args.kind == "application" and not args.allow_plain_http:
            redirect(f"{name}-http", balancer.arn, opts=child)

        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.arn = balancer.arn
        self.security_group_id = group.id
        self.arn_suffix = balancer.arn_suffix
        self.target_group_arn_suffixes = suffixes
        self.register_outputs(
            {
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "arn": self.arn,
                "security_group_id": self.security_group_id,
                "arn_suffix": self.arn_suffix,
                "target_group_arn_suffixes": self.target_group_arn_suffixes,
            }
        )


def _open_door(
    name: str,
    door: Mapping[str, int],
    cidrs: Sequence[str],
    group_id: pulumi.Output[str],
    child: pulumi.ResourceOptions,
) -> None:
    for role, port in door.items():
        for cidr in cidrs:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{role}-from-{cidr.replace('/', '-')}",
                security_group_id=group_id,
                description=f"Clients, {role.upper()}",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ipv4=cidr,
                opts=child,
            )


def _open_node_ports(
    name: str,
    node_ports: Mapping[str, int],
    group_id: pulumi.Output[str],
    nodes_group_id: pulumi.Output[str],
    child: pulumi.ResourceOptions,
) -> None:
    """Out of the load balancer and into the nodes, on the same ports and between the same two groups."""
    for role, port in node_ports.items():
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-{role}-to-nodes",
            security_group_id=group_id,
            description=f"Ingress controller, {role}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=nodes_group_id,
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-{role}-into-nodes",
            security_group_id=nodes_group_id,
            description=f"Load balancer to ingress controller, {role}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=group_id,
            opts=child,
        )


def _balancer(
    name: str, args: LoadBalancerArgs, group_id: pulumi.Output[str], child: pulumi.ResourceOptions
) -> aws.lb.LoadBalancer:
    application = args.kind == "application"
    return aws.lb.LoadBalancer(
        f"{name}-lb",
        load_balancer_type=args.kind,
        internal=False,
        # A network load balancer born without a security group can never have one.
        security_groups=[group_id],
        subnets=list(args.subnet_ids),
        enable_deletion_protection=args.deletion_protection,
        enable_cross_zone_load_balancing=True,
        drop_invalid_header_fields=True if application else None,
        desync_mitigation_mode="defensive" if application else None,
        idle_timeout=args.idle_timeout_seconds if application else None,
        tags={"Name": name},
        opts=child,
    )
