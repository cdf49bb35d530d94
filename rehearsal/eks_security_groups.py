"""The security groups of simulated pulumi-eks, which it makes unless the caller skips them."""

from typing import Any

import pulumi
import pulumi_aws as aws

Inputs = dict[str, Any]


def cluster_group(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    """The group of the control plane, with its way out."""
    group = _group(f"{name}-eksClusterSecurityGroup", inputs, {}, child)
    _rule(f"{name}-eksClusterInternetEgressRule", child, "egress", group, (0, 0), cidr_blocks=["0.0.0.0/0"])
    return group


def node_group(
    name: str, inputs: Inputs, cluster: aws.eks.Cluster, group: aws.ec2.SecurityGroup, child: pulumi.ResourceOptions
) -> Inputs:
    """The group of the nodes and the rules between the two; returns the outputs of the component about both."""
    owned = cluster.name.apply(lambda cluster_name: {f"kubernetes.io/cluster/{cluster_name}": "owned"})
    nodes = _group(f"{name}-nodeSecurityGroup", inputs, owned, child)
    ingress = _node_rules(name, group, nodes, child)
    return {
        "clusterSecurityGroup": group,
        "nodeSecurityGroup": nodes,
        "nodeSecurityGroupId": nodes.id,
        "eksClusterIngressRule": ingress,
        "clusterIngressRuleId": ingress.id,
    }


def _group(
    name: str, inputs: Inputs, tags: pulumi.Input[dict[str, str]], child: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    return aws.ec2.SecurityGroup(
        name,
        vpc_id=inputs["vpcId"],
        revoke_rules_on_delete=True,
        description="Managed by Pulumi",
        tags=pulumi.Output.from_input(tags).apply(lambda more: {"Name": name, **more}),
        opts=child,
    )


def _node_rules(
    name: str, group: aws.ec2.SecurityGroup, nodes: aws.ec2.SecurityGroup, child: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroupRule:
    _rule(
        f"{name}-eksExtApiServerClusterIngressRule", child, "ingress", nodes, (443, 443),
        protocol="tcp", source_security_group_id=group.id,
    )  # fmt: skip
    _rule(f"{name}-eksNodeIngressRule", child, "ingress", nodes, (0, 0), self=True)
    _rule(f"{name}-eksNodeInternetEgressRule", child, "egress", nodes, (0, 0), cidr_blocks=["0.0.0.0/0"])
    _rule(
        f"{name}-eksNodeClusterIngressRule", child, "ingress", nodes, (1025, 65535),
        protocol="tcp", source_security_group_id=group.id,
    )  # fmt: skip
    return _rule(
        f"{name}-eksClusterIngressRule", child, "ingress", group, (443, 443),
        protocol="tcp", source_security_group_id=nodes.id,
    )  # fmt: skip


def _rule(
    name: str,
    child: pulumi.ResourceOptions,
    direction: str,
    group: aws.ec2.SecurityGroup,
    ports: tuple[int, int],
    *,
    protocol: str = "-1",
    **peer: Any,
) -> aws.ec2.SecurityGroupRule:
    return aws.ec2.SecurityGroupRule(
        name,
        type=direction,
        security_group_id=group.id,
        from_port=ports[0],
        to_port=ports[1],
        protocol=protocol,
        description=f"{direction} of {name}",
        opts=child,
        **peer,
    )
