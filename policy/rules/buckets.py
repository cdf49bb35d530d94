"""S3: closed to the public, encrypted, with old versions for a while, and by TLS only."""

from collections.abc import Iterator
from typing import Any, Final

from policy.rules.model import UNKNOWN, Context, NotEvaluated, Resource, Said, Stack, StackCheck, at, each, on, yes
from policy.rules.statements import statements

BUCKET: Final = "aws:s3/bucket:Bucket"
BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ENCRYPTION: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING: Final = "aws:s3/bucketVersioning:BucketVersioning"
LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
_FLAGS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_ALGORITHMS: Final = ("AES256", "aws:kms", "aws:kms:dsse")


def of_bucket(stack: Stack, bucket: Resource, type_: str) -> list[Resource]:
    """Resources of a type that are about a bucket; raises `NotEvaluated` where nobody tells of which one."""
    parts = list(stack.of(type_))
    found = [part for part in parts if _belongs(stack, part, bucket)]
    if not found and any(part.links is None and _named(part) is UNKNOWN for part in parts):
        raise NotEvaluated("bucket")
    return found


def _named(part: Resource) -> Any:
    return part.inputs.get("bucket")


def _belongs(stack: Stack, part: Resource, bucket: Resource) -> bool:
    if bucket.urn in _origins(stack, part):
        return True
    if _named(part) is UNKNOWN:
        # Its name comes with the update. Whoever makes one bucket with its parts makes them in one component.
        return bool(part.parent) and part.parent == bucket.parent
    return _named(part) in (bucket.inputs.get("bucket") or bucket.name, f"{bucket.name}-id")


def _origins(stack: Stack, part: Resource) -> set[str]:
    """Where the name of its bucket comes from: the bucket itself, or other parts, which have it from there."""
    urns: set[str] = set()
    waiting = set((part.links or {}).get("bucket", ()))
    while waiting:
        urns |= waiting
        behind = [each.links or {} for each in stack.resources if each.urn in waiting]
        waiting = {urn for links in behind for urn in links.get("bucket", ())} - urns
    return urns


def _about(type_: str, missing: str) -> StackCheck:
    """A check that every bucket has a part of a type."""

    def run(stack: Stack) -> Iterator[Said]:
        for bucket in stack.of(BUCKET):
            if not of_bucket(stack, bucket, type_):
                yield bucket, missing

    return StackCheck(run)


@on(BLOCK)
def block(block_: Resource, _: Context) -> Iterator[str]:
    """All four ways to the public are closed."""
    for flag in _FLAGS:
        if not block_.yes(flag):
            yield f"{flag} is not true"


@on(OWNERSHIP)
def ownership(controls: Resource, _: Context) -> Iterator[str]:
    """Access lists are out of use."""
    if controls.at("rule", "objectOwnership") != "BucketOwnerEnforced":
        yield f"objectOwnership is {controls.at('rule', 'objectOwnership')}, expected BucketOwnerEnforced"


@on(BUCKET)
def acl(bucket: Resource, _: Context) -> Iterator[str]:
    """The bucket has no access list that lets everybody in."""
    if str(bucket.at("acl", default="private")) not in ("private", "log-delivery-write"):
        yield f"acl is {bucket.at('acl')}"


@on(ENCRYPTION)
def encryption(setting: Resource, _: Context) -> Iterator[str]:
    """Objects are encrypted, with a key per bucket where KMS does it."""
    for rule in setting.each("rules"):
        algorithm = at(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm")
        if algorithm not in _ALGORITHMS:
            yield f"sseAlgorithm is {algorithm}, expected AES256 or aws:kms"
        elif algorithm != "AES256" and not yes(at(rule, "bucketKeyEnabled")):
            yield "bucketKeyEnabled is not true, so that every object costs a call of KMS"
    if not list(setting.each("rules")):
        yield "it has no rule"


def _whole(rule: Any) -> bool:
    """Whether a rule of a lifecycle is about all objects."""
    return at(rule, "status") == "Enabled" and not at(rule, "filter", "prefix") and not at(rule, "prefix")


@on(LIFECYCLE)
def lifecycle(setting: Resource, _: Context) -> Iterator[str]:
    """Uploads that were never finished go, and old versions too."""
    rules = [rule for rule in setting.each("rules") if _whole(rule)]
    if not any(int(at(rule, "abortIncompleteMultipartUpload", "daysAfterInitiation", default=0)) for rule in rules):
        yield "no rule ends uploads that were never finished (abortIncompleteMultipartUpload)"


def _versions(stack: Stack) -> Iterator[Said]:
    """Old versions are kept, unless all that a bucket holds expires; and they go after a while."""
    for bucket in stack.of(BUCKET):
        rules: list[Any] = []
        for lifecycle_ in of_bucket(stack, bucket, LIFECYCLE):
            rules += [rule for rule in each(lifecycle_.inputs, "rules") if _whole(rule)]
        passing = any(at(rule, "expiration", "days") for rule in rules)
        kept = [
            part
            for part in of_bucket(stack, bucket, VERSIONING)
            if part.at("versioningConfiguration", "status") == "Enabled"
        ]
        if not kept and not passing:
            yield bucket, "it keeps no old versions, and what it holds does not expire"
        if kept and not any(at(rule, "noncurrentVersionExpiration", "noncurrentDays") for rule in rules):
            yield bucket, "old versions are kept and paid for ever (noncurrentVersionExpiration)"


@on(POLICY)
def policy(policy_: Resource, _: Context) -> Iterator[str]:
    """Nobody reads it without TLS, and not everybody with it."""
    denied = False
    for statement in statements(policy_, "policy"):
        if statement.public:
            yield "its policy lets anybody in: a principal is *, without a condition"
        refused = not statement.allows and any(name == "*" for _, name in statement.principals)
        plain = "false" in statement.condition("aws:SecureTransport").get("Bool", ())
        denied = denied or (refused and plain and "s3:*" in statement.actions)
    if not denied:
        yield "its policy does not refuse requests without TLS (aws:SecureTransport)"


CHECKS: Final = {
    "S3-01": (
        block,
        ownership,
        acl,
        _about(BLOCK, "nothing blocks public access to it (BucketPublicAccessBlock)"),
        _about(OWNERSHIP, "access lists are not switched off (BucketOwnershipControls)"),
    ),
    "S3-02": (encryption, _about(ENCRYPTION, "it has no rule on encryption")),
    "S3-03": (lifecycle, StackCheck(_versions), _about(LIFECYCLE, "it has no lifecycle")),
    "S3-04": (policy, _about(POLICY, "no policy refuses requests without TLS")),
}
