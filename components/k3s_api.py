"""The Kubernetes API of K3s on a network load balancer, for those who shall need no tunnel."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.cidrs import ipv4_network

API = 6443


@dataclass(frozen=True, kw_only=True)
class K3sApiArgs:
    """Inputs of `K3sApi`."""

    balancer_arn: pulumi.Input[str]
    """Network load balancer that also listens for the API; an application load balancer cannot."""
    balancer_security_group_id: pulumi.Input[str]
    """Security group of the load balancer."""
    balancer_dns_name: pulumi.Input[str]
    """Name under which AWS serves it."""
    cidrs: tuple[str, ...]
    """IPv4 ranges that may reach the API."""
    allow_public_api: bool = False
    """True accepts `0.0.0.0/0` in `cidrs`: anybody may then try to log in."""
    vpc_id: pulumi.Input[str]
    """VPC of the servers."""
    server_group_id: pulumi.Input[str]
    """Security group of the servers."""
    server_ids: Mapping[str, pulumi.Input[str]]
    """Instances of the servers, by node name."""

    def __post_init__(self) -> None:
        """Refuse an API that is open to nobody, or to everybody by accident."""
        if not self.cidrs:
            raise ValueError("cidrs must name at least one IPv4 network, got none")
        for cidr in self.cidrs:
            if ipv4_network("cidrs", cidr).prefixlen == 0 and not self.allow_public_api:
                raise ValueError(f"cidrs must not contain {cidr!r} unless allow_public_api is true")


class K3sApi(pulumi.ComponentResource):
    """Port 6443 of a load balancer that is there anyway, passed on to the servers.

    Opens that port to `cidrs`, and the servers to the load balancer. Costs nothing by itself; AWS bills the load
    balancer by what passes through it. The servers ask everybody for a certificate.
    """

    url: pulumi.Output[str]
    """Address of the API, once the load balancer listens for it."""
    host: pulumi.Output[str]
    """Host of that address, which the certificate of the API must name; known before."""

    def __init__(self, name: str, args: K3sApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:K3sApi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        _open(name, args, child)
        servers = aws.lb.TargetGroup(
            f"{name}-servers",
            vpc_id=args.vpc_id,
            target_type="instance",
            port=API,
            protocol="TCP",
            preserve_client_ip="true",
            health_check={"protocol": "TCP", "port": str(API), "interval": 10},
            tags={"Name": name},
            opts=child,
        )
        for node, instance_id in args.server_ids.items():
            aws.lb.TargetGroupAttachment(
                f"{name}-{node}", target_group_arn=servers.arn, target_id=instance_id, opts=child
            )
        listener = aws.lb.Listener(
            f"{name}-listener",
            load_balancer_arn=args.balancer_arn,
            port=API,
            protocol="TCP",
            default_actions=[{"type": "forward", "target_group_arn": servers.arn}],
            opts=child,
        )
        self.host = pulumi.Output.from_input(args.balancer_dns_name)
        listening = pulumi.Output.all(host=self.host, listener=listener.arn)
        self.url = listening.apply(lambda known: f"https://{known['host']}:{API}")
        self.register_outputs({"url": self.url, "host": self.host})


def _open(name: str, args: K3sApiArgs, child: pulumi.ResourceOptions) -> None:
    for cidr in args.cidrs:
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-{cidr.replace('/', '-')}",
            security_group_id=args.balancer_security_group_id,
            description="People and pipelines, Kubernetes API",
            ip_protocol="tcp",
            from_port=API,
            to_port=API,
            cidr_ipv4=cidr,
            opts=child,
        )
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-to-servers",
        security_group_id=args.balancer_security_group_id,
        description="Kubernetes API",
        ip_protocol="tcp",
        from_port=API,
        to_port=API,
        referenced_security_group_id=args.server_group_id,
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-into-servers",
        security_group_id=args.server_group_id,
        description="Load balancer to Kubernetes API",
        ip_protocol="tcp",
        from_port=API,
        to_port=API,
        referenced_security_group_id=args.balancer_security_group_id,
        opts=child,
    )
