from typing import Any

import pytest

from rehearsal.aws.schemas import create_only, region_exists, regional_enum, resolve, schema_of, violations
from rehearsal.wire import UNKNOWN, Properties

PARIS = "eu-west-3"


def _violations(type_: str, document: Properties) -> dict[tuple[str | int, ...], str]:
    return dict(violations(type_, PARIS, document))


def test_a_value_outside_an_enum_is_refused_with_those_allowed() -> None:
    found = _violations("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "shared"})
    assert found == {("InstanceTenancy",): 'expected one of dedicated, default, host, got "shared"'}


def test_a_long_enum_is_cut_short() -> None:
    reason = _violations("AWS::Logs::LogGroup", {"RetentionInDays": 2})[("RetentionInDays",)]
    assert reason.startswith("expected one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and ")
    assert reason.endswith(" more, got 2")


def test_a_value_that_does_not_match_a_pattern_is_refused_with_it() -> None:
    found = _violations("AWS::KMS::Alias", {"AliasName": "socle", "TargetKeyId": "key-1"})
    assert found == {("AliasName",): 'expected text that matches ^(alias/)[a-zA-Z0-9:/_-]+$, got "socle"'}


def test_a_missing_property_is_named() -> None:
    assert _violations("AWS::EC2::Subnet", {"CidrBlock": "10.0.0.0/24"}) == {(): "'VpcId' is a required property"}


def test_a_property_that_aws_does_not_have_is_named() -> None:
    found = _violations("AWS::EC2::RouteTable", {"VpcId": "vpc-1", "Colour": "red"})
    assert found == {(): "unknown key Colour"}


def test_a_value_of_another_type_is_refused() -> None:
    found = _violations("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": "perhaps"})
    assert found == {("EnableDnsSupport",): 'expected boolean, got "perhaps"'}


@pytest.mark.parametrize(
    ("type_", "document", "reason"),
    [
        (
            "AWS::EC2::Subnet",
            {"VpcId": "v", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "a", "AvailabilityZoneId": "1"},
            "AvailabilityZone and AvailabilityZoneId exclude each other",
        ),
        ("AWS::EC2::VPC", {}, "exactly one of CidrBlock, Ipv4IpamPoolId is required"),
        (
            "AWS::EC2::VPC",
            {"CidrBlock": "10.0.0.0/16", "Ipv4IpamPoolId": "pool"},
            "exactly one of CidrBlock, Ipv4IpamPoolId is required",
        ),
        (
            "AWS::EC2::Subnet",
            {"VpcId": "v"},
            "one of CidrBlock, Ipv4IpamPoolId, Ipv6IpamPoolId, Ipv6CidrBlock is required",
        ),
    ],
)
def test_properties_that_exclude_or_need_each_other_are_named(type_: str, document: Properties, reason: str) -> None:
    assert _violations(type_, document)[()] == reason


@pytest.mark.parametrize(
    "document",
    [
        {"CidrBlock": UNKNOWN, "InstanceTenancy": UNKNOWN, "EnableDnsSupport": UNKNOWN},
        {"CidrBlock": "10.0.0.0/16", "Tags": [{"Key": "a", "Value": UNKNOWN}]},
    ],
)
def test_what_is_not_known_yet_is_not_judged(document: Properties) -> None:
    assert _violations("AWS::EC2::VPC", document) == {}


def test_beside_what_is_not_known_yet_the_rest_is_judged() -> None:
    found = _violations("AWS::EC2::Subnet", {"CidrBlock": UNKNOWN, "Colour": "red"})
    assert set(found) == {()}
    enum = _violations("AWS::EC2::VPC", {"CidrBlock": UNKNOWN, "InstanceTenancy": "shared"})
    assert set(enum) == {("InstanceTenancy",)}


def test_of_several_alternatives_the_nearest_one_is_explained() -> None:
    schema_place = ("VersioningConfiguration", "Status")
    assert schema_place in _violations("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}})


def test_a_region_offers_some_types_and_not_others() -> None:
    assert schema_of("AWS::EC2::VPC", PARIS)
    assert schema_of("AWS::Nothing::AtAll", PARIS) is None
    assert schema_of("AWS::EC2::VPC", "mars-north-1") is None
    assert (region_exists(PARIS), region_exists("mars-north-1")) == (True, False)


def test_a_region_offers_some_instance_types_and_not_others() -> None:
    file = "aws_ec2_instance/instancetype_enum.json"
    assert "t4g.nano" in regional_enum(file, PARIS)
    assert "c8gd.large" in regional_enum(file, "us-east-1") - regional_enum(file, PARIS)


def test_what_replaces_a_resource_is_read_from_its_schema() -> None:
    schema = schema_of("AWS::EKS::Cluster", PARIS)
    assert schema
    assert {("Name",), ("AccessConfig", "BootstrapClusterCreatorAdminPermissions")} <= create_only(schema)


A: Properties = {"properties": {"x": {}}}
LIST: Properties = {"items": {}}
TEXT: Properties = {"type": "string"}
TO_A: Properties = {"$ref": "#/definitions/A"}
NOTHING: Properties = {}


@pytest.mark.parametrize(
    ("node", "resolved"),
    [(TO_A, A), ({"oneOf": [TEXT, TO_A]}, A), ({"anyOf": [TEXT, LIST]}, LIST), (TEXT, TEXT), (True, NOTHING)],
)
def test_references_and_alternatives_are_followed(node: Any, resolved: Any) -> None:
    assert resolve({"definitions": {"A": A}}, node) == resolved


def test_a_property_that_needs_another_is_refused_alone() -> None:
    found = violations("AWS::EC2::VPC", "eu-west-3", {"Ipv4IpamPoolId": "ipam-pool-1"})
    assert ((), "Ipv4IpamPoolId needs Ipv4NetmaskLength beside it") in found
