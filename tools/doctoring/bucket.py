"""Checks of the bucket that holds the states."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore import exceptions

from tools.account import error_code, is_denied
from tools.doctoring.finding import Finding, from_sentence
from tools.doctoring.scene import Scene
from tools.state.failures import explain_backend

_REPAIR: Final = "`make bootstrap` puts the bucket in order"


def bucket(scene: Scene) -> Iterator[Finding]:
    """Whether it is there, is ours, and lies where its address says."""
    s3, name = scene.client("s3"), scene.home.bucket
    owner = {"ExpectedBucketOwner": scene.person.account} if scene.person else {}
    try:
        s3.list_objects_v2(Bucket=name, MaxKeys=1, **owner)
    except exceptions.ClientError as error:
        if not owner or not is_denied(error) or not _readable(s3, name):
            raise
        yield Finding(
            "bucket",
            "broken",
            f"{name} belongs to another account than {scene.person.account if scene.person else 'yours'}",
            "take credentials of its account, or correct the name in PULUMI_BACKEND_URL and backend.url of Pulumi.yaml",
        )
        return
    head = s3.head_bucket(Bucket=name)
    lies = head.get("BucketRegion") or head["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
    if lies and lies != scene.home.region:
        yield Finding(
            "bucket",
            "broken",
            f"{name} is in {lies}, and its address says {scene.home.region}",
            f"write ?region={lies} in PULUMI_BACKEND_URL and backend.url of Pulumi.yaml",
        )
        return
    yield Finding("bucket", "ok", f"{name} is there, in {scene.home.region}" + (", and ours" if owner else ""))


def versions(scene: Scene) -> Iterator[Finding]:
    """Whether the bucket keeps what is overwritten or deleted."""
    found = _asked("versions", scene, lambda s3: s3.get_bucket_versioning(Bucket=scene.home.bucket), "")
    if isinstance(found, Finding):
        yield found
    elif found.get("Status") == "Enabled":
        yield Finding("versions", "ok", "what is overwritten or deleted is kept")
    else:
        yield Finding("versions", "broken", "the bucket keeps no versions, so nothing lost can come back", _REPAIR)


def encryption(scene: Scene) -> Iterator[Finding]:
    """Whether the bucket encrypts by a key of ours."""
    missing = "ServerSideEncryptionConfigurationNotFoundError"
    found = _asked("encryption", scene, lambda s3: s3.get_bucket_encryption(Bucket=scene.home.bucket), missing)
    if isinstance(found, Finding):
        yield found
        return
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    by = {each.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for each in rules}
    if by & {"aws:kms", "aws:kms:dsse"}:
        yield Finding("encryption", "ok", "the bucket encrypts by a KMS key")
    else:
        yield Finding("encryption", "warning", "the bucket encrypts, but by no KMS key of ours", _REPAIR)


def public_access(scene: Scene) -> Iterator[Finding]:
    """Whether nobody can make the states public."""
    missing = "NoSuchPublicAccessBlockConfiguration"
    found = _asked("public access", scene, lambda s3: s3.get_public_access_block(Bucket=scene.home.bucket), missing)
    if isinstance(found, Finding):
        yield found
        return
    flags = found.get("PublicAccessBlockConfiguration", {})
    open_ = [name for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
             if not flags.get(name)]  # fmt: skip
    if open_:
        yield Finding("public access", "broken", f"is not blocked ({', '.join(open_)})", _REPAIR)
    else:
        yield Finding("public access", "ok", "is blocked")


def _asked(check: str, scene: Scene, ask: Callable[[Any], dict[str, Any]], missing: str) -> dict[str, Any] | Finding:
    """What S3 answers; nothing when it has no such setting; a finding when it may not be asked."""
    try:
        return ask(scene.client("s3"))
    except exceptions.ClientError as error:
        if error_code(error) == missing:
            return {}
        if is_denied(error):
            return Finding(check, "not checked", "these credentials may not see that")
        sentence = explain_backend(error, scene.home, scene.again, scene.stack)
        return from_sentence(check, "broken", sentence) if sentence else Finding(check, "not checked", str(error))


def _readable(s3: Any, name: str) -> bool:
    try:
        s3.list_objects_v2(Bucket=name, MaxKeys=1)
    except exceptions.ClientError:
        return False
    return True
