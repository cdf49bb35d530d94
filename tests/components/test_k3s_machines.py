"""The machines of a K3s cluster, and who they are in AWS."""

import json
from typing import Any

import pytest

from components.bastion import Bastion
from components.k3s_machines import K3sMachines
from components.k3s_permissions import manage_volumes, read_secret, write_snapshots
from tests.components.seen_options import SeenOptions
from tests.components.simulated_k3s import INSTANCE, OUTPUTS, bastion_args, machines_args, make_machines, pool
from tests.conftest import Declare, Plan

POLICY = "aws:iam/rolePolicy:RolePolicy"


def declared(declare: Declare, **changes: Any) -> Plan:
    return declare(lambda: make_machines(**changes), outputs=OUTPUTS)


def machines(plan: Plan) -> dict[str, dict[str, Any]]:
    return {name: inputs for name, inputs in plan.of(INSTANCE).items() if name.startswith("main-")}


def test_the_machines_of_the_seed(declare: Declare):
    # seeds/001: a t3.small server and two t3.micro agents
    found = machines(declared(declare))
    assert {name: each["instanceType"] for name, each in found.items()} == {
        "main-server-1": "t3.small",
        "main-agents-1": "t3.micro",
        "main-agents-2": "t3.micro",
    }
    assert {name: each["subnetId"] for name, each in found.items()} == {
        "main-server-1": "subnet-a",
        "main-agents-1": "subnet-a",
        "main-agents-2": "subnet-b",
    }


def test_no_machine_is_public_or_knows_a_secret(declare: Declare):
    for machine in machines(declared(declare)).values():
        assert machine["associatePublicIpAddress"] is False
        assert machine["keyName"] == "bastion-key"
        assert not {"userData", "userDataBase64"} & set(machine)


def test_pods_reach_the_metadata_and_only_with_a_session_token(declare: Declare):
    for machine in machines(declared(declare)).values():
        assert machine["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 2,
        }


def test_root_volumes_are_encrypted_gp3_of_the_size_asked_and_tagged(declare: Declare):
    found = machines(declared(declare, server_disk_gib=30, agent_pools={"agents": pool(count=1, disk_gib=40)}))
    assert found["main-agents-1"]["rootBlockDevice"] == {
        "volumeType": "gp3",
        "volumeSize": 40,
        "encrypted": True,
        "deleteOnTermination": True,
        "tags": {"owner": "team", "Name": "demo-agents-1"},
    }
    assert found["main-server-1"]["rootBlockDevice"]["volumeSize"] == 30


def test_volumes_that_the_driver_attaches_keep_their_own_tags(declare: Declare):
    assert all("volumeTags" not in each for each in machines(declared(declare)).values())


def test_machines_carry_the_tag_by_which_the_driver_knows_them(declare: Declare):
    found = machines(declared(declare))["main-agents-2"]
    assert found["tags"] == {"Name": "demo-agents-2", "kubernetes.io/cluster/demo": "owned"}


def test_only_servers_are_in_the_group_of_servers(declare: Declare):
    found = {name: each["vpcSecurityGroupIds"] for name, each in machines(declared(declare)).items()}
    assert found["main-server-1"] == ["main-nodes-security-group-id", "main-servers-security-group-id"]
    assert found["main-agents-1"] == found["main-agents-2"] == ["main-nodes-security-group-id"]


def test_each_kind_of_machine_has_its_own_role(declare: Declare):
    found = {name: each["iamInstanceProfile"] for name, each in machines(declared(declare)).items()}
    assert found["main-server-1"] == "main-identity-server-profile"
    assert found["main-agents-1"] == "main-identity-agent-profile"


def test_a_machine_keeps_its_image_and_its_place(declare: Declare):
    seen = SeenOptions()
    args: list[Any] = []

    def program() -> None:
        args.append(machines_args(Bastion("bastion", bastion_args(), seen.opts)))
        K3sMachines("main", args[0], seen.opts)

    declare(program, outputs=OUTPUTS)
    assert seen.by_name["main-server-1"].ignore_changes == ["ami", "subnetId"]
    assert seen.by_name["bastion-instance"].ignore_changes == ["ami"]
    assert "main-nodes-ssh-into-nodes-from-bastion" not in seen.before("main-server-1")
    assert {"main-ssh-into-nodes-from-bastion", "main-identity-server-token-policy"} <= seen.before("main-server-1")


def test_agents_on_spot_stop_and_start_again_and_servers_are_never_on_spot(declare: Declare):
    pools = {"agents": pool(capacity="spot"), "batch": pool(count=1)}
    found = machines(declared(declare, agent_pools=pools))
    asked = {name: each.get("instanceMarketOptions") for name, each in found.items()}
    spot = {
        "marketType": "spot",
        "spotOptions": {"spotInstanceType": "persistent", "instanceInterruptionBehavior": "stop"},
    }
    assert asked == {
        "main-server-1": None,
        "main-agents-1-spot-t3-micro": spot,
        "main-agents-2-spot-t3-micro": spot,
        "main-batch-1": None,
    }


def test_every_machine_is_a_target_of_the_load_balancer_by_its_node_name(declare: Declare):
    seen: list[K3sMachines] = []
    declare(lambda: seen.append(make_machines()), outputs=OUTPUTS)
    assert set(seen[0].ingress_targets.instance_ids) == {"server-1", "agents-1", "agents-2"}
    assert seen[0].ingress_targets.autoscaling_group_names == {}


# Identity


def granted(plan: Plan, role: str) -> dict[str, set[str]]:
    """Actions of a role, by resource."""
    found: dict[str, set[str]] = {}
    for policy in plan.of(POLICY).values():
        if policy["role"] == role:
            for statement in json.loads(policy["policy"])["Statement"]:
                for resource in statement["Resource"]:
                    found.setdefault(resource, set()).update(statement["Action"])
    return found


def test_an_agent_reads_the_token_of_agents_and_may_do_nothing_else(declare: Declare):
    plan = declared(declare)
    assert granted(plan, "main-identity-agent-role") == {
        "arn:aws:mock:::main-identity-agent-token-secret": {"secretsmanager:GetSecretValue"}
    }


def test_a_server_reads_both_tokens_and_keeps_snapshots_and_volumes(declare: Declare):
    found = granted(declared(declare), "main-identity-server-role")
    assert found["arn:aws:mock:::main-identity-server-token-secret"] == {"secretsmanager:GetSecretValue"}
    assert found["arn:aws:mock:::main-identity-agent-token-secret"] == {"secretsmanager:GetSecretValue"}
    assert "s3:PutObject" in found["arn:aws:mock:::main-identity-etcd-bucket/*"]
    assert "ec2:CreateVolume" in found["arn:aws:ec2:eu-west-3:123456789012:volume/*"]


def test_both_kinds_pull_images_from_the_registry(declare: Declare):
    attached = {
        (each["role"], each["policyArn"])
        for each in declared(declare).of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").values()
        if each["role"].startswith("main-")
    }
    registry = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    assert attached == {("main-identity-server-role", registry), ("main-identity-agent-role", registry)}


def test_tokens_are_drawn_kept_apart_and_recoverable(declare: Declare):
    plan = declared(declare, recovery_days=30)
    secrets = plan.of("aws:secretsmanager/secret:Secret")
    assert set(secrets) == {"main-identity-server-token-secret", "main-identity-agent-token-secret"}
    assert {each["recoveryWindowInDays"] for each in secrets.values()} == {30}
    values = plan.of("aws:secretsmanager/secretVersion:SecretVersion")
    assert {each["secretId"] for each in values.values()} == {f"{name}-id" for name in secrets}
    assert set(plan.of("random:index/randomPassword:RandomPassword")) == {
        "main-identity-server-token",
        "main-identity-agent-token",
    }


def test_snapshots_of_etcd_lie_in_a_private_bucket_that_a_destroy_does_not_empty(declare: Declare):
    assert declared(declare).one("aws:s3/bucket:Bucket")["forceDestroy"] is False
    assert declared(declare, delete_snapshots=True).one("aws:s3/bucket:Bucket")["forceDestroy"] is True


# Policies


def test_a_token_is_read_and_not_changed():
    assert json.loads(read_secret("arn:token"))["Statement"] == [
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": ["arn:token"]}
    ]


def test_snapshots_are_listed_written_read_and_deleted_in_their_bucket():
    bucket, objects = json.loads(write_snapshots("arn:bucket"))["Statement"]
    assert bucket["Resource"] == ["arn:bucket"]
    assert bucket["Action"] == ["s3:ListBucket", "s3:GetBucketLocation"]
    assert objects["Resource"] == ["arn:bucket/*"]
    assert objects["Action"] == ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]


def volume_statements() -> list[dict[str, Any]]:
    return json.loads(manage_volumes(cluster_name="demo", region="eu-west-3", account_id="1"))["Statement"]


@pytest.mark.parametrize(
    ("action", "resource", "condition"),
    [
        ("ec2:CreateVolume", "arn:aws:ec2:eu-west-3:1:volume/*", "aws:RequestTag/kubernetes.io/cluster/demo"),
        ("ec2:CreateVolume", "arn:aws:ec2:eu-west-3::snapshot/*", "aws:ResourceTag/kubernetes.io/cluster/demo"),
        ("ec2:CreateSnapshot", "arn:aws:ec2:eu-west-3::snapshot/*", "aws:RequestTag/kubernetes.io/cluster/demo"),
        ("ec2:CreateSnapshot", "arn:aws:ec2:eu-west-3:1:volume/*", "aws:ResourceTag/kubernetes.io/cluster/demo"),
        ("ec2:ModifyVolume", "arn:aws:ec2:eu-west-3:1:volume/*", "aws:ResourceTag/kubernetes.io/cluster/demo"),
        ("ec2:DeleteVolume", "arn:aws:ec2:eu-west-3:1:volume/*", "aws:ResourceTag/kubernetes.io/cluster/demo"),
        ("ec2:AttachVolume", "arn:aws:ec2:eu-west-3:1:instance/*", "aws:ResourceTag/kubernetes.io/cluster/demo"),
        ("ec2:DetachVolume", "arn:aws:ec2:eu-west-3:1:volume/*", "aws:ResourceTag/kubernetes.io/cluster/demo"),
        ("ec2:DeleteSnapshot", "arn:aws:ec2:eu-west-3::snapshot/*", "aws:ResourceTag/kubernetes.io/cluster/demo"),
    ],
)
def test_the_driver_touches_only_what_carries_the_tag_of_the_cluster(action: str, resource: str, condition: str):
    (found,) = [each for each in volume_statements() if action in each["Action"] and resource in each["Resource"]]
    assert found["Condition"] == {"StringEquals": {condition: "owned"}}


def test_the_driver_looks_at_everything_and_tags_only_what_it_makes():
    look, *_, tag = volume_statements()
    assert look["Resource"] == ["*"]
    assert all(action.startswith("ec2:Describe") for action in look["Action"])
    assert tag["Action"] == ["ec2:CreateTags"]
    assert tag["Condition"] == {"StringEquals": {"ec2:CreateAction": ["CreateVolume", "CreateSnapshot"]}}
    assert [each for each in volume_statements() if "Condition" not in each] == [look]
