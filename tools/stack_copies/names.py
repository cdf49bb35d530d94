"""What a stack of one's own may be called."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from tools.stack_copies.refused import StackRefused

LONGEST: Final = 16
"""Letters of a name. Autonaming makes `socle-<stack>-<name>-<6 digits>`, 14 letters without the two names. A role has
64 and the longest logical name of ours 34 (`cluster-autoscaler-controller-role`), a bucket has 63 and ours 33
(`postgresql-backups-archive-bucket`); load balancers, which have 32, leave the stack's name out.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
"""
RESERVED: Final = {
    "prod": "it reads as production",
    "production": "it reads as production",
    "staging": "it is the team's",
    "team": "the bootstrap's own stack has it",
    "www": "it would be the first label of a public name",
    "api": "it would be the first label of a public name",
}
"""Names that nobody gets, with the reason."""
# A label of a domain, which the name becomes: https://datatracker.ietf.org/doc/html/rfc1035#section-2.3.1
_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")


def check_name(name: str, production: Collection[str] = ()) -> None:
    """Raise `StackRefused` unless a stack may be called so; `production` are the stacks with production's key."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise StackRefused(
            f"STACK: expected at most {LONGEST} lower-case letters, digits and inner hyphens, the first a letter, such "
            f'as dev-search-page, got "{name}"'
        )
    reason = "it is one of production's" if name in production else RESERVED.get(name)
    if reason:
        raise StackRefused(f'STACK: expected a name that is not reserved, got "{name}": {reason}')


def stack_file(folder: Path, stack: str) -> Path:
    """The settings of a stack."""
    return folder / f"Pulumi.{stack}.yaml"


def stacks_of(folder: Path) -> list[str]:
    """Stacks that have a file here."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml"))
