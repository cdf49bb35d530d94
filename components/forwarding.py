"""How traffic goes from the ports of a load balancer to the ports of the nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.cluster import IngressTargets

DOOR = {"http": 80, "https": 443}
"""Ports that clients use."""
# https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport
NODE_PORTS = range(30000, 32768)
# Recommended by AWS: TLS 1.3 and the strong part of TLS 1.2, with post-quantum key exchange for clients that know it.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
_INTERVALS, _THRESHOLDS = range(10, 301), range(2, 11)
_HEALTH_TIMEOUT_SECONDS = 5


def check_within(field: str, value: int, allowed: range) -> None:
    """Raise ValueError when `value` is not in `allowed`."""
    if value not in allowed:
        raise ValueError(f"{field} must be from {allowed.start} to {allowed.stop - 1}, got {value}")


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """How the load balancer finds out which nodes can serve."""

    protocol: Literal["TCP", "HTTP", "HTTPS"]
    """`TCP` only proves that the port answers; `HTTP` and `HTTPS` ask for `path`."""
    node_port: int
    """Port of the node that is asked, 30000 to 32767; it may be one of the traffic's own."""
    path: str | None = None
    """Path that answers with success; required by `HTTP` and `HTTPS`, and meaningless for `TCP`."""
    interval_seconds: int = 10
    """Seconds between two questions, 10 to 300."""
    healthy_threshold: int = 2
    """Successes in a row that bring a node in, 2 to 10."""
    unhealthy_threshold: int = 2
    """Failures in a row that take a node out, 2 to 10."""

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse at deployment."""
        check_within("node_port", self.node_port, NODE_PORTS)
        check_within("interval_seconds", self.interval_seconds, _INTERVALS)
        check_within("healthy_threshold", self.healthy_threshold, _THRESHOLDS)
        check_within("unhealthy_threshold", self.unhealthy_threshold, _THRESHOLDS)
        if self.protocol == "TCP" and self.path is not None:
            raise ValueError(f"path must be omitted when protocol is 'TCP', got {self.path!r}")
        if self.protocol != "TCP" and not (self.path or "").startswith("/"):
            raise ValueError(f"path must start with '/' when protocol is {self.protocol!r}, got {self.path!r}")


@dataclass(frozen=True)
class Forward:
    """One way from a port of the load balancer to a port of the nodes."""

    role: Literal["http", "https"]
    port: int
    node_port: int
    protocol: Literal["TCP", "HTTPS"]


def plan_forwards(kind: Literal["network", "application"], http: int, https: int) -> list[Forward]:
    """What is passed on to the nodes; an application load balancer redirects HTTP itself and speaks TLS to them."""
    if kind == "application":
        return [Forward("https", DOOR["https"], https, "HTTPS")]
    return [Forward("http", DOOR["http"], http, "TCP"), Forward("https", DOOR["https"], https, "TCP")]


def plan_node_ports(forwards: Sequence[Forward], health_port: int) -> dict[str, int]:
    """Ports of the nodes that must be open, by role; the health check's own only when no traffic uses it."""
    ports: dict[str, int] = {forward.role: forward.node_port for forward in forwards}
    return ports if health_port in ports.values() else {**ports, "health": health_port}


def target_group(
    name: str,
    forward: Forward,
    check: HealthCheck,
    vpc_id: pulumi.Input[str],
    drain_seconds: int,
    *,
    opts: pulumi.ResourceOptions,
) -> aws.lb.TargetGroup:
    """The nodes that serve `forward`, as far as `check` finds them healthy."""
    return aws.lb.TargetGroup(
        name,
        vpc_id=vpc_id,
        # Instances, and not addresses: only they keep the client's address on a network load balancer.
        target_type="instance",
        port=forward.node_port,
        protocol=forward.protocol,
        preserve_client_ip="true" if forward.protocol == "TCP" else None,
        deregistration_delay=drain_seconds,
        health_check={
            "protocol": check.protocol,
            "port": str(check.node_port),
            "path": check.path,
            "interval": check.interval_seconds,
            "timeout": _HEALTH_TIMEOUT_SECONDS,
            "healthy_threshold": check.healthy_threshold,
            "unhealthy_threshold": check.unhealthy_threshold,
        },
        tags={"Name": name},
        opts=opts,
    )


def listener(
    name: str,
    forward: Forward,
    certificate_arn: pulumi.Input[str] | None,
    *,
    balancer_arn: pulumi.Output[str],
    nodes_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Take connections on the port of `forward` and pass them to its nodes; HTTPS without a certificate is HTTP."""
    plain = forward.protocol == "HTTPS" and certificate_arn is None
    aws.lb.Listener(
        name,
        load_balancer_arn=balancer_arn,
        port=DOOR["http"] if plain else forward.port,
        protocol="HTTP" if plain else forward.protocol,
        certificate_arn=certificate_arn,
        ssl_policy=TLS_POLICY if forward.protocol == "HTTPS" and not plain else None,
        default_actions=[{"type": "forward", "target_group_arn": nodes_arn}],
        opts=opts,
    )


def redirect(name: str, balancer_arn: pulumi.Output[str], *, opts: pulumi.ResourceOptions) -> None:
    """Send clients that come by HTTP to the same address by HTTPS."""
    aws.lb.Listener(
        name,
        load_balancer_arn=balancer_arn,
        port=DOOR["http"],
        protocol="HTTP",
        default_actions=[
            {
                "type": "redirect",
                "redirect": {"protocol": "HTTPS", "port": str(DOOR["https"]), "status_code": "HTTP_301"},
            }
        ],
        opts=opts,
    )


def attach(
    name: str, target_group_arn: pulumi.Output[str], targets: IngressTargets, *, opts: pulumi.ResourceOptions
) -> None:
    """Enter the nodes into a target group: those of auto scaling groups as they come and go, the others one by one."""
    for group, group_name in targets.autoscaling_group_names.items():
        aws.autoscaling.Attachment(
            f"{name}-{group}", autoscaling_group_name=group_name, lb_target_group_arn=target_group_arn, opts=opts
        )
    for instance, instance_id in targets.instance_ids.items():
        aws.lb.TargetGroupAttachment(
            f"{name}-{instance}", target_group_arn=target_group_arn, target_id=instance_id, opts=opts
        )
