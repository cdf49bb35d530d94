import pytest

from rehearsal.aws.signatures import input_names, is_resource, output_names, problems
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
