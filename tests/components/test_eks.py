"""An EKS cluster as a whole: what comes before what, and how it fulfils the `Cluster` contract."""

import pulumi
import pulumi_aws as aws
import pytest

from components import versions
from components.cluster import Cluster
from components.eks import EksCluster
from tests.components.seen_options import SeenOptions
from tests.components.simulated_eks import EKS_OUTPUTS
from tests.components.test_eks_control_plane import cluster_args
from tests.conftest import Declare, Plan

ADDON = "eks:index:Addon"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"


@pytest.fixture
def plan(declare: Declare) -> Plan:
    return declare(lambda: EksCluster("main", cluster_args(tags={"stack": "staging"})), outputs=EKS_OUTPUTS)


@pytest.fixture
def order(declare: Declare) -> SeenOptions:
    seen = SeenOptions()

    def program() -> None:
        nat = aws.ec2.NatGateway("nat", subnet_id="subnet-p")
        EksCluster("main", cluster_args(private_routes=[nat]), seen.opts)

    declare(program, outputs=EKS_OUTPUTS)
    return seen


def test_add_ons_are_pinned(plan: Plan):
    assert {inputs["addonName"]: inputs["addonVersion"] for inputs in plan.of(ADDON).values()} == {
        "eks-pod-identity-agent": versions.EKS_POD_IDENTITY_AGENT.version,
        "coredns": versions.EKS_COREDNS.version,
        "aws-ebs-csi-driver": versions.EKS_EBS_CSI.version,
        "metrics-server": versions.EKS_METRICS_SERVER.version,
        "snapshot-controller": versions.EKS_SNAPSHOT_CONTROLLER.version,
    }


def test_nodes_wait_for_network_identity_permissions_and_the_internet(order: SeenOptions):
    assert order.before("main-nodes-web") == {
        "main-eks-cluster",
        "main-pod-identity-agent",
        "main-vpc-cni",
        "main-nodes-worker-policy",
        "main-nodes-registry-policy",
        "nat",
    }


def test_add_ons_that_run_as_pods_come_after_the_nodes(order: SeenOptions):
    assert order.before("main-coredns") == {"main-nodes"}
    assert order.before("main-metrics-server") == {"main-nodes"}
    assert order.before("main-snapshot-controller") == {"main-nodes"}


def test_the_volume_driver_finds_the_definitions_of_snapshots(order: SeenOptions):
    assert order.before("main-ebs-csi") == {"main-nodes", "main-ebs-csi-identity", "main-snapshot-controller"}


def test_the_kubernetes_provider_is_ready_for_workloads(order: SeenOptions):
    assert order.before("main-k8s") == {
        "main-nodes",
        "main-coredns",
        "main-metrics-server",
        "main-snapshot-controller",
        "main-ebs-csi",
    }


def test_the_identity_agent_runs_on_nodes_that_are_not_ready_yet(plan: Plan):
    assert plan.of(ADDON)["main-pod-identity-agent"]["configurationValues"] == {"tolerations": [{"operator": "Exists"}]}


def test_the_network_add_on_and_the_volume_driver_have_their_own_permissions(plan: Plan):
    attached = plan.of(ATTACHMENT).values()
    assert {(each["role"], each["policyArn"].rpartition("/")[2]) for each in attached} >= {
        ("main-vpc-cni-role", "AmazonEKS_CNI_Policy"),
        ("main-ebs-csi-identity-role", "AmazonEBSCSIDriverEKSClusterScopedPolicy"),
    }
    assert {(each["namespace"], each["serviceAccount"], each["roleArn"]) for each in plan.of(ASSOCIATION).values()} == {
        ("kube-system", "aws-node", "arn:aws:mock:::main-vpc-cni-role"),
        ("kube-system", "ebs-csi-controller-sa", "arn:aws:mock:::main-ebs-csi-identity-role"),
    }


def test_volumes_that_the_driver_makes_are_tagged(plan: Plan):
    assert plan.of(ADDON)["main-ebs-csi"]["configurationValues"] == {
        "controller": {"extraVolumeTags": {"stack": "staging"}}
    }


def test_claims_get_encrypted_gp3_volumes_that_can_grow_by_default(plan: Plan):
    storage_class = plan.one("kubernetes:storage.k8s.io/v1:StorageClass")
    assert storage_class["metadata"] == {
        "name": "gp3",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    }
    wanted = {
        "provisioner": "ebs.csi.aws.com",
        "parameters": {"type": "gp3", "encrypted": "true"},
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
        "reclaimPolicy": "Delete",
    }
    assert {key: storage_class[key] for key in wanted} == wanted


def test_the_cluster_fulfils_the_contract_of_clusters(declare: Declare):
    seen: dict[str, str] = {}

    def program() -> None:
        made = EksCluster("main", cluster_args())
        cluster: Cluster = made
        assert cluster.storage_class == "gp3"
        assert not cluster.ingress_targets.instance_ids
        pulumi.Output.all(
            name=cluster.name,
            arn=made.cluster_arn,
            security_group=cluster.ingress_targets.security_group_id,
        ).apply(seen.update)

    declare(program, outputs=EKS_OUTPUTS)
    assert seen == {
        "name": "demo",
        "arn": "arn:aws:eks:eu-west-3:123456789012:cluster/demo",
        "security_group": "sg-of-demo",
    }


def test_a_grant_serves_one_service_account_and_says_what_must_exist_first(declare: Declare):
    first: list[str] = []

    def program() -> None:
        cluster = EksCluster("main", cluster_args())
        granted = cluster.grant("dns", namespace="external-dns", service_account="external-dns", policy='{"a": 1}')
        first.extend(resource.pulumi_resource_name for resource in granted)

    plan = declare(program, outputs=EKS_OUTPUTS)
    assert first == ["dns"]
    assert plan.one("aws:iam/rolePolicy:RolePolicy") == {"role": "dns-role", "policy": '{"a": 1}'}
    assert plan.of(ASSOCIATION)["dns-association"] == {
        "clusterName": "demo",
        "namespace": "external-dns",
        "serviceAccount": "external-dns",
        "roleArn": "arn:aws:mock:::dns-role",
    }


def test_every_aws_resource_is_made_by_the_provider_that_was_given(declare: Declare):
    def program() -> None:
        provider = aws.Provider("tagged", region="eu-west-3")
        EksCluster("main", cluster_args(), pulumi.ResourceOptions(providers=[provider]))

    plan = declare(program, outputs=EKS_OUTPUTS)
    strays = {r.name for r in plan.resources if r.type.startswith("aws:") and "::tagged::" not in r.provider}
    assert strays == set()


def test_kubernetes_objects_are_made_by_the_provider_of_this_cluster(plan: Plan):
    providers = {r.provider for r in plan.resources if r.type.startswith("kubernetes:")}
    assert len(providers) == 1
    assert "::main-k8s::" in providers.pop()
