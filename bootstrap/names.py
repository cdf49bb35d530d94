"""Names that the outside world knows: CloudTrail, CI, the engine's addresses of keys."""

from typing import Final, Literal

PROJECT: Final = "socle-bootstrap"
STACK: Final = "team"

Level = Literal["staging", "prod"]
LEVELS: Final[tuple[Level, ...]] = ("staging", "prod")
"""Levels of trust, each with a key of its own. Production stacks take `prod`, all others `staging`."""

CI_ROLES: Final = ("preview", "preview-prod", "deploy-staging", "deploy-prod")
PEOPLE_ROLES: Final = ("administrator", "developer")
ROLES: Final = tuple(f"socle-{role}" for role in (*CI_ROLES, *PEOPLE_ROLES))
"""Roles that the bootstrap makes, and that none of them may change."""

POLICY_PATH: Final = "/socle-bootstrap/"
"""Path of all policies of the bootstrap, so that one pattern names them."""


def alias_of(level: Level) -> str:
    """Alias of the key of a level."""
    return f"alias/socle-{level}"


def secrets_provider(level: Level, region: str) -> str:
    """Address of the key of a level, as the engine takes it."""
    return f"awskms://{alias_of(level)}?region={region}"
