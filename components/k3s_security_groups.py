"""Who may talk to whom among bastion and K3s machines: the rules as plain records, and the groups made from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

ANYWHERE = "0.0.0.0/0"
API = 6443
"""Port of the Kubernetes API, and of K3s's supervisor, by which nodes join."""

Group = Literal["bastion", "nodes", "servers"]
"""`nodes` are all machines of the cluster; `servers` is a second group of those that run the control plane."""

_SSH = 22


@dataclass(frozen=True, order=True)
class Rule:
    """One connection that may be opened; it takes a rule out of `source` and a rule into `target`."""

    role: str
    """What it is for, in one word."""
    source: Group
    """Group whose machines open the connection."""
    target: Group | Literal["anywhere"]
    """Group whose machines take it, or the whole internet."""
    protocol: Literal["tcp", "udp"]
    """Protocol of the connection."""
    ports: tuple[int, int]
    """First and last port."""
    purpose: str
    """What the console shows."""


# https://docs.k3s.io/installation/requirements#inbound-rules-for-k3s-nodes
_INSIDE = (
    Rule("ssh", "bastion", "nodes", "tcp", (_SSH, _SSH), "People and Ansible, SSH"),
    Rule("api", "bastion", "servers", "tcp", (API, API), "kubectl and Pulumi, Kubernetes API"),
    Rule("api", "nodes", "servers", "tcp", (API, API), "Kubernetes API and supervisor"),
    Rule("etcd", "servers", "servers", "tcp", (2379, 2380), "etcd, clients and peers"),
    # Pods of different nodes talk inside of this, whatever their own ports are.
    Rule("vxlan", "nodes", "nodes", "udp", (8472, 8472), "Flannel VXLAN"),
    Rule("kubelet", "nodes", "nodes", "tcp", (10250, 10250), "kubelet"),
)


def plan_rules(egress_ports: Sequence[int]) -> list[Rule]:
    """Every connection that is allowed, node ports apart, which belong to the load balancer.

    `egress_ports` are the TCP ports of the internet that nodes and their pods may use. Name resolution, time and
    instance metadata of the VPC pass security groups by.
    """
    outside = [
        Rule(f"tcp-{port}", "nodes", "anywhere", "tcp", (port, port), "Images, packages, AWS and what pods call")
        for port in egress_ports
    ]
    return [*_INSIDE, *outside]


@dataclass(frozen=True)
class NodeGroups:
    """The security groups of a cluster's machines."""

    nodes: pulumi.Output[str]
    """Id of the group of all machines."""
    servers: pulumi.Output[str]
    """Id of the group of the servers, which they have besides."""
    rules: Sequence[pulumi.Resource]
    """What must exist before machines reach each other and the internet."""


def make_groups(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    bastion_id: pulumi.Input[str],
    egress_ports: Sequence[int],
    opts: pulumi.ResourceOptions,
) -> NodeGroups:
    """Make the groups of the machines, and the rules between them and the bastion's."""
    nodes = _group(f"{name}-nodes", "K3s nodes: in from bastion, load balancer and each other", vpc_id, opts)
    servers = _group(f"{name}-servers", "K3s servers: Kubernetes API and etcd", vpc_id, opts)
    ids: Mapping[str, pulumi.Input[str]] = {"bastion": bastion_id, "nodes": nodes.id, "servers": servers.id}
    rules = [made for rule in plan_rules(egress_ports) for made in _rule(name, rule, ids, opts)]
    return NodeGroups(nodes.id, servers.id, rules)


def _group(name: str, text: str, vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    return aws.ec2.SecurityGroup(
        f"{name}-security-group", description=text, vpc_id=vpc_id, tags={"Name": name}, opts=opts
    )


def _rule(
    name: str, rule: Rule, ids: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Out of the one group and, unless it leaves the VPC, into the other."""
    first, last = rule.ports
    leaves = rule.target == "anywhere"
    outward = aws.vpc.SecurityGroupEgressRule(
        f"{name}-{rule.role}-from-{rule.source}-to-{rule.target}",
        security_group_id=ids[rule.source],
        description=rule.purpose,
        ip_protocol=rule.protocol,
        from_port=first,
        to_port=last,
        cidr_ipv4=ANYWHERE if leaves else None,
        referenced_security_group_id=None if leaves else ids[rule.target],
        opts=opts,
    )
    if leaves:
        return [outward]
    inward = aws.vpc.SecurityGroupIngressRule(
        f"{name}-{rule.role}-into-{rule.target}-from-{rule.source}",
        security_group_id=ids[rule.target],
        description=rule.purpose,
        ip_protocol=rule.protocol,
        from_port=first,
        to_port=last,
        referenced_security_group_id=ids[rule.source],
        opts=opts,
    )
    return [outward, inward]
