"""Records of a network's traffic, kept in a bucket of their own."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.private_bucket import PrivateBucket, PrivateBucketArgs

_DELIVERY = "delivery.logs.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Inputs of `record_flows`."""

    retention_days: int
    """Days after which a record is deleted, at least 1."""
    account_id: pulumi.Input[str]
    """Account of the network: the delivery service may write on its behalf only."""
    delete_with_network: bool = False
    """True empties the bucket when the network is destroyed; otherwise records left in it make the destroy stop."""

    def __post_init__(self) -> None:
        """Refuse a retention that keeps nothing."""
        if self.retention_days < 1:
            raise ValueError(f"retention_days must be at least 1, got {self.retention_days}")


def delivery_statements(bucket_arn: str, *, region: str, account_id: str) -> list[iam.Statement]:
    """Let AWS deliver the flow logs of one account and region to a bucket.

    They are the statements that AWS documents; without them it would rewrite the policy:
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    """
    source = {
        "StringEquals": {"aws:SourceAccount": account_id},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{region}:{account_id}:*"},
    }
    owned = {**source["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}
    return [
        iam.statement(
            ["s3:PutObject"],
            [f"{bucket_arn}/AWSLogs/{account_id}/*"],
            principal={"Service": _DELIVERY},
            conditions={**source, "StringEquals": owned},
            sid="AWSLogDeliveryWrite",
        ),
        iam.statement(
            ["s3:GetBucketAcl"],
            [bucket_arn],
            principal={"Service": _DELIVERY},
            conditions=source,
            sid="AWSLogDeliveryAclCheck",
        ),
    ]


def record_flows(
    name: str, args: FlowLogsArgs, *, vpc_id: pulumi.Input[str], region: str, child: pulumi.ResourceOptions
) -> None:
    """Record who talked to whom in a VPC, accepted or refused, in a private, encrypted bucket.

    Billed by AWS per gigabyte delivered and per gigabyte-month stored; aggregates of ten minutes keep both low.
    """
    kept = PrivateBucketArgs(
        noncurrent_days=None, retention_days=args.retention_days, delete_contents=args.delete_with_network
    )
    bucket = PrivateBucket(name, kept, child)
    known = pulumi.Output.all(bucket.arn, args.account_id)
    policy = bucket.allow(known.apply(lambda k: delivery_statements(k[0], region=region, account_id=k[1])))
    aws.ec2.FlowLog(
        name,
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination_type="s3",
        log_destination=bucket.arn,
        max_aggregation_interval=600,
        tags={"Name": name},
        # AWS tries the delivery when the flow log is created, and would write a policy of its own.
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
    )
