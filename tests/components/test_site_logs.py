import json

import pulumi
import pytest

from components.site_logs import SiteLogsArgs, record_requests
from tests.conftest import Declare, Plan

ARGS = SiteLogsArgs(retention_days=30, account_id="111122223333")


def record(declare: Declare, args: SiteLogsArgs = ARGS) -> Plan:
    return declare(lambda: record_requests("logs", args, distribution_arn="arn:site", child=pulumi.ResourceOptions()))


def test_requests_are_delivered_as_json_from_where_cloudfront_is_run(declare: Declare) -> None:
    plan = record(declare)
    assert plan.one("aws:cloudwatch/logDeliverySource:LogDeliverySource") == {
        "logType": "ACCESS_LOGS",
        "resourceArn": "arn:site",
        "region": "us-east-1",
    }
    assert plan.one("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination") == {
        "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:mock:::logs-bucket"},
        "outputFormat": "json",
        "region": "us-east-1",
    }
    assert plan.one("aws:cloudwatch/logDelivery:LogDelivery") == {
        "deliverySourceName": "logs-source",
        "deliveryDestinationArn": "arn:aws:mock:::logs-destination",
        "s3DeliveryConfigurations": [
            {"enableHiveCompatiblePath": False, "suffixPath": "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}"}
        ],
        "region": "us-east-1",
    }


def test_only_the_delivery_service_of_this_account_writes_logs(declare: Declare) -> None:
    policy = json.loads(record(declare).one("aws:s3/bucketPolicy:BucketPolicy")["policy"])
    statements = {each["Sid"]: each for each in policy["Statement"]}
    assert set(statements) == {"AWSLogsDeliveryWrite", "DenyPlainHttp"}
    assert statements["AWSLogsDeliveryWrite"] == {
        "Sid": "AWSLogsDeliveryWrite",
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Resource": ["arn:aws:mock:::logs-bucket/*"],
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Condition": {
            "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": "111122223333"},
            "ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:111122223333:delivery-source:*"},
        },
    }


def test_logs_are_forgotten_after_their_retention(declare: Declare) -> None:
    rules = record(declare).one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert rules[0]["expiration"] == {"days": 30}


@pytest.mark.parametrize("deleted", [True, False])
def test_logs_go_with_the_site_only_when_asked(declare: Declare, deleted: bool) -> None:
    args = SiteLogsArgs(retention_days=30, account_id="111122223333", delete_with_site=deleted)
    assert record(declare, args).one("aws:s3/bucket:Bucket")["forceDestroy"] is deleted


def test_a_retention_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(ValueError) as refusal:
        SiteLogsArgs(retention_days=0, account_id="111122223333")
    assert str(refusal.value) == "retention_days must be at least 1 day, got 0"
