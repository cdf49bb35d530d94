"""What is open, who may do what and what is kept, in every stack that has a file and in one that uses every option."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.load_balancer import ANYWHERE
from tests import stack_examples
from tests.conftest import Declare, Properties
from tests.stack_examples import EXAMPLES, Declared

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BUCKET = "aws:s3/bucket:Bucket"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ROLE = "aws:iam/role:Role"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.fixture(params=EXAMPLES)
def made(request: pytest.FixtureRequest, declare: Declare) -> Declared:
    return stack_examples.example(declare, request.param)


def statements(made: Declared) -> Iterator[tuple[str, Properties]]:
    """Every statement of every policy that the stack writes, with the name of its resource."""
    for resource in made.plan.resources:
        for key in ("policy", "assumeRolePolicy"):
            if resource.type.startswith("aws:") and key in resource.inputs:
                for statement in json.loads(resource.inputs[key])["Statement"]:
                    yield resource.name, statement


def of_bucket(made: Declared, type_: str, bucket: str) -> Properties:
    """The resource of a type that belongs to a bucket."""
    found = [inputs for inputs in made.plan.of(type_).values() if inputs["bucket"] in (bucket, f"{bucket}-id")]
    assert len(found) == 1, f"{bucket} has {len(found)} {type_}"
    return found[0]


def doors(made: Declared) -> set[str]:
    """Security groups of load balancers."""
    return {group for inputs in made.plan.of(BALANCER).values() for group in inputs["securityGroups"]}


# Who may do what


def test_every_role_is_taken_on_by_somebody_and_may_do_something(made: Declared) -> None:
    permissions = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    allowed = {inputs["role"] for type_ in permissions for inputs in made.plan.of(type_).values()}
    users = json.dumps([r.inputs for r in made.plan.resources if r.type not in permissions])
    used = {role for role in made.plan.of(ROLE) if f'"{role}"' in users or f':::{role}"' in users}
    assert used == allowed == set(made.plan.of(ROLE))


def test_no_policy_allows_every_action(made: Declared) -> None:
    allowed = [(name, each) for name, each in statements(made) if each["Effect"] == "Allow"]
    assert allowed
    everything = {name for name, each in allowed for action in each["Action"] if action == "*" or action.endswith(":*")}
    assert everything == set()


def test_only_reading_the_pages_and_aws_itself_are_open_to_others(made: Declared) -> None:
    principals = {
        kind
        for _, each in statements(made)
        if each["Effect"] == "Allow" and "Principal" in each
        for kind in each["Principal"]
    }
    assert principals <= {"Service", "AWS"}
    accounts = {each["Principal"]["AWS"] for _, each in statements(made) if "AWS" in each.get("Principal", ())}
    # The account itself, which keys need to have an owner.
    assert accounts <= {"arn:aws:iam::123456789012:root"}


# AWS lets nobody narrow these to a resource: https://docs.aws.amazon.com/service-authorization/latest/reference/
UNNARROWABLE = {
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeTags",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeSnapshots",
    "ec2:DescribeVolumeStatus",
    "ec2:DescribeVolumesModifications",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeTags",
    "ec2:DescribeVolumes",
    "ec2:GetInstanceTypesFromInstanceRequirements",
    "route53:ListHostedZones",
}


def test_only_what_aws_cannot_narrow_is_allowed_on_every_resource(made: Declared) -> None:
    wide = {
        action
        for _, each in statements(made)
        if each["Effect"] == "Allow" and "Resource" in each and "Principal" not in each and "*" in each["Resource"]
        for action in each["Action"]
    }
    assert wide <= UNNARROWABLE


def test_pods_write_to_the_one_hosted_zone_of_the_stack(made: Declared) -> None:
    zones = {
        resource for _, each in statements(made) for resource in each.get("Resource", ()) if ":hostedzone/" in resource
    }
    zone = "Z-made" if made.settings.dns and made.settings.dns.create else "Z-found"
    asked = made.settings.certificates or made.settings.external_dns
    assert zones == ({f"arn:aws:route53:::hostedzone/{zone}"} if asked else set())


# What is open


def test_the_internet_reaches_the_load_balancer_on_80_and_443_and_nothing_else(made: Declared) -> None:
    opened = {
        (inputs["securityGroupId"], inputs["ipProtocol"], inputs["fromPort"], inputs["toPort"])
        for inputs in made.plan.of(INGRESS_RULE).values()
        if ANYWHERE in inputs.values() or "::/0" in inputs.values()
    }
    plain = made.settings.ingress is not None and made.settings.ingress.allow_plain_http
    assert opened == {(door, "tcp", port, port) for door in doors(made) for port in ((80,) if plain else (80, 443))}


def test_rules_of_security_groups_stand_alone(made: Declared) -> None:
    inline = {name for name, inputs in made.plan.of(SECURITY_GROUP).items() if inputs.keys() & {"ingress", "egress"}}
    assert inline == set()
    assert "aws:ec2/securityGroupRule:SecurityGroupRule" not in made.plan.types


def test_the_default_security_group_lets_nothing_through(made: Declared) -> None:
    locked = made.plan.of(DEFAULT_GROUP)
    assert {inputs["vpcId"] for inputs in locked.values()} == {f"{name}-id" for name in made.plan.of("aws:ec2/vpc:Vpc")}
    assert not any(inputs.keys() & {"ingress", "egress"} for inputs in locked.values())


def test_node_ports_answer_the_load_balancer_alone(made: Declared) -> None:
    rules = [each for each in made.plan.of(INGRESS_RULE).values() if each.get("fromPort") in (30080, 30443)]
    assert rules
    assert {each["referencedSecurityGroupId"] for each in rules} == doors(made)
    assert all(each["fromPort"] == each["toPort"] and "cidrIpv4" not in each for each in rules)
    # Nobody else has a range of ports that these lie in.
    wide = [each for each in made.plan.of(INGRESS_RULE).values() if each not in rules]
    assert not any(each.get("fromPort", 0) <= 30443 <= each.get("toPort", 0) for each in wide)


def test_the_kubernetes_api_is_never_open_to_the_world(made: Declared) -> None:
    for inputs in made.plan.of("eks:index:Cluster").values():
        cidrs: list[str] = inputs.get("publicAccessCidrs", [])
        # An open endpoint without a list is open to everybody.
        assert inputs["endpointPublicAccess"] == bool(cidrs)
        assert ANYWHERE not in cidrs


# What is kept


def test_buckets_are_private_encrypted_and_reached_by_tls_only(made: Declared) -> None:
    for bucket in made.plan.of(BUCKET):
        access = of_bucket(made, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket)
        closed = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert all(access[key] is True for key in closed)
        encryption = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        assert of_bucket(made, encryption, bucket)["rules"]
        policy = json.loads(of_bucket(made, "aws:s3/bucketPolicy:BucketPolicy", bucket)["policy"])
        assert {
            "Effect": "Deny",
            "Action": ["s3:*"],
            "Resource": [f"arn:aws:mock:::{bucket}", f"arn:aws:mock:::{bucket}/*"],
            "Principal": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            "Sid": "DenyPlainHttp",
        } in policy["Statement"]


def test_buckets_keep_old_versions_unless_all_they_hold_expires(made: Declared) -> None:
    versioning = made.plan.of("aws:s3/bucketVersioning:BucketVersioning").values()
    versioned = {each["bucket"] for each in versioning if each["versioningConfiguration"]["status"] == "Enabled"}
    lifecycles = made.plan.of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").values()
    expiring = {
        each["bucket"] for each in lifecycles if any("days" in rule.get("expiration", {}) for rule in each["rules"])
    }
    unkept = {name for name in made.plan.of(BUCKET) if not {name, f"{name}-id"} & (versioned | expiring)}
    assert unkept == set()


def test_machines_ask_for_a_session_before_they_tell_their_role(made: Declared) -> None:
    for inputs in made.plan.of(LAUNCH_TEMPLATE).values():
        assert inputs["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        }


def test_disks_of_machines_are_encrypted_gp3(made: Declared) -> None:
    for name, inputs in made.plan.of(LAUNCH_TEMPLATE).items():
        disks: list[Any] = [each["ebs"] for each in inputs["blockDeviceMappings"]]
        assert disks, name
        assert {(disk["encrypted"], disk["volumeType"]) for disk in disks} == {("true", "gp3")}
