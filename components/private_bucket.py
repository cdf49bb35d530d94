"""Buckets that nobody reads or writes without being named in their policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import iam

# Parts of an upload that never ended are billed but invisible: no upload of ours lasts a week.
_INCOMPLETE_UPLOAD_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """Inputs of `PrivateBucket`."""

    noncurrent_days: int | None
    """Days that a replaced or deleted object can still be recovered, at least 1; `None` keeps no old version."""
    retention_days: int | None = None
    """Days after which every object is deleted, at least 1; objects stay when omitted."""
    passing: Mapping[str, int] = field(default_factory=dict[str, int])
    """Days after which objects under a prefix such as `previews/` are deleted, at least 1; none when omitted."""
    delete_contents: bool = False
    """True empties the bucket when it is destroyed; otherwise objects left in it make the destroy stop."""
    protect: bool = False
    """True makes Pulumi refuse to delete the bucket, and with it anything else, until `pulumi state unprotect`."""

    def __post_init__(self) -> None:
        """Refuse durations that keep nothing."""
        for name, days in (("noncurrent_days", self.noncurrent_days), ("retention_days", self.retention_days)):
            if days is not None and days < 1:
                raise ValueError(f"{name} must be at least 1 day, or None, got {days}")
        for prefix, days in self.passing.items():
            if not prefix or days < 1:
                raise ValueError(f"passing must be prefixes with at least 1 day each, got {days} for {prefix!r}")


class PrivateBucket(pulumi.ComponentResource):
    """An S3 bucket without public access or ACLs, encrypted at rest, billed by what it holds.

    Encryption is AES-256 with keys of S3: a KMS key would add a price per request and a key policy for each
    reader, and protects no better what a policy of the bucket already keeps to itself. The caller states who may
    enter with `allow`, once: S3 keeps a single policy per bucket.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""
    arn: pulumi.Output[str]
    """ARN of the bucket; its objects are `<arn>/*`."""
    regional_domain_name: pulumi.Output[str]
    """Name under which S3 serves the bucket in its own region."""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:PrivateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        protected = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=args.protect))
        bucket = aws.s3.Bucket(f"{name}-bucket", force_destroy=args.delete_contents, opts=protected)
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
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        # Rules on old versions are set once versions exist.
        bucket_with_versions = (
            bucket.bucket if args.noncurrent_days is None else _versioning(name, bucket, child).bucket
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket_with_versions,
            rules=[lifecycle_rule(args), *map(_passing_rule, args.passing, args.passing.values())],
            opts=child,
        )
        self._name = name
        # S3 refuses two changes of a bucket's access at once, so the policy waits for the access block.
        self._policy_target = access.bucket
        self.bucket_name = bucket.bucket
        self.arn = bucket.arn
        self.regional_domain_name = bucket.bucket_regional_domain_name
        self.register_outputs(
            {"bucket_name": self.bucket_name, "arn": self.arn, "regional_domain_name": self.regional_domain_name}
        )

    def allow(self, statements: pulumi.Input[Sequence[iam.Statement]]) -> aws.s3.BucketPolicy:
        """Let in what `statements` allow, over TLS only; the returned policy is in force when it exists."""
        known = pulumi.Output.all(arn=self.arn, statements=statements)
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self._policy_target,
            policy=known.apply(lambda k: iam.document(*k["statements"], iam.tls_only(k["arn"]))),
            opts=pulumi.ResourceOptions(parent=self),
        )


def lifecycle_rule(args: PrivateBucketArgs) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """What S3 deletes by itself."""
    rule: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": "expire",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": _INCOMPLETE_UPLOAD_DAYS},
    }
    if args.noncurrent_days is not None:
        rule["noncurrent_version_expiration"] = {"noncurrent_days": args.noncurrent_days}
    if args.retention_days is not None:
        rule["expiration"] = {"days": args.retention_days}
    elif args.noncurrent_days is not None:
        # A deletion leaves a marker, listed for ever once its last version is gone.
        rule["expiration"] = {"expired_object_delete_marker": True}
    return rule


def _passing_rule(prefix: str, days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """What S3 deletes under a prefix; the first rule deletes its old versions."""
    return {
        "id": f"pass-{prefix.rstrip('/').replace('/', '-')}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": days},
    }


def _versioning(name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> aws.s3.BucketVersioning:
    return aws.s3.BucketVersioning(
        f"{name}-versioning", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=opts
    )
