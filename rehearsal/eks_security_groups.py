"""The security groups of simulated pulumi-eks, which it makes unless the caller skips them."""

from typing import Any

import pulumi

from rehearsal.registration import Inputs, Registered, register


def cluster_group(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> Registered:
    """The group of the control plane, with its way out."""
    group = _group(f"{name}-eksClusterSecurityGroup", inputs, {}, child)
    _rule(f"{name}-eksClusterInternetEgressRule", child, "egress", group, (0, 0), cidrBlocks=["0.0.0.0/0"])
    return group


def node_group(
    name: str, inputs: Inputs, cluster: Registered, group: Registered, child: pulumi.ResourceOptions
) -> Inputs:
    """The group of the nodes and the rules between the two; returns the outputs of the component about both."""
    owned = cluster.output("name").apply(lambda cluster_name: {f"kubernetes.io/cluster/{cluster_name}": "owned"})
    nodes = _group(f"{name}-nodeSecurityGroup", inputs, owned, child)
    ingress = _node_rules(name, group, nodes, child)
    return {
        "clusterSecurityGroup": group,
        "nodeSecurityGroup": nodes,
        "nodeSecurityGroupId": nodes.id,
        "eksClusterIngressRule": ingress,
        "clusterIngressRuleId": ingress.id,
    }


def _group(name: str, inputs: Inputs, tags: pulumi.Input[dict[str, str]], child: pulumi.ResourceOptions) -> Registered:
    return register(
        "aws:ec2/securityGroup:SecurityGroup",
        name,
        {
            "vpcId": inputs["vpcId"],
            "revokeRulesOnDelete": True,
            "description": "Managed by Pulumi",
            "tags": pulumi.Output.from_input(tags).apply(lambda more: {"Name": name, **more}),
        },
        child,
    )


def _node_rules(name: str, group: Registered, nodes: Registered, child: pulumi.ResourceOptions) -> Registered:
    from_cluster: Inputs = {"protocol": "tcp", "sourceSecurityGroupId": group.id}
    _rule(f"{name}-eksExtApiServerClusterIngressRule", child, "ingress", nodes, (443, 443), **from_cluster)
    _rule(f"{name}-eksNodeIngressRule", child, "ingress", nodes, (0, 0), self=True)
    _rule(f"{name}-eksNodeInternetEgressRule", child, "egress", nodes, (0, 0), cidrBlocks=["0.0.0.0/0"])
    _rule(f"{name}-eksNodeClusterIngressRule", child, "ingress", nodes, (1025, 65535), **from_cluster)
    from_nodes: Inputs = {"protocol": "tcp", "sourceSecurityGroupId": nodes.id}
    return _rule(f"{name}-eksClusterIngressRule", child, "ingress", group, (443, 443), **from_nodes)


def _rule(
    name: str,
    child: pulumi.ResourceOptions,
    direction: str,
    group: Registered,
    ports: tuple[int, int],
    **more: Any,
) -> Registered:
    return register(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        name,
        {
            "type": direction,
            "securityGroupId": group.id,
            "fromPort": ports[0],
            "toPort": ports[1],
            "protocol": "-1",
            "description": f"{direction} of {name}",
            **more,
        },
        child,
    )
