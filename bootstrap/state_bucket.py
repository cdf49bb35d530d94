"""The bucket in which Pulumi keeps the states of all stacks."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam

# A state is rewritten at each step of an update, so that one update leaves dozens of versions: those of three months
# are kept, and of a stack that rests longer the newest.
_OLD_DAYS = 90
_OLD_VERSIONS = 20
# Parts of an upload that never ended are billed but invisible: no upload of a state lasts a week.
_INCOMPLETE_UPLOAD_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class StateBucketArgs:
    """Inputs of `StateBucket`."""

    bucket_name: str
    """Name of the bucket, which the engine's address of the states has; taken worldwide."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts the objects; whoever may open any state needs it."""


class StateBucket(pulumi.ComponentResource):
    """A bucket that forgets nothing at once: versions, one KMS key, TLS only, nothing public. Cents a month.

    Pulumi refuses to delete it, and leaves it in AWS should somebody lift that protection: only
    `make bootstrap-destroy` empties and deletes it.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""
    arn: pulumi.Output[str]
    """ARN of the bucket; its objects are `<arn>/*`."""

    def __init__(self, name: str, args: StateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle-bootstrap:index:StateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(protect=True, retain_on_delete=True)
        bucket = aws.s3.Bucket(
            f"{name}-bucket", bucket=args.bucket_name, opts=pulumi.ResourceOptions.merge(child, kept)
        )
        access = aws.s3.BucketPublicAccessBlock(
            f"{name}-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership", bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.key_arn,
                    },
                    # One question to KMS for many objects, in place of one each.
                    "bucket_key_enabled": True,
                }
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        # Rules on old versions are set once versions exist.
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle", bucket=versioning.bucket, rules=[lifecycle_rule()], opts=child
        )
        # S3 refuses two changes of a bucket's access at once, so the policy waits for the access block.
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=access.bucket,
            policy=bucket.arn.apply(lambda arn: iam.document(iam.tls_only(arn))),
            opts=child,
        )
        self.bucket_name = bucket.bucket
        self.arn = bucket.arn
        self.register_outputs({"bucket_name": self.bucket_name, "arn": self.arn})


def lifecycle_rule() -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """What S3 deletes by itself: versions that are both old and many, and markers of what has no version left."""
    return {
        "id": "old-versions",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": _INCOMPLETE_UPLOAD_DAYS},
        "noncurrent_version_expiration": {
            "noncurrent_days": _OLD_DAYS,
            "newer_noncurrent_versions": _OLD_VERSIONS,
        },
        "expiration": {"expired_object_delete_marker": True},
    }
