"""Access logs of a CloudFront distribution, kept in a bucket of their own."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.private_bucket import PrivateBucket, PrivateBucketArgs

# CloudFront is run from there, and so is the delivery of its logs, wherever the bucket is:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
_REGION = "us-east-1"
# One folder per hour, after the `AWSLogs/<account>/CloudFront/` that AWS puts in front.
_SUFFIX = "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}"


@dataclass(frozen=True, kw_only=True)
class SiteLogsArgs:
    """Inputs of `record_requests`."""

    retention_days: int
    """Days after which a log file is deleted, at least 1; it holds the addresses of visitors."""
    account_id: pulumi.Input[str]
    """Account of the distribution: the delivery service may write on its behalf only."""
    delete_with_site: bool = False
    """True empties the bucket when the site is destroyed; otherwise logs left in it make the destroy stop."""

    def __post_init__(self) -> None:
        """Refuse a retention that keeps nothing."""
        if self.retention_days < 1:
            raise ValueError(f"retention_days must be at least 1 day, got {self.retention_days}")


def record_requests(
    name: str, args: SiteLogsArgs, *, distribution_arn: pulumi.Input[str], child: pulumi.ResourceOptions
) -> None:
    """Record one JSON line per request, in a private bucket under `AWSLogs/<account>/CloudFront/<distribution>/`.

    This is CloudFront's second standard logging: it writes as a service that the bucket's policy names, where the
    first one needs ACLs. Files arrive within minutes; what they take in S3 is billed.
    """
    kept = PrivateBucketArgs(
        noncurrent_days=None, retention_days=args.retention_days, delete_contents=args.delete_with_site
    )
    bucket = PrivateBucket(name, kept, child)
    known = pulumi.Output.all(bucket.arn, args.account_id)
    policy = bucket.allow(known.apply(lambda k: [delivery_statement(k[0], account_id=k[1])]))
    source = aws.cloudwatch.LogDeliverySource(
        f"{name}-source", log_type="ACCESS_LOGS", resource_arn=distribution_arn, region=_REGION, opts=child
    )
    destination = aws.cloudwatch.LogDeliveryDestination(
        f"{name}-destination",
        delivery_destination_configuration={"destination_resource_arn": bucket.arn},
        output_format="json",
        region=_REGION,
        opts=child,
    )
    aws.cloudwatch.LogDelivery(
        f"{name}-delivery",
        delivery_source_name=source.name,
        delivery_destination_arn=destination.arn,
        s3_delivery_configurations=[{"enable_hive_compatible_path": False, "suffix_path": _SUFFIX}],
        region=_REGION,
        # AWS checks the bucket's policy when the delivery is created, and would write one of its own.
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
    )


def delivery_statement(bucket_arn: str, *, account_id: str) -> iam.Statement:
    """Let AWS deliver the CloudFront logs of one account, in the words that AWS documents.

    Worded otherwise, AWS would add its own statement to the policy, and every preview would show a change:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
    """
    return iam.statement(
        ["s3:PutObject"],
        [f"{bucket_arn}/*"],
        principal={"Service": "delivery.logs.amazonaws.com"},
        conditions={
            "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account_id},
            "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{_REGION}:{account_id}:delivery-source:*"},
        },
        sid="AWSLogsDeliveryWrite",
    )
