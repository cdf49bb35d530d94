"""Who runs this, as AWS sees it: two people of one name are two."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    """Whoever the credentials belong to."""

    account: str
    """AWS account, 12 digits."""
    arn: str
    """Of the user, or of the session of a role."""

    @property
    def name(self) -> str:
        """Last part of the ARN: the user's name, or that of the session, which is the person's own with IAM Identity
        Center and CI."""
        return self.arn.rpartition("/")[2]


def whoami(sts: Any) -> Person:
    """Ask AWS; may raise what `tools.account.Failure` names."""
    found = sts.get_caller_identity()
    return Person(str(found["Account"]), str(found["Arn"]))
