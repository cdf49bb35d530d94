"""The control plane of an EKS cluster: who reaches it, who may use it, what it keeps."""

from typing import Any

import pulumi
import pytest

from components import versions
from components.eks import AccessArgs, EksCluster, EksClusterArgs, NodeGroupArgs
from components.eks_control_plane import access_policy_arn
from tests.components.seen_options import SeenOptions
from tests.components.simulated_eks import EKS_OUTPUTS
from tests.conftest import Declare, Properties

CLUSTER = "eks:index:Cluster"
POLICIES = "arn:aws:eks::aws:cluster-access-policy"


def cluster_args(**changes: Any) -> EksClusterArgs:
    required: dict[str, Any] = {
        "cluster_name": "demo",
        "version": "1.36",
        "vpc_id": "vpc-1",
        "private_subnet_ids": ["subnet-a", "subnet-b"],
        "node_groups": {"web": NodeGroupArgs(instance_types=("t3.large",), min_size=2, max_size=3)},
    }
    return EksClusterArgs(**{**required, **changes})


def control_plane(declare: Declare, **changes: Any) -> Properties:
    return declare(lambda: EksCluster("main", cluster_args(**changes)), outputs=EKS_OUTPUTS).one(CLUSTER)


def test_without_outside_ranges_the_api_answers_in_the_vpc_only(declare: Declare):
    inputs = control_plane(declare)
    assert inputs["endpointPrivateAccess"] is True
    assert inputs["endpointPublicAccess"] is False
    # pulumi-eks fails on a list beside a closed endpoint
    assert "publicAccessCidrs" not in inputs


def test_the_public_endpoint_lets_in_the_ranges_given_and_no_other(declare: Declare):
    inputs = control_plane(declare, api_cidrs=("203.0.113.0/24", "198.51.100.7/32"))
    assert inputs["endpointPublicAccess"] is True
    assert inputs["publicAccessCidrs"] == ["203.0.113.0/24", "198.51.100.7/32"]
    assert inputs["endpointPrivateAccess"] is True


def test_an_api_open_to_everybody_must_be_asked_for(declare: Declare):
    inputs = control_plane(declare, api_cidrs=("0.0.0.0/0",), allow_public_api=True)
    assert inputs["publicAccessCidrs"] == ["0.0.0.0/0"]


def test_the_cluster_has_its_name_version_and_subnets(declare: Declare):
    inputs = control_plane(declare)
    wanted = {
        "name": "demo",
        "version": "1.36",
        "vpcId": "vpc-1",
        "privateSubnetIds": ["subnet-a", "subnet-b"],
        "nodeAssociatePublicIpAddress": False,
    }
    assert {key: inputs[key] for key in wanted} == wanted


def test_the_cluster_never_enters_extended_support(declare: Declare):
    assert control_plane(declare)["upgradePolicy"] == {"supportType": "STANDARD"}


def test_access_is_by_entries_and_permissions_by_pod_identity(declare: Declare):
    inputs = control_plane(declare)
    assert inputs["authenticationMode"] == "API"
    assert inputs["createOidcProvider"] is False


def test_the_add_ons_that_come_with_the_control_plane_are_pinned_and_the_only_ones(declare: Declare):
    inputs = control_plane(declare)
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert inputs["kubeProxyAddonOptions"]["version"] == versions.EKS_KUBE_PROXY.version
    assert inputs["vpcCniOptions"]["addonVersion"] == versions.EKS_VPC_CNI.version
    assert inputs["corednsAddonOptions"] == {"enabled": False}
    assert (inputs["skipDefaultNodeGroup"], inputs["skipDefaultSecurityGroups"]) == (True, True)


def test_network_policies_are_enforced(declare: Declare):
    assert control_plane(declare)["vpcCniOptions"]["enableNetworkPolicy"] is True


def test_small_nodes_have_addresses_for_more_than_a_handful_of_pods(declare: Declare):
    assert control_plane(declare)["vpcCniOptions"]["enablePrefixDelegation"] is True


def test_secrets_are_encrypted_with_a_key_that_rotates_and_has_a_readable_alias(declare: Declare):
    plan = declare(lambda: EksCluster("main", cluster_args()), outputs=EKS_OUTPUTS)
    assert plan.one("aws:kms/key:Key")["enableKeyRotation"] is True
    assert plan.one(CLUSTER)["encryptionConfigKeyArn"] == "arn:aws:mock:::main-eks-secrets"
    assert plan.one("aws:kms/alias:Alias") == {"name": "alias/demo-secrets", "targetKeyId": "key-1"}


def test_the_log_group_that_eks_writes_to_is_ours_with_retention_and_comes_first(declare: Declare):
    seen = SeenOptions()
    plan = declare(lambda: EksCluster("main", cluster_args(log_retention_days=90), seen.opts), outputs=EKS_OUTPUTS)
    assert plan.one("aws:cloudwatch/logGroup:LogGroup") == {"name": "/aws/eks/demo/cluster", "retentionInDays": 90}
    assert seen.before("main-eks-cluster") == {"main-eks-logs"}


def test_logs_of_who_did_what_are_kept_unless_others_are_named(declare: Declare):
    assert control_plane(declare)["enabledClusterLogTypes"] == ["audit", "authenticator"]
    assert control_plane(declare, log_types=("audit",))["enabledClusterLogTypes"] == ["audit"]


def test_deletion_protection_is_off_unless_asked_for(declare: Declare):
    assert control_plane(declare)["deletionProtection"] is False
    assert control_plane(declare, deletion_protection=True)["deletionProtection"] is True


def test_each_principal_gets_its_level_where_it_is_granted(declare: Declare):
    access = {
        "ops": AccessArgs(principal_arn="arn:ops", level="admin"),
        "devs": AccessArgs(principal_arn="arn:devs", level="edit", namespaces=("shop", "blog")),
    }
    plan = declare(lambda: EksCluster("main", cluster_args(access=access)), outputs=EKS_OUTPUTS)
    assert plan.of("aws:eks/accessEntry:AccessEntry") == {
        "main-eks-access-ops": {"clusterName": "demo", "principalArn": "arn:ops"},
        "main-eks-access-devs": {"clusterName": "demo", "principalArn": "arn:devs"},
    }
    assert plan.of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation") == {
        "main-eks-access-ops-policy": {
            "clusterName": "demo",
            "principalArn": "arn:ops",
            "policyArn": f"{POLICIES}/AmazonEKSClusterAdminPolicy",
            "accessScope": {"type": "cluster"},
        },
        "main-eks-access-devs-policy": {
            "clusterName": "demo",
            "principalArn": "arn:devs",
            "policyArn": f"{POLICIES}/AmazonEKSEditPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["shop", "blog"]},
        },
    }


@pytest.mark.parametrize(
    ("level", "namespaces", "policy"),
    [
        ("admin", (), "AmazonEKSClusterAdminPolicy"),
        ("admin", ("shop",), "AmazonEKSAdminPolicy"),
        ("edit", (), "AmazonEKSEditPolicy"),
        ("view", ("shop",), "AmazonEKSViewPolicy"),
    ],
)
def test_an_administrator_of_namespaces_is_none_of_the_cluster(level: Any, namespaces: tuple[str, ...], policy: str):
    granted = AccessArgs(principal_arn="arn:x", level=level, namespaces=namespaces)
    assert access_policy_arn(granted) == f"{POLICIES}/{policy}"


def test_the_kubeconfig_is_secret(declare: Declare):
    seen: list[bool] = []

    def program() -> None:
        cluster = EksCluster("main", cluster_args())
        pulumi.Output.from_input(cluster.kubeconfig.is_secret()).apply(seen.append)

    declare(program, outputs=EKS_OUTPUTS)
    assert seen == [True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cluster_name": "-demo"}, "cluster_name must be 1 to 100 letters, digits, .*got '-demo'"),
        ({"version": "1.36.2"}, "version must be a minor version such as '1.36', got '1.36.2'"),
        ({"private_subnet_ids": ["subnet-a"]}, "private_subnet_ids must be 2 or more, each in its own zone, got 1"),
        ({"log_retention_days": 10}, "log_retention_days must be one of 1, 3, 5, 7, 14, 30, .*, got 10"),
        ({"api_cidrs": ("0.0.0.0/0",)}, "api_cidrs must not contain '0.0.0.0/0' unless allow_public_api is true"),
        ({"api_cidrs": ("10.0.0.1/24",)}, "api_cidrs must be IPv4 networks .*, got '10.0.0.1/24': .*host bits set"),
        ({"node_groups": {}}, "node_groups must have at least one group, got none"),
    ],
)
def test_a_cluster_that_aws_would_refuse_or_everybody_could_reach_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        cluster_args(**changes)
