import json
from typing import Any

import pytest

from rehearsal.aws.policies import mistakes

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
ANYONE = {**READ, "Principal": "*"}


def _mistakes(grammar: str, *statements: Any, version: str = "2012-10-17") -> list[str]:
    return list(mistakes(grammar, json.dumps({"Version": version, "Statement": list(statements)})))


@pytest.mark.parametrize(
    ("grammar", "statement"), [("identity", READ), ("resource", ANYONE), ("trust", TRUST)], ids=str
)
def test_a_right_policy_has_no_mistakes(grammar: str, statement: Any) -> None:
    assert _mistakes(grammar, statement) == []


def test_an_action_that_no_service_has_is_named() -> None:
    assert _mistakes("identity", {**READ, "Action": ["s3:GetObject", "s3:GetObjekt"]}) == [
        "Action: no AWS service has an action s3:GetObjekt"
    ]


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*", "S3:getobject", "ec2:Describe?pcs"])
def test_wildcards_and_any_case_are_actions(action: str) -> None:
    assert _mistakes("identity", {**READ, "Action": action}) == []


def test_a_wildcard_that_matches_nothing_is_named() -> None:
    assert _mistakes("identity", {**READ, "Action": "s3:Fetch*"}) == ["Action: no AWS service has an action s3:Fetch*"]


def test_an_effect_that_does_not_exist_is_named_with_its_place() -> None:
    found = _mistakes("identity", {**READ, "Effect": "Permit"})
    assert found
    assert all("Effect" in mistake and '"Permit"' in mistake for mistake in found)


def test_a_misspelt_key_is_named() -> None:
    found = _mistakes("identity", {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Conditoin": {}})
    assert any("Conditoin" in mistake for mistake in found)


def test_a_role_s_trust_needs_a_principal() -> None:
    assert _mistakes("trust", {"Effect": "Allow", "Action": "sts:AssumeRole"})


def test_what_is_no_json_is_refused() -> None:
    assert list(mistakes("identity", "{oops")) == ["expected a policy document in JSON, got '{oops'"]
