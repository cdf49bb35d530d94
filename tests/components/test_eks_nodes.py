"""The machines of an EKS cluster, seen through the cluster that owns them."""

import json
from typing import Any

import pulumi
import pytest

from components.eks import EksCluster, NodeGroupArgs
from tests.components.simulated_eks import EKS_OUTPUTS
from tests.components.test_eks_control_plane import cluster_args
from tests.conftest import Declare, Plan

GROUP = "eks:index:ManagedNodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def group(**changes: Any) -> NodeGroupArgs:
    required: dict[str, Any] = {"instance_types": ("t3.large",), "min_size": 2, "max_size": 3}
    return NodeGroupArgs(**{**required, **changes})


def declare_groups(declare: Declare, tags: dict[str, str] | None = None, **groups: NodeGroupArgs) -> Plan:
    args = cluster_args(node_groups=groups, tags=tags or {})
    return declare(lambda: EksCluster("main", args), outputs=EKS_OUTPUTS)


def test_the_machines_of_the_seed_are_allowed():
    # seeds/003: two t3.large
    assert group().instance_types == ("t3.large",)


def test_a_node_group_is_private_and_of_the_version_of_its_cluster(declare: Declare):
    web = declare_groups(declare, web=group()).of(GROUP)["main-nodes-web"]
    assert web["subnetIds"] == ["subnet-a", "subnet-b"]
    assert web["version"] == "1.36"
    assert web["nodeRoleArn"] == "arn:aws:mock:::main-nodes-role"


@pytest.mark.parametrize(
    ("architecture", "instance_type", "image"),
    [("x86_64", "t3.large", "AL2023_x86_64_STANDARD"), ("arm64", "t4g.large", "AL2023_ARM_64_STANDARD")],
)
def test_nodes_run_amazon_linux_2023_for_their_processor(
    declare: Declare, architecture: str, instance_type: str, image: str
):
    plan = declare_groups(declare, web=group(architecture=architecture, instance_types=(instance_type,)))
    assert plan.one(GROUP)["amiType"] == image


@pytest.mark.parametrize(("capacity", "aws_name"), [("on-demand", "ON_DEMAND"), ("spot", "SPOT")])
def test_a_group_buys_the_capacity_that_it_names(declare: Declare, capacity: str, aws_name: str):
    plan = declare_groups(declare, web=group(capacity=capacity, instance_types=("t3.large", "t3a.large")))
    assert plan.one(GROUP)["capacityType"] == aws_name
    assert plan.one(GROUP)["instanceTypes"] == ["t3.large", "t3a.large"]


def test_a_group_starts_with_its_smallest_size_unless_told_otherwise(declare: Declare):
    plan = declare_groups(declare, a=group(), b=group(desired_size=3))
    sizes = {name: inputs["scalingConfig"]["desiredSize"] for name, inputs in plan.of(GROUP).items()}
    assert sizes == {"main-nodes-a": 2, "main-nodes-b": 3}


def test_only_an_autoscaled_group_keeps_the_size_that_somebody_else_gave_it(declare: Declare):
    plan = declare_groups(declare, a=group(), b=group(autoscaled=True))
    ignored = {name: inputs["ignoreScalingChanges"] for name, inputs in plan.of(GROUP).items()}
    assert ignored == {"main-nodes-a": False, "main-nodes-b": True}


def test_labels_reach_the_nodes(declare: Declare):
    assert declare_groups(declare, web=group(labels={"tier": "front"})).one(GROUP)["labels"] == {"tier": "front"}


def test_pods_cannot_read_the_metadata_of_their_machine(declare: Declare):
    assert declare_groups(declare, web=group()).one(TEMPLATE)["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_the_root_volume_is_encrypted_gp3_of_the_size_asked(declare: Declare):
    (mapping,) = declare_groups(declare, web=group(disk_gib=55)).one(TEMPLATE)["blockDeviceMappings"]
    assert mapping == {
        "deviceName": "/dev/xvda",
        "ebs": {"volumeType": "gp3", "volumeSize": 55, "encrypted": "true", "deleteOnTermination": "true"},
    }


def test_what_a_template_gives_birth_to_is_tagged(declare: Declare):
    template = declare_groups(declare, tags={"stack": "staging"}, web=group()).one(TEMPLATE)
    tags = {"stack": "staging", "Name": "demo-web"}
    assert {each["resourceType"]: each["tags"] for each in template["tagSpecifications"]} == {
        "instance": tags,
        "volume": tags,
        "network-interface": tags,
    }


def test_a_template_names_no_security_group_so_that_nodes_get_that_of_the_cluster(declare: Declare):
    template = declare_groups(declare, web=group()).one(TEMPLATE)
    assert not {"vpcSecurityGroupIds", "securityGroupNames", "networkInterfaces", "imageId"} & set(template)


def test_a_change_of_template_reaches_the_nodes(declare: Declare):
    web = declare_groups(declare, web=group()).one(GROUP)
    assert web["launchTemplate"] == {"id": "main-nodes-web-template-id", "version": "3"}


def test_the_role_of_the_machines_joins_the_cluster_and_pulls_images_and_no_more(declare: Declare):
    plan = declare_groups(declare, web=group())
    policies = {
        inputs["policyArn"]
        for inputs in plan.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").values()
        if inputs["role"] == "main-nodes-role"
    }
    assert policies == {
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
    }
    trust = json.loads(plan.of("aws:iam/role:Role")["main-nodes-role"]["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_each_group_says_which_auto_scaling_group_aws_made_for_it(declare: Declare):
    seen: dict[str, str] = {}

    def program() -> None:
        cluster = EksCluster("main", cluster_args(node_groups={"web": group(), "batch": group(capacity="spot")}))
        names = dict(cluster.ingress_targets.autoscaling_group_names)
        pulumi.Output.all(**names).apply(seen.update)

    declare(program, outputs=EKS_OUTPUTS)
    assert seen == {"web": "eks-main-nodes-web", "batch": "eks-main-nodes-batch"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instance_types": ()}, "instance_types must name at least one type, got none"),
        ({"instance_types": ("t3.large", "t4g.large")}, "instance_types must all be x86_64, got 't4g.large'"),
        (
            {"architecture": "arm64", "instance_types": ("c7gn.large", "g5.xlarge")},
            "instance_types must all be arm64, got 'g5.xlarge'",
        ),
        (
            {"min_size": 4},
            "min_size and max_size must satisfy 0 <= min_size <= max_size and 1 <= max_size, got 4 and 3",
        ),
        ({"min_size": 0, "max_size": 0}, "got 0 and 0"),
        ({"min_size": -1}, "got -1 and 3"),
        ({"desired_size": 4}, "desired_size must be from 2 to 3 like its group, got 4"),
        ({"disk_gib": 19}, "disk_gib must be 20 or more, got 19"),
    ],
)
def test_a_group_that_aws_would_refuse_is_refused_first(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        group(**changes)
