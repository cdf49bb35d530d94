import json

import pytest

from components import iam


def test_a_statement_allows_by_default_and_leaves_out_what_was_not_given() -> None:
    assert iam.statement(["s3:GetObject"], ["arn:aws:s3:::b/*"]) == {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::b/*"],
    }


def test_a_statement_carries_principal_conditions_effect_and_sid() -> None:
    conditions = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert iam.statement(
        ["s3:*"], ["*"], principal={"Service": "x.amazonaws.com"}, conditions=conditions, effect="Deny", sid="No"
    ) == {
        "Sid": "No",
        "Effect": "Deny",
        "Principal": {"Service": "x.amazonaws.com"},
        "Action": ["s3:*"],
        "Resource": ["*"],
        "Condition": conditions,
    }


@pytest.mark.parametrize(("actions", "resources"), [([], ["*"]), (["s3:*"], [])])
def test_a_statement_without_action_or_resource_is_refused(actions: list[str], resources: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one action and one resource"):
        iam.statement(actions, resources)


def test_a_document_holds_its_statements_in_order_under_the_current_version() -> None:
    first, second = iam.statement(["a:B"], ["*"]), iam.statement(["c:D"], ["*"])
    assert json.loads(iam.document(first, second)) == {"Version": "2012-10-17", "Statement": [first, second]}


def test_a_document_without_statements_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one statement"):
        iam.document()


def test_trust_lets_one_service_take_on_the_role() -> None:
    assert json.loads(iam.trust("ec2.amazonaws.com"))["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
    ]


def test_trust_takes_other_actions_and_conditions() -> None:
    [trusted] = json.loads(
        iam.trust(
            "pods.eks.amazonaws.com",
            actions=("sts:AssumeRole", "sts:TagSession"),
            conditions={"StringEquals": {"aws:SourceAccount": "1"}},
        )
    )["Statement"]
    assert trusted["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": "1"}}


def test_tls_only_denies_plain_http_on_the_bucket_and_its_objects_to_everyone() -> None:
    denied = iam.tls_only("arn:aws:s3:::b")
    assert denied["Effect"] == "Deny"
    assert denied["Principal"] == "*"
    assert denied["Action"] == ["s3:*"]
    assert denied["Resource"] == ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
