"""Simulated pulumi-eks: registers the children that the real component registers, under the same names.

It speaks to the engine in types and properties, without pulumi_aws, whose import would cost every command a second.
"""

from typing import Any

import pulumi
from pulumi.provider import ConstructResult

from rehearsal.aws.templates import ACCOUNT
from rehearsal.eks_cluster import as_json, cluster_with_addons
from rehearsal.registration import Inputs, register
from rehearsal.wire import object_in

_CLUSTER = "eks:index:Cluster"


def construct(
    name: str, resource_type: str, inputs: Inputs, options: pulumi.ResourceOptions | None = None
) -> ConstructResult:
    """Register a component of pulumi-eks with its children; raises `ValueError` for one that is not known here."""
    build = {
        _CLUSTER: cluster_with_addons,
        "eks:index:ManagedNodeGroup": _managed_node_group,
        "eks:index:Addon": _addon,
    }.get(resource_type)
    if build is None:
        raise ValueError(f"the rehearsal does not know {resource_type}; it has Cluster, ManagedNodeGroup and Addon")
    component = pulumi.ComponentResource(resource_type, name, {}, options)
    state = build(name, inputs, pulumi.ResourceOptions(parent=component))
    component.register_outputs(state)
    return ConstructResult(component.urn, state)


def _managed_node_group(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> Inputs:
    ignored = ["scalingConfig.desiredSize"] if inputs.get("ignoreScalingChanges") else []
    group = register(
        "aws:eks/nodeGroup:NodeGroup",
        name,
        {
            "clusterName": _name_of(inputs["cluster"]),
            "amiType": inputs.get("amiType"),
            "capacityType": inputs.get("capacityType"),
            "instanceTypes": inputs.get("instanceTypes"),
            "labels": inputs.get("labels"),
            "launchTemplate": inputs.get("launchTemplate"),
            "nodeGroupName": inputs.get("nodeGroupName"),
            "nodeRoleArn": inputs.get("nodeRoleArn") or _role_arn(inputs["nodeRole"]),
            "scalingConfig": {"desiredSize": 2, "maxSize": 2, "minSize": 1, **object_in(inputs, "scalingConfig")},
            "subnetIds": inputs.get("subnetIds"),
            "tags": inputs.get("tags"),
            "version": inputs.get("version"),
        },
        pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(ignore_changes=ignored)),
    )
    return {"nodeGroup": group, "placementGroupName": ""}


def _addon(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> Inputs:
    same = ["addonName", "addonVersion", "preserve", "serviceAccountRoleArn"]
    same += ["resolveConflictsOnCreate", "resolveConflictsOnUpdate"]
    addon = register(
        "aws:eks/addon:Addon",
        name,
        {
            **{key: inputs.get(key) for key in same},
            "clusterName": _name_of(inputs["cluster"]),
            "configurationValues": as_json(inputs.get("configurationValues")),
        },
        child,
    )
    return {"addon": addon}


def _role_arn(role: Any) -> pulumi.Input[str]:
    """ARN of a role that arrives as a resource, or as a reference, of which the protocol gives the id, its name."""
    return getattr(role, "arn", None) or f"arn:aws:iam::{ACCOUNT}:role/{role}"


def _name_of(cluster: Any) -> pulumi.Output[str]:
    """Name of a cluster that arrives as the component's URN, or as its core data."""
    if isinstance(cluster, str):
        component = pulumi.ComponentResource(
            _CLUSTER,
            cluster.rpartition("::")[2],
            {"eksCluster": None},
            pulumi.ResourceOptions(urn=cluster),
            remote=True,
        )
        cluster = {"cluster": component.__dict__["eksCluster"]}
    found = pulumi.Output.from_input(cluster).apply(lambda core: core["cluster"])
    # Its id, which a reference gives, is its name.
    return found.apply(lambda made: made if isinstance(made, str) else made.id)
