"""What keeps data: protected, and neither replaced nor deleted unless somebody said so."""

from collections.abc import Iterator
from typing import Final

from policy.rules.model import ChangeCheck, Changes, Context, Resource, Said, on

_PROTECTED: Final = (
    "kubernetes:postgresql.cnpg.io/v1:Cluster",
    "aws:dynamodb/table:Table",
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:efs/fileSystem:FileSystem",
    "aws:ebs/volume:Volume",
    "aws:backup/vault:Vault",
)
_SHORTEST_WAIT: Final = 7
_ENDS: Final = ("delete", "replace", "delete-replaced")


@on(*_PROTECTED)
def protected(resource: Resource, context: Context) -> Iterator[str]:
    """Pulumi refuses to delete what holds data in production."""
    if context.production and resource.protect is False and not resource.yes("deletionProtection"):
        yield "it is not protected"


@on("aws:s3/bucket:Bucket", "aws:route53/zone:Zone")
def emptied(resource: Resource, context: Context) -> Iterator[str]:
    """What it holds does not go with it in production."""
    if context.production and resource.yes("forceDestroy") and not resource.protect:
        yield "forceDestroy is true, so that all it holds is deleted with it"


@on("aws:kms/key:Key")
def window(key: Resource, context: Context) -> Iterator[str]:
    """A deleted key can be had back for a week at least."""
    days = int(key.at("deletionWindowInDays", default=30))
    if context.production and days < _SHORTEST_WAIT:
        yield f"deletionWindowInDays is {days}, expected {_SHORTEST_WAIT} at least"


def _kept(changes: Changes) -> Iterator[Said]:
    """Nothing that keeps something is replaced or deleted, nor loses its protection."""
    for change in changes.changes:
        if change.op in _ENDS and change.lost:
            yield change.resource, f"it is to be {'replaced' if change.op == 'replace' else 'deleted'}: {change.lost}"
        elif change.unprotected:
            yield change.resource, "it loses its protection (protect)"


CHECKS: Final = {"SAFE-01": (protected, emptied, window, ChangeCheck(_kept))}
