from typing import Any

import pytest

from rehearsal.aws.catalogue import ResourceType
from rehearsal.aws.shape import Shape, shape
from rehearsal.wire import UNKNOWN, Properties

TEXT = {"type": "string"}
PAIR = {"type": "object", "properties": {"Key": TEXT, "Value": TEXT}}
THING = "aws:test/thing:Thing"
SCHEMA: dict[str, Any] = {
    "definitions": {
        "Pair": PAIR,
        "Rule": {"type": "object", "properties": {"FromPort": {"type": "integer"}, "CidrIp": TEXT, "Action": TEXT}},
        "Scope": {"oneOf": [{"type": "string"}, {"$ref": "#/definitions/Rule"}]},
    },
    "properties": {
        "CidrBlock": TEXT,
        "InstanceTypes": {"type": "array", "items": TEXT},
        "SubnetIds": {"type": "array", "items": TEXT},
        "KeyArnList": {"type": "array", "items": TEXT},
        "Enabled": {"type": "boolean"},
        "Port": {"type": "integer"},
        "PortText": TEXT,
        "Tags": {"type": "array", "items": {"$ref": "#/definitions/Pair"}},
        "Attributes": {"type": "array", "items": {"$ref": "#/definitions/Pair"}},
        "Rules": {"type": "array", "items": {"$ref": "#/definitions/Rule"}},
        "Rule": {"$ref": "#/definitions/Rule"},
        "Scope": {"$ref": "#/definitions/Scope"},
        "Policy": {"type": ["object", "string"]},
        "Config": {"type": "object", "properties": {"Comment": TEXT, "Origin": {"$ref": "#/definitions/Rule"}}},
    },
}


def _shape(inputs: Properties, **entry: Any) -> Shape:
    return shape(ResourceType(token=THING, **entry), SCHEMA, inputs)


@pytest.mark.parametrize(
    ("inputs", "document"),
    [
        pytest.param({"cidrBlock": "10.0.0.0/16"}, {"CidrBlock": "10.0.0.0/16"}, id="case"),
        pytest.param({"instanceType": "t3.large"}, {"InstanceTypes": ["t3.large"]}, id="plural, wrapped in a list"),
        pytest.param({"subnetIds": ["a", "b"]}, {"SubnetIds": ["a", "b"]}, id="list"),
        pytest.param({"keyArn": "a"}, {"KeyArnList": ["a"]}, id="AWS adds List"),
        pytest.param({"subnetIds": []}, {"SubnetIds": []}, id="empty list"),
        pytest.param({"rules": {"fromPort": 1}}, {"Rules": [{"FromPort": 1}]}, id="Pulumi flattens a list of one"),
        pytest.param({"rule": [{"fromPort": 1}]}, {"Rule": {"FromPort": 1}}, id="Pulumi lists a single object"),
        pytest.param({"scope": {"fromPort": 1}}, {"Scope": {"FromPort": 1}}, id="the object among alternatives"),
        pytest.param(
            {"tags": {"b": "2", "a": "1"}},
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]},
            id="pairs",
        ),
        pytest.param({"port": "80", "portText": 80}, {"Port": 80, "PortText": "80"}, id="numbers and text"),
        pytest.param({"enabled": "true", "portText": True}, {"Enabled": True, "PortText": "true"}, id="booleans"),
        pytest.param({"port": "http"}, {"Port": "http"}, id="what is no number stays, to be refused"),
        pytest.param({"cidrBlock": UNKNOWN}, {"CidrBlock": UNKNOWN}, id="unknown"),
        pytest.param({"rules": UNKNOWN}, {"Rules": UNKNOWN}, id="unknown list"),
    ],
)
def test_a_value_takes_the_name_and_form_that_aws_gives_it(inputs: Properties, document: Properties) -> None:
    assert _shape(inputs).document == document


@pytest.mark.parametrize(
    ("target", "value", "document"),
    [
        ("Config.Comment", "x", {"Config": {"Comment": "x"}}),
        ("Rules[].Action", ["a", "b"], {"Rules": [{"Action": "a"}, {"Action": "b"}]}),
        ("Rules[].Action", "a", {"Rules": [{"Action": "a"}]}),
        ("Rules[0].Action", "a", {"Rules": [{"Action": "a"}]}),
        ("Attributes[Key=idle.seconds].Value", 60, {"Attributes": [{"Key": "idle.seconds", "Value": "60"}]}),
        ("Rule", {"fromPort": 1}, {"Rule": {"FromPort": 1}}),
    ],
)
def test_the_catalogue_says_where_a_value_goes(target: str, value: Any, document: Properties) -> None:
    result = _shape({"mine": value}, names={"mine": target})
    assert (result.document, result.unmatched) == (document, [])


def test_a_nested_name_is_looked_for_beside_its_siblings_or_from_the_top() -> None:
    names = {"rules.cidrBlocks": "./CidrIp", "rules.comment": "Config.Comment"}
    result = _shape({"rules": [{"fromPort": 1, "cidrBlocks": "10.0.0.0/8", "comment": "x"}]}, names=names)
    assert result.document == {"Rules": [{"FromPort": 1, "CidrIp": "10.0.0.0/8"}], "Config": {"Comment": "x"}}


def test_pairs_are_added_one_by_one() -> None:
    result = _shape(
        {"idle": 60, "http2": True},
        names={"idle": "Attributes[Key=idle].Value", "http2": "Attributes[Key=http2].Value"},
    )
    assert result.document == {"Attributes": [{"Key": "idle", "Value": "60"}, {"Key": "http2", "Value": "true"}]}


@pytest.mark.parametrize("check", [{"port": 80, "path": "/"}, [{"port": 80, "path": "/"}]])
def test_a_group_of_pulumi_is_placed_property_by_property(check: Any) -> None:
    result = _shape(
        {"healthCheck": check}, groups=["healthCheck"], names={"healthCheck.port": "Port", "healthCheck.path": None}
    )
    assert result.document == {"Port": 80}
    assert len(result.unmatched) == 1


def test_a_group_that_is_not_known_yet_is_no_error() -> None:
    assert _shape({"healthCheck": UNKNOWN}, groups=["healthCheck"]).unmatched == [("healthCheck",)]


def test_what_aws_nests_is_found_within() -> None:
    result = _shape({"comment": "x", "origin": {"fromPort": 1}, "cidrBlock": "c"}, within="Config")
    assert result.document == {"Config": {"Comment": "x", "Origin": {"FromPort": 1}}, "CidrBlock": "c"}


def test_what_aws_wants_said_is_said_for_every_resource_anew() -> None:
    constants = {"PortText": "VPC"}
    assert _shape({"port": 1}, constants=constants).document == {"PortText": "VPC", "Port": 1}
    assert constants == {"PortText": "VPC"}


@pytest.mark.parametrize(
    ("form", "value", "document"),
    [
        ("json", '{"Version": "2012-10-17"}', {"Policy": {"Version": "2012-10-17"}}),
        ("json", "{not json", {"Policy": "{not json"}),
        ("json", UNKNOWN, {"Policy": UNKNOWN}),
        ({True: "internal", False: "internet-facing"}, False, {"Policy": "internet-facing"}),
        ({"a": "b"}, "c", {"Policy": "c"}),
    ],
)
def test_a_value_is_converted_to_the_form_that_aws_wants(form: Any, value: Any, document: Properties) -> None:
    assert _shape({"policy": value}, convert={"policy": form}).document == document


def test_what_the_schema_does_not_describe_is_named_value_by_value() -> None:
    result = _shape({"nowhere": {"a": 1, "b": [2, 3]}, "left": "out", "port": 1}, names={"left": None})
    assert set(result.unmatched) == {("nowhere", "a"), ("nowhere", "b", 0), ("nowhere", "b", 1), ("left",)}


def test_two_objects_where_aws_has_one_are_not_described() -> None:
    result = _shape({"rule": [{"fromPort": 1}, {"fromPort": 2}]})
    assert (result.document, set(result.unmatched)) == ({}, {("rule", 0, "fromPort"), ("rule", 1, "fromPort")})


def test_every_place_of_the_document_leads_back_to_pulumi_s_input() -> None:
    result = _shape(
        {"rules": {"fromPort": 1}, "tags": {"a": "1"}, "idle": 60, "policy": '{"A": ["x"]}'},
        names={"idle": "Attributes[Key=idle].Value"},
        convert={"policy": "json"},
    )
    places = {
        ("Rules", 0, "FromPort"): ("rules", "fromPort"),
        ("Tags", 0, "Value"): ("tags", "a"),
        ("Attributes", 0, "Value"): ("idle",),
    }
    assert {place: result.origin[place] for place in places} == places
    assert result.origin["Policy", "A", 0][0] == "policy"
