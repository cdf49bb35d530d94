"""What pulumi-eks hands out, for the mock engine: `declare(program, outputs=EKS_OUTPUTS)`."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pulumi.runtime import mocks, settings
from pulumi.runtime.proto import resource_pb2

Properties = dict[str, Any]

# How the engine writes a reference to a resource: sdk/python/lib/pulumi/runtime/rpc.py of Pulumi.
_SIGNATURE = {"4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e", "packageVersion": ""}


def _reference(type_: str, key: str, state: Properties) -> Properties:
    """Make a resource that a remote component made, and refer to it as the engine does."""
    urn = f"urn:pulumi:test::socle::{type_}::{key}"
    monitor = cast(mocks.MockMonitor, settings.get_monitor())
    monitor.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, f"{key}-id", state)
    return {**_SIGNATURE, "urn": urn, "id": f"{key}-id"}


def _cluster(inputs: Properties) -> Properties:
    # The mock engine resolves references among inputs in another thread, whose event loop nobody runs. Without them,
    # a resource given as input is its URN: `cluster` of a node group reads well, too.
    features = cast(Any, settings.SETTINGS).monitor_features
    features.discard(resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES)
    name: str = inputs["name"]
    state: Properties = {
        "name": name,
        "arn": f"arn:aws:eks:eu-west-3:123456789012:cluster/{name}",
        "vpcConfig": {"subnetIds": inputs["privateSubnetIds"], "clusterSecurityGroupId": f"sg-of-{name}"},
    }
    kubeconfig = '{"clusters": [{"cluster": {"server": "https://api.example"}}]}'
    return {"eksCluster": _reference("aws:eks/cluster:Cluster", name, state), "kubeconfigJson": kubeconfig}


def _node_group(inputs: Properties) -> Properties:
    template: Properties = inputs["launchTemplate"]
    key: str = template["id"].removesuffix("-template-id")
    state: Properties = {
        "resources": [{"autoscalingGroups": [{"name": f"eks-{key}"}]}],
        "nodeGroupName": key,
        "arn": f"arn:aws:eks:eu-west-3:123456789012:nodegroup/main/{key}/1f2e",
    }
    return {"nodeGroup": _reference("aws:eks/nodeGroup:NodeGroup", key, state)}


def _launch_template(_: Properties) -> Properties:
    return {"latestVersion": 3}


def _key(_: Properties) -> Properties:
    return {"keyId": "key-1"}


EKS_OUTPUTS: Mapping[str, Callable[[Properties], Properties]] = {
    "eks:index:Cluster": _cluster,
    "eks:index:ManagedNodeGroup": _node_group,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:kms/key:Key": _key,
}
"""By type, what a program that declares an `EksCluster` looks into."""
