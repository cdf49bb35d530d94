"""What a drill is about: the stack's outputs that say where its backups are, and how to reach its cluster."""

import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tools.drills.api import DrillError

Outputs = dict[str, Any]
"""Outputs of a stack, by name."""
ReadOutputs = Callable[[str], Outputs]
"""Reads the outputs of a stack, secrets in plain text."""


class _Known(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Login(_Known):
    """A database that is compared."""

    database: str
    """Name of the database."""
    secret: str
    """Secret with `username` and `password` of a user that reads all its tables, in the database's namespace."""


class Database(_Known):
    """The PostgreSQL of a stack."""

    engine: Literal["cloudnative-pg", "postgresql-ha"]
    """Who runs it."""
    namespace: str
    """Namespace of its pods."""
    cluster: str
    """Name of the Cluster object, or of the chart's release."""
    host: str | None = None
    """Service that leads to the primary; with `cloudnative-pg` it is known without."""
    logins: tuple[Login, ...]
    """Databases to compare; the first one is the main one."""


class Target(_Known):
    """The output `drill` of a stack."""

    velero_namespace: str | None = None
    """Namespace of Velero; none without Velero."""
    schedule: str | None = None
    """Name of its Schedule."""
    namespaces: tuple[str, ...] = ()
    """Namespaces that it backs up."""
    database: Database | None = None
    """The database, if its backups are on."""


def target_of(stack: str, outputs: Outputs) -> Target:
    """What the outputs of a stack say about its backups; raises DrillError when they say nothing."""
    if "kubeconfig" not in outputs:
        raise DrillError(f"stack {stack} has no output kubeconfig: bring it up with `pulumi up --stack {stack}`", 2)
    if not outputs.get("drill"):
        advice = f"switch backups on in Pulumi.{stack}.yaml, then `pulumi up --stack {stack}`"
        raise DrillError(f"stack {stack} has no output drill: {advice}", 2)
    given = outputs["drill"]
    try:
        return Target.model_validate_json(given if isinstance(given, str) else json.dumps(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DrillError(
            f"the output drill of stack {stack} is not what a drill reads: {where}: {first['msg']}", 2
        ) from error
