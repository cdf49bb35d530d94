import json
from typing import Any

import pytest

from rehearsal.check import DEFAULTS
from rehearsal.wire import UNKNOWN
from rehearsal.world import World
from tests.rehearsal.simulation import BALANCER, BUCKET, SUBNET, TARGETS, TEMPLATE, VPC, Refused, Stack


def test_a_misspelt_input_is_refused_with_the_right_one(aws: Stack) -> None:
    assert aws.problems(VPC, {"cidrBlok": "10.0.0.0/16"}) == {
        "cidrBlok: unknown property cidrBlok, did you mean cidrBlock?"
    }


def test_a_type_that_pulumi_aws_does_not_have_is_refused(aws: Stack) -> None:
    assert aws.problems("aws:ec2/vcp:Vcp", {}) == {"pulumi_aws has no resource type aws:ec2/vcp:Vcp"}


def test_an_instance_type_that_paris_does_not_have_is_refused_by_name(aws: Stack) -> None:
    assert aws.problems(TEMPLATE, {"instanceType": "c8gd.large"}) == {
        "instanceType: c8gd.large is not offered in eu-west-3"
    }
    assert aws.problems(TEMPLATE, {"instanceType": "c8gd.large", "region": "us-east-1"}) == set()


def test_one_of_several_instance_types_is_refused_by_its_place(aws: Stack) -> None:
    group = {
        "clusterName": "c",
        "nodeRoleArn": "arn:aws:iam::123456789012:role/nodes",
        "subnetIds": ["subnet-1"],
        "scalingConfig": {"desiredSize": 1, "maxSize": 1, "minSize": 1},
        "instanceTypes": ["t4g.large", "c8gd.large"],
    }
    assert aws.problems("aws:eks/nodeGroup:NodeGroup", group) == {
        "instanceTypes[1]: c8gd.large is not offered in eu-west-3"
    }


def test_a_value_that_aws_s_schema_refuses_is_named_in_pulumi_s_words(aws: Stack) -> None:
    assert aws.problems(VPC, {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "shared"}) == {
        'instanceTenancy: expected one of dedicated, default, host, got "shared" (AWS::EC2::VPC)'
    }


def test_a_nested_value_that_aws_s_schema_refuses_is_named_in_pulumi_s_words(aws: Stack) -> None:
    (problem,) = aws.problems(TARGETS, {"port": 80, "protocol": "TCP", "healthCheck": {"interval": "soon"}})
    assert problem.startswith('healthCheck.interval: expected integer, got "soon"')


def test_a_resource_of_which_nothing_is_said_is_taken(aws: Stack) -> None:
    assert aws.problems("aws:iam/user:User", {}) == set()


def test_a_missing_input_is_refused(aws: Stack) -> None:
    assert aws.problems(SUBNET, {"cidrBlock": "10.0.0.0/24"}) == {"'VpcId' is a required property (AWS::EC2::Subnet)"}


def test_a_part_of_a_bucket_needs_nothing_that_belongs_to_the_whole(aws: Stack) -> None:
    versioning = {"bucket": "logs", "versioningConfiguration": {"status": "Enabled"}}
    assert aws.problems("aws:s3/bucketVersioning:BucketVersioning", versioning) == set()
    versioning["versioningConfiguration"] = {"status": "On"}
    (problem,) = aws.problems("aws:s3/bucketVersioning:BucketVersioning", versioning)
    assert problem.startswith("versioningConfiguration.status: expected one of Enabled, Suspended")


def test_a_load_balancer_s_name_may_have_32_characters(aws: Stack) -> None:
    balancer: dict[str, Any] = {"loadBalancerType": "network", "subnets": ["subnet-1", "subnet-2"]}
    assert aws.problems(BALANCER, {**balancer, "name": "w" * 32}) == set()
    assert aws.problems(BALANCER, {**balancer, "name": "w" * 33}) == {
        f"name: AWS takes 32 characters at most, got '{'w' * 33}', which has 33"
    }


def test_a_generated_name_that_is_too_long_is_refused_too(aws: Stack) -> None:
    _, problems = aws.check(TARGETS, "web", {"port": 80, "protocol": "TCP"}, "socle-production-web-https-0123456")
    assert problems == {"name: AWS takes 32 characters at most, got 'socle-production-web-https-0123456', which has 34"}


def test_an_action_that_iam_does_not_know_is_refused(aws: Stack) -> None:
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}]}
    )
    assert aws.problems("aws:iam/rolePolicy:RolePolicy", {"role": "r", "policy": policy}) == {
        "policy: Action: no AWS service has an action s3:GetObjekt"
    }


def test_what_is_not_known_yet_is_not_refused(aws: Stack) -> None:
    assert aws.problems(SUBNET, {"cidrBlock": UNKNOWN, "vpcId": UNKNOWN, "tags": UNKNOWN}) == set()


def test_default_tags_are_merged_below_the_resource_s_own(aws: Stack) -> None:
    inputs, _ = aws.check(VPC, "main", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "main", "owner": "bob"}})
    assert inputs["tagsAll"] == {"Name": "main", "owner": "bob", "stack": "test"}
    assert inputs["tags"] == {"Name": "main", "owner": "bob"}


def test_what_cannot_be_tagged_is_not(aws: Stack) -> None:
    inputs, _ = aws.check("aws:ec2/routeTableAssociation:RouteTableAssociation", "a", {"routeTableId": "r"})
    assert "tagsAll" not in inputs


def test_tags_that_are_not_known_yet_make_all_tags_unknown(aws: Stack) -> None:
    inputs, _ = aws.check(VPC, "main", {"cidrBlock": "10.0.0.0/16", "tags": UNKNOWN})
    assert inputs["tagsAll"] is UNKNOWN


def test_a_name_that_the_project_proposes_is_kept_across_updates(aws: Stack) -> None:
    created = aws.create(BUCKET, "site", "socle-test-site-1a2b3c")
    assert created["bucket"] == "socle-test-site-1a2b3c"
    updated = aws.update(BUCKET, "site", "socle-test-site-999999", tags={"a": "b"})
    assert updated["bucket"] == "socle-test-site-1a2b3c"


def test_without_a_proposal_a_name_is_made_up(aws: Stack) -> None:
    name: str = aws.create(BUCKET, "site")["bucket"]
    assert name.startswith("site-")
    assert len(name) == len("site-") + 7


def test_a_name_that_the_program_gives_is_taken(aws: Stack) -> None:
    inputs, _ = aws.check(BUCKET, "site", {"bucket": "mine"}, "proposed")
    assert inputs["bucket"] == "mine"
    assert "bucket" not in inputs.get(DEFAULTS, [])


def test_a_given_name_in_the_place_of_a_generated_one_replaces(aws: Stack) -> None:
    aws.create(BUCKET, "site", "generated")
    step = aws.diff(BUCKET, "site", bucket="mine")
    assert step.replaces == {"bucket"}


def test_values_are_counted_by_what_they_were_checked_against(aws: Stack, world: World) -> None:
    aws.check(BUCKET, "site", {"forceDestroy": True, "tags": {"a": "1", "b": "2"}}, "generated")
    (finding,) = world.findings().values()
    assert finding == {"type": BUCKET, "values": 3, "by_schema": 2, "unmatched": ["forceDestroy"]}


def test_a_type_without_a_schema_counts_as_checked_by_its_signature(aws: Stack, world: World) -> None:
    aws.check("aws:sqs/queue:Queue", "jobs", {"delaySeconds": 5})
    (finding,) = world.findings().values()
    assert (finding["values"], finding["by_schema"], finding["unmatched"]) == (1, 0, ["delaySeconds"])


def test_a_look_up_goes_to_the_provider_s_region(aws: Stack) -> None:
    assert aws.look_up("aws:index/getRegion:getRegion")["region"] == "eu-west-3"
    with pytest.raises(Refused, match="has no answer for the look-up"):
        aws.look_up("aws:ec2/getVpc:getVpc")
