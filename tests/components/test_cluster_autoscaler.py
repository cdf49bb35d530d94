"""The Cluster Autoscaler: its permissions, its version, and how it decides."""

import json
from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.cluster_autoscaler import (
    ClusterAutoscaler,
    ClusterAutoscalerArgs,
    cluster_autoscaler_values,
    scaling_permissions,
)
from components.pods import Values
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"


def args(cluster: Any = None, **changes: Any) -> ClusterAutoscalerArgs:
    required: dict[str, Any] = {"cluster": cluster, "kubernetes_version": "1.36", "region": "eu-west-3"}
    return ClusterAutoscalerArgs(**{**required, **changes})


def values(**changes: Any) -> Values:
    return cluster_autoscaler_values(args(**changes), "plain")


def declared(declare: Declare, **changes: Any) -> Plan:
    return declare(lambda: ClusterAutoscaler("cluster-autoscaler", args(PlainCluster(), **changes)))


def test_the_chart_is_pinned(declare: Declare):
    release = declared(declare).one(RELEASE)
    assert release["chart"] == "cluster-autoscaler"
    assert release["repositoryOpts"] == {"repo": "https://kubernetes.github.io/autoscaler"}
    assert release["version"] == versions.CLUSTER_AUTOSCALER_CHART.version
    assert release["namespace"] == "cluster-autoscaler"
    assert release["values"] == values()


@pytest.mark.parametrize("version", sorted(versions.EKS_ADDONS))
def test_it_is_made_for_the_kubernetes_version_of_the_cluster(version: str):
    assert values(kubernetes_version=version)["image"]["tag"].startswith(f"v{version}.")


def test_its_pod_runs_under_the_strictest_standard(declare: Declare):
    labels = declared(declare).one("kubernetes:core/v1:Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert values()["securityContext"]["runAsUser"] != 0
    assert values()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert values()["containerSecurityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_it_may_size_the_groups_of_its_own_cluster_and_only_read_the_rest():
    assert json.loads(scaling_permissions("demo", "eu-west-3"))["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            "Resource": ["arn:aws:autoscaling:eu-west-3:*:autoScalingGroup:*:autoScalingGroupName/*"],
            "Condition": {"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/demo": "owned"}},
        },
        {
            "Effect": "Allow",
            "Action": ["eks:DescribeNodegroup"],
            "Resource": ["arn:aws:eks:eu-west-3:*:nodegroup/demo/*/*"],
        },
        {
            "Effect": "Allow",
            "Action": [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
            ],
            "Resource": ["*"],
        },
    ]


def test_the_permissions_go_to_its_service_account(declare: Declare):
    seen: list[Any] = []

    def program() -> None:
        cluster = PlainCluster()
        ClusterAutoscaler("cluster-autoscaler", args(cluster))
        namespace, account, policy = cluster.grants["cluster-autoscaler-controller"]
        pulumi.Output.from_input(policy).apply(lambda text: seen.append((namespace, account, text)))

    declare(program)
    assert seen == [("cluster-autoscaler", "cluster-autoscaler", scaling_permissions("plain", "eu-west-3"))]
    assert values()["rbac"] == {"serviceAccount": {"create": True, "name": "cluster-autoscaler"}}


def test_it_finds_the_groups_of_its_cluster_by_their_tags():
    assert values()["autoDiscovery"] == {"clusterName": "plain"}
    assert (values()["cloudProvider"], values()["awsRegion"]) == ("aws", "eu-west-3")


def test_it_wastes_least_and_grows_alike_groups_evenly():
    extra = values()["extraArgs"]
    assert (extra["expander"], extra["balance-similar-node-groups"]) == ("least-waste", True)


def test_neither_system_pods_nor_scratch_volumes_keep_a_node():
    extra = values()["extraArgs"]
    assert extra["skip-nodes-with-system-pods"] is extra["skip-nodes-with-local-storage"] is False


@pytest.mark.parametrize(("choice", "patience"), [({}, "10m"), ({"scale_down_after_minutes": 3}, "3m")])
def test_a_node_goes_after_ten_idle_minutes_unless_told_otherwise(choice: dict[str, Any], patience: str):
    extra = values(**choice)["extraArgs"]
    assert extra["scale-down-unneeded-time"] == extra["scale-down-delay-after-add"] == patience


def test_it_finds_its_place_on_a_full_cluster_and_leaves_a_drained_node():
    assert values()["priorityClassName"] == "system-cluster-critical"
    assert values()["podDisruptionBudget"] == {"maxUnavailable": 1}
    assert set(values()["resources"]) == {"requests", "limits"}


def test_it_says_how_patient_it_is(declare: Declare):
    seen: list[int] = []
    declare(lambda: seen.append(ClusterAutoscaler("cluster-autoscaler", args(PlainCluster())).scale_down_after_minutes))
    assert seen == [10]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kubernetes_version": "1.20"}, "kubernetes_version must be one of 1.35, 1.36, got '1.20'"),
        ({"region": ""}, "region must be an AWS region such as 'eu-west-3', got ''"),
        ({"scale_down_after_minutes": 0}, "scale_down_after_minutes must be 1 or more, got 0"),
    ],
)
def test_an_autoscaler_that_does_not_exist_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        args(**changes)
