import json
from typing import Any

import pulumi
import pytest

from components import iam
from components.flow_logs import FlowLogsArgs, delivery_statements, record_flows
from tests.conftest import Declare, Plan

ACCOUNT = "123456789012"


@pytest.fixture
def plan(declare: Declare) -> Plan:
    args = FlowLogsArgs(retention_days=30, account_id=ACCOUNT)
    return declare(
        lambda: record_flows("logs", args, vpc_id="vpc-1", region="eu-west-3", child=pulumi.ResourceOptions())
    )


def test_records_go_to_a_bucket_of_their_own(plan: Plan) -> None:
    flow_log = plan.one("aws:ec2/flowLog:FlowLog")
    assert (flow_log["logDestinationType"], flow_log["logDestination"]) == ("s3", "arn:aws:mock:::logs-bucket")


def test_records_expire_after_their_retention(plan: Plan) -> None:
    [rule] = plan.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert (rule["status"], rule["expiration"]["days"]) == ("Enabled", 30)


def test_records_are_kept_on_destroy_by_default(plan: Plan) -> None:
    assert plan.one("aws:s3/bucket:Bucket")["forceDestroy"] is False


def test_the_bucket_lets_in_the_delivery_service_and_nobody_without_tls(plan: Plan) -> None:
    document = json.loads(plan.one("aws:s3/bucketPolicy:BucketPolicy")["policy"])
    arn = "arn:aws:mock:::logs-bucket"
    delivery = delivery_statements(arn, region="eu-west-3", account_id=ACCOUNT)
    assert document["Statement"] == [*delivery, iam.tls_only(arn)]


def test_only_the_delivery_service_on_behalf_of_this_account_may_write() -> None:
    allowed: list[dict[str, Any]] = delivery_statements("arn:aws:s3:::b", region="eu-west-3", account_id=ACCOUNT)
    assert {each["Sid"]: (each["Effect"], each["Action"], each["Resource"]) for each in allowed} == {
        "AWSLogDeliveryWrite": ("Allow", ["s3:PutObject"], [f"arn:aws:s3:::b/AWSLogs/{ACCOUNT}/*"]),
        "AWSLogDeliveryAclCheck": ("Allow", ["s3:GetBucketAcl"], ["arn:aws:s3:::b"]),
    }
    for each in allowed:
        assert each["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
        assert each["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
        assert each["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:logs:eu-west-3:{ACCOUNT}:*"}
    assert allowed[0]["Condition"]["StringEquals"]["s3:x-amz-acl"] == "bucket-owner-full-control"


def test_a_retention_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="retention_days must be at least 1, got 0"):
        FlowLogsArgs(retention_days=0, account_id=ACCOUNT)
