import pytest

from rehearsal.check import DEFAULTS
from rehearsal.wire import UNKNOWN
from rehearsal.world import World
from tests.rehearsal.simulation import BALANCER, BUCKET, ROLE, TARGETS, TEMPLATE, TRUST, VPC, Refused, Stack


def test_equal_inputs_change_nothing(aws: Stack) -> None:
    aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    step = aws.diff(VPC, "main", cidrBlock="10.0.0.0/16")
    assert (step.changed, step.replaces) == ({}, set())


def test_a_create_only_property_replaces_and_others_update(aws: Stack) -> None:
    aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    step = aws.diff(VPC, "main", cidrBlock="10.1.0.0/16", enableDnsHostnames=True)
    assert step.changed == {"cidrBlock": "UPDATE_REPLACE", "enableDnsHostnames": "ADD"}
    assert step.replaces == {"cidrBlock"}


def test_the_provider_s_own_note_is_no_change(aws: Stack) -> None:
    aws.create(BUCKET, "site", "generated")
    assert DEFAULTS in aws.inputs[BUCKET, "site"]
    assert DEFAULTS not in aws.diff(BUCKET, "site", bucket="mine").changed


def test_a_region_replaces(aws: Stack) -> None:
    aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    assert aws.diff(VPC, "main", cidrBlock="10.0.0.0/16", region="eu-west-1").replaces == {"region"}


def test_a_change_inside_a_health_check_updates_its_target_group(aws: Stack) -> None:
    check = {"protocol": "TCP", "port": "80"}
    aws.create(TARGETS, "web", port=80, protocol="TCP", healthCheck=check)
    step = aws.diff(TARGETS, "web", port=80, protocol="TCP", healthCheck={**check, "interval": 10})
    assert step.changed == {"healthCheck.interval": "ADD"}
    assert aws.diff(TARGETS, "web", port=81, protocol="TCP", healthCheck=check).replaces == {"port"}


@pytest.mark.parametrize(
    ("type_", "path", "replaces"),
    [
        pytest.param(BALANCER, ("internal",), True, id="create-only under another name"),
        pytest.param(BALANCER, ("subnets", 0), False, id="not create-only"),
        pytest.param("aws:lb/targetGroupAttachment:TargetGroupAttachment", ("port",), True, id="by the catalogue"),
        pytest.param("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", ("cidrIpv4",), False, id="in place"),
        pytest.param("aws:eks/nodeGroup:NodeGroup", ("scalingConfig", "maxSize"), False, id="nested"),
        pytest.param(
            "aws:eks/cluster:Cluster",
            ("accessConfig", "bootstrapClusterCreatorAdminPermissions"),
            True,
            id="create-only inside an object",
        ),
        pytest.param("aws:eks/cluster:Cluster", ("accessConfig", "authenticationMode"), False, id="beside it"),
        pytest.param("aws:route53/record:Record", ("name",), True, id="a record's name"),
        pytest.param("aws:eks/nodeGroup:NodeGroup", ("subnetIds", 2), True, id="an item of a create-only list"),
    ],
)
def test_what_replaces_is_said_by_the_schema_or_by_the_catalogue(
    aws: Stack, type_: str, path: tuple[str | int, ...], replaces: bool
) -> None:
    assert aws.provider.replaces(type_, path) == replaces


def test_a_replacement_of_the_same_given_name_is_made_after_the_old_one_is_gone(aws: Stack) -> None:
    aws.create(ROLE, "named", name="reader", assumeRolePolicy=TRUST)
    aws.create(ROLE, "free", assumeRolePolicy=TRUST)
    named = aws.diff(ROLE, "named", name="reader", path="/ci/", assumeRolePolicy=TRUST)
    free = aws.diff(ROLE, "free", path="/ci/", assumeRolePolicy=TRUST)
    assert (named.replaces, named.delete_first) == ({"path"}, True)
    assert (free.replaces, free.delete_first) == ({"path"}, False)


def test_a_bucket_name_that_is_taken_is_refused(aws: Stack) -> None:
    aws.create(BUCKET, "one", bucket="socle")
    with pytest.raises(Refused, match=r"^AlreadyExists: a Bucket called socle exists already$"):
        aws.create(BUCKET, "two", bucket="socle")


def test_outputs_are_what_aws_would_compute(aws: Stack) -> None:
    bucket = aws.create(BUCKET, "site", bucket="socle")
    assert bucket["arn"] == "arn:aws:s3:::socle"
    assert bucket["bucketRegionalDomainName"] == "socle.s3.eu-west-3.amazonaws.com"
    vpc = aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    assert vpc["arn"] == f"arn:aws:ec2:eu-west-3:123456789012:vpc/{vpc['id']}"


def test_a_preview_knows_inputs_and_nothing_else(aws: Stack) -> None:
    seen = aws.preview(VPC, "main", cidrBlock="10.0.0.0/16")
    assert (seen["cidrBlock"], seen["arn"], seen["defaultSecurityGroupId"]) == ("10.0.0.0/16", UNKNOWN, UNKNOWN)


def test_a_preview_makes_nothing(aws: Stack, world: World) -> None:
    aws.preview(VPC, "main", cidrBlock="10.0.0.0/16")
    assert world.all() == []


def test_an_update_keeps_the_id_and_takes_the_new_inputs(aws: Stack, world: World) -> None:
    created = aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    updated = aws.update(VPC, "main", cidrBlock="10.0.0.0/16", enableDnsHostnames=True)
    assert (updated["arn"], updated["enableDnsHostnames"]) == (created["arn"], True)
    assert [thing.id for thing in world.of(VPC)] == [created["id"]]


def test_an_update_of_what_somebody_deleted_asks_for_a_refresh(aws: Stack, world: World) -> None:
    vpc = aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    world.delete(VPC, vpc["id"])
    with pytest.raises(Refused, match="does not exist any more: run a refresh"):
        aws.update(VPC, "main", cidrBlock="10.0.0.0/16", enableDnsHostnames=True)


def test_every_update_of_a_launch_template_is_a_new_version(aws: Stack) -> None:
    versions = [aws.create(TEMPLATE, "nodes", instanceType="t4g.nano")["latestVersion"]]
    versions += [
        aws.update(TEMPLATE, "nodes", instanceType=each)["latestVersion"] for each in ("t4g.micro", "t4g.small")
    ]
    assert versions == [1, 2, 3]


def test_a_replacement_has_an_id_of_its_own_while_the_old_one_exists(aws: Stack) -> None:
    first = aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    second = aws.create(VPC, "main", cidrBlock="10.1.0.0/16")
    assert first["id"] != second["id"]


def test_the_default_security_group_is_the_one_that_came_with_the_vpc(aws: Stack) -> None:
    vpc = aws.create(VPC, "main", cidrBlock="10.0.0.0/16")
    group = aws.create("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "main", vpcId=vpc["id"])
    assert group["id"] == vpc["defaultSecurityGroupId"]
