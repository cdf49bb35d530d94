"""Who reads the files of a static site, and who publishes them."""

from components import iam

RECORDS = ".socle/"
"""Folder of the bucket that holds what was published when; no visitor reads it."""


def reading_statement(bucket_arn: str, *, distribution_arn: str) -> iam.Statement:
    """Let one distribution read files; without its ARN, anybody's distribution could."""
    return iam.statement(
        ["s3:GetObject"],
        [f"{bucket_arn}/*"],
        principal={"Service": "cloudfront.amazonaws.com"},
        conditions={"StringEquals": {"AWS:SourceArn": distribution_arn}},
        sid="ReadByDistribution",
    )


def hiding_statement(bucket_arn: str) -> iam.Statement:
    """Keep the records of releases from every distribution."""
    return iam.statement(
        ["s3:GetObject"],
        [f"{bucket_arn}/{RECORDS}*"],
        principal={"Service": "cloudfront.amazonaws.com"},
        effect="Deny",
        sid="HideRecords",
    )


def deploy_policy(bucket_arn: str, *, distribution_arn: str) -> str:
    """JSON policy of whoever publishes the site, and takes it back to older versions of its files."""
    return iam.document(
        iam.statement(["s3:ListBucket"], [bucket_arn], sid="CompareFiles"),
        iam.statement(["s3:GetObject", "s3:GetObjectVersion"], [f"{bucket_arn}/*"], sid="ReadReleases"),
        iam.statement(["s3:PutObject", "s3:DeleteObject"], [f"{bucket_arn}/*"], sid="PublishFiles"),
        iam.statement(
            ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"], [distribution_arn], sid="RefreshCache"
        ),
    )
