import json
from typing import Any

import pytest

from components import iam
from components.private_bucket import PrivateBucket, PrivateBucketArgs, lifecycle_rule
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Outputs

COMPUTED: Outputs = {"aws:s3/bucket:Bucket": lambda _: {"bucket": "files-1a2b"}}
ABORTED = {"days_after_initiation": 7}


def test_a_bucket_is_closed_to_the_public_and_to_acls_and_encrypted(declare: Declare) -> None:
    plan = declare(lambda: PrivateBucket("files", PrivateBucketArgs(noncurrent_days=None)), outputs=COMPUTED)
    assert plan.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock") == {
        "bucket": "files-1a2b",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert plan.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls") == {
        "bucket": "files-1a2b",
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    }
    encryption = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    assert plan.one(encryption) == {
        "bucket": "files-1a2b",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    }
    assert "aws:s3/bucketVersioning:BucketVersioning" not in plan.types


@pytest.mark.parametrize(
    ("args", "deletes"),
    [
        (PrivateBucketArgs(noncurrent_days=None), {}),
        (PrivateBucketArgs(noncurrent_days=None, retention_days=90), {"expiration": {"days": 90}}),
        (
            PrivateBucketArgs(noncurrent_days=30),
            {
                "noncurrent_version_expiration": {"noncurrent_days": 30},
                "expiration": {"expired_object_delete_marker": True},
            },
        ),
        (
            PrivateBucketArgs(noncurrent_days=30, retention_days=90),
            {"noncurrent_version_expiration": {"noncurrent_days": 30}, "expiration": {"days": 90}},
        ),
    ],
)
def test_a_bucket_forgets_what_it_was_told_to_forget(args: PrivateBucketArgs, deletes: dict[str, Any]) -> None:
    assert lifecycle_rule(args) == {
        "id": "expire",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": ABORTED,
        **deletes,
    }


def test_a_policy_always_demands_tls(declare: Declare) -> None:
    entry = iam.statement(["s3:GetObject"], ["arn:x/*"], principal={"AWS": "arn:reader"}, sid="Read")
    args = PrivateBucketArgs(noncurrent_days=None)
    plan = declare(lambda: PrivateBucket("files", args).allow([entry]), outputs=COMPUTED)
    statements = json.loads(plan.one("aws:s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]
    assert [each["Sid"] for each in statements] == ["Read", "DenyPlainHttp"]
    assert statements[1]["Resource"] == ["arn:aws:mock:::files-bucket", "arn:aws:mock:::files-bucket/*"]


@pytest.mark.parametrize("protect", [True, False])
def test_protection_holds_the_bucket_and_leaves_its_parts_free_to_change(declare: Declare, protect: bool) -> None:
    seen = SeenOptions()
    args = PrivateBucketArgs(noncurrent_days=1, protect=protect)
    declare(lambda: PrivateBucket("files", args, seen.opts), outputs=COMPUTED)
    assert seen.by_name["files-bucket"].protect is protect
    assert [name for name, options in seen.by_name.items() if options.protect] == (["files-bucket"] if protect else [])


def test_nothing_is_protected_by_default() -> None:
    assert PrivateBucketArgs(noncurrent_days=None).protect is False


@pytest.mark.parametrize("field", ["noncurrent_days", "retention_days"])
def test_a_duration_that_keeps_nothing_is_refused(field: str) -> None:
    values: dict[str, Any] = {"noncurrent_days": None, field: 0}
    with pytest.raises(ValueError) as refusal:
        PrivateBucketArgs(**values)
    assert str(refusal.value) == f"{field} must be at least 1 day, or None, got 0"
