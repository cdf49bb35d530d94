import subprocess
import sys

import pytest

from rehearsal.signatures import input_names, is_resource, output_names, problems, wrong_values
from rehearsal.wire import UNKNOWN, Properties

GROUP = "aws:lb/targetGroup:TargetGroup"


def _problems(token: str, inputs: Properties) -> dict[str, str]:
    return {problem.property: problem.reason for problem in problems(token, inputs)}


def test_a_misspelt_input_is_named_with_the_nearest_one() -> None:
    assert _problems("aws:ec2/vpc:Vpc", {"cidrBlok": "x"}) == {
        "cidrBlok": "unknown property cidrBlok, did you mean cidrBlock?"
    }


def test_a_misspelt_nested_input_is_named_with_its_path() -> None:
    assert _problems(GROUP, {"healthCheck": {"protocl": "TCP"}}) == {
        "healthCheck.protocl": "unknown property protocl, did you mean protocol?"
    }


def test_a_misspelt_input_inside_a_list_is_named_with_its_index() -> None:
    rules = [{"status": "Enabled", "id": "a"}, {"staus": "Enabled"}]
    assert _problems("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {"rules": rules}) == {
        "rules[1].staus": "unknown property staus, did you mean status?"
    }


def test_an_input_that_is_like_no_other_is_named_with_all_that_are_known() -> None:
    reason = _problems("aws:ec2/internetGateway:InternetGateway", {"zzz": 1})["zzz"]
    assert reason.startswith("unknown property zzz: known are ")
    assert "vpcId" in reason


def test_a_value_where_an_object_belongs_is_refused() -> None:
    assert _problems(GROUP, {"healthCheck": "TCP"}) == {"healthCheck": "expected an object, got 'TCP'"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"healthCheck": UNKNOWN, "tags": {"any": "key"}},
        {"healthCheck": {"protocol": UNKNOWN}},
        {"__defaults": ["name"]},
        {},
    ],
)
def test_what_is_right_or_not_known_yet_is_no_problem(inputs: Properties) -> None:
    assert _problems(GROUP, inputs) == {}


def test_types_are_those_of_pulumi_aws() -> None:
    types = ("aws:ec2/vpc:Vpc", "aws:lambda/function:Function", "aws:ec2/vcp:Vcp", "aws:nothing/atAll:AtAll")
    assert [is_resource(token) for token in types] == [True, True, False, False]


def test_inputs_and_outputs_are_in_the_words_of_the_engine() -> None:
    assert {"cidrBlock", "tags"} <= input_names("aws:ec2/vpc:Vpc")
    assert "defaultSecurityGroupId" not in input_names("aws:ec2/vpc:Vpc")
    assert {"defaultSecurityGroupId", "tagsAll"} <= output_names("aws:ec2/vpc:Vpc")


def test_a_type_whose_nested_inputs_share_its_name_has_its_own_inputs() -> None:
    assert "aliases" in input_names("aws:route53/record:Record")
    assert "code" in input_names("aws:cloudfront/function:Function")


MONITOR = "datadog:index/monitor:Monitor"


def test_every_sdk_is_read_without_being_imported() -> None:
    assert {"query", "monitorThresholds"} <= input_names(MONITOR)
    assert {"result", "bcryptHash"} <= output_names("random:index/randomPassword:RandomPassword")
    assert is_resource("datadog:slack/channel:Channel")
    assert not is_resource("nothing:index/atAll:AtAll")
    # In a process of its own: other tests import the SDK.
    program = f"import sys; from rehearsal.signatures import input_names; input_names('{MONITOR}'); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "rehearsal.signatures" in run.stdout.split()
    assert "pulumi_datadog" not in run.stdout.split()


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"query": None}, "query: missing, it is required"),
        ({"tags": "a:b"}, "tags: expected a list, got 'a:b'"),
        ({"tags": [["a"]]}, "tags[0]: expected str, got ['a']"),
        ({"includeTags": "maybe"}, "includeTags: expected bool, got 'maybe'"),
        ({"renotifyInterval": 1.5}, "renotifyInterval: expected int, got 1.5"),
        ({"monitorThresholds": {"critical": {}}}, "monitorThresholds.critical: expected str, got {}"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_the_right_one(inputs: Properties, problem: str) -> None:
    right = {"name": "a", "type": "b", "query": "c", "message": "d"}
    assert [found.sentence() for found in wrong_values(MONITOR, {**right, **inputs})] == [problem]


def test_what_the_bridge_reads_from_text_or_is_not_known_yet_is_right() -> None:
    inputs = {"name": UNKNOWN, "type": 1, "query": "c", "message": "d", "includeTags": "true", "renotifyInterval": "60"}
    assert wrong_values(MONITOR, {**inputs, "tags": UNKNOWN, "monitorThresholds": {"critical": 1.5}}) == []
