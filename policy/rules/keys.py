"""KMS keys: turned over every year, and in nobody else's hands."""

from collections.abc import Iterator
from typing import Final

from policy.rules.model import Context, Resource, on
from policy.rules.statements import statements

_SYMMETRIC: Final = "SYMMETRIC_DEFAULT"


@on("aws:kms/key:Key")
def rotation(key: Resource, _: Context) -> Iterator[str]:
    """The key is rotated, where AWS can."""
    if key.at("customerMasterKeySpec", default=_SYMMETRIC) == _SYMMETRIC and not key.yes("enableKeyRotation"):
        yield "enableKeyRotation is not true"


@on("aws:kms/key:Key")
def policy(key: Resource, _: Context) -> Iterator[str]:
    """Its policy lets not everybody in."""
    if any(each.public for each in statements(key, "policy")):
        yield "its policy lets anybody use it: a principal is *, without a condition"


CHECKS: Final = {"KMS-01": (rotation, policy)}
