"""Which part of the states a role may open, as pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from components import iam

# Names of objects and the state of versions say little; the engine lists before it reads.
_LISTS = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation", "s3:GetBucketVersioning")
_READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging")
# A lock is given back by deleting it. The bucket keeps the versions of what is deleted.
_WRITES = ("s3:PutObject", "s3:DeleteObject")
_OPENS = ("kms:Decrypt", "kms:DescribeKey")
_SEALS = ("kms:Encrypt", "kms:GenerateDataKey")

# Where the S3 backend keeps what, and what our tools keep beside it (tools/state/backend.py has the same layout).
_ANY_STACK = (
    ".pulumi/meta.yaml",
    ".pulumi/stacks/socle/*",
    ".pulumi/history/socle/*",
    ".pulumi/backups/socle/*",
    ".pulumi/locks/organization/socle/*",
    "socle/*",
)
_ONE_STACK = (
    ".pulumi/stacks/socle/{}.json*",
    ".pulumi/stacks/socle/{}.pulumi-tags",
    ".pulumi/history/socle/{}/*",
    ".pulumi/backups/socle/{}/*",
    ".pulumi/locks/organization/socle/{}/*",
    "socle/*/{}.json",
    "socle/*/{}/*",
)


@dataclass(frozen=True, kw_only=True)
class Places:
    """What the statements are about."""

    bucket_arn: str
    staging_key: str
    """ARN of the key of all stacks but production; it encrypts the bucket too."""
    prod_key: str
    """ARN of the key of production's secrets."""
    region: str
    """Of bucket and keys."""
    production: Sequence[str]
    """Names of the production stacks."""


def others(places: Places, *, write: bool) -> list[iam.Statement]:
    """All stacks but production, whose objects are denied, and the key of their secrets."""
    use = (*_OPENS, *_SEALS) if write else _OPENS
    statements = [
        _listing(places),
        iam.statement((*_READS, *(_WRITES if write else ())), _objects(places, _ANY_STACK), sid="States"),
        iam.statement(use, [places.staging_key], sid="Secrets"),
    ]
    if places.production:
        statements.append(
            iam.statement(["s3:*"], _objects(places, _of_production(places)), effect="Deny", sid="NotProduction")
        )
    return statements


def production(places: Places, *, write: bool) -> list[iam.Statement]:
    """All stacks to read, production alone to change, and the key of its secrets.

    A promotion compares production with what another stack runs, hence the reading. The secrets inside the others'
    states stay sealed: of their key only the use that S3 makes of it is allowed.
    """
    through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{places.region}.amazonaws.com"}}
    use = (*_OPENS, *_SEALS) if write else _OPENS
    statements = [
        _listing(places),
        iam.statement(_READS, _objects(places, _ANY_STACK), sid="States"),
        iam.statement(use, [places.staging_key], conditions=through_s3, sid="Bucket"),
        iam.statement(use, [places.prod_key], sid="Secrets"),
    ]
    if write and places.production:
        statements.append(iam.statement(_WRITES, _objects(places, _of_production(places)), sid="Changes"))
    return statements


def everything(places: Places) -> list[iam.Statement]:
    """All objects with their versions, and both keys."""
    return [
        _listing(places),
        iam.statement((*_READS, *_WRITES), [f"{places.bucket_arn}/*"], sid="States"),
        iam.statement((*_OPENS, *_SEALS), [places.staging_key, places.prod_key], sid="Secrets"),
    ]


def _listing(places: Places) -> iam.Statement:
    return iam.statement(_LISTS, [places.bucket_arn], sid="Names")


def _of_production(places: Places) -> list[str]:
    return [pattern.format(stack) for stack in places.production for pattern in _ONE_STACK]


def _objects(places: Places, keys: Sequence[str]) -> list[str]:
    return [f"{places.bucket_arn}/{key}" for key in keys]
