"""What a drill found out."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class KindCount:
    """Objects of one kind in one namespace, as they were when the backup was made."""

    namespace: str
    """The source."""
    kind: str
    """Kind of the objects."""
    source: int
    """Objects that the source has and that are older than the backup."""
    restored: int
    """Of those, objects that were restored."""
    missing: tuple[str, ...]
    """Names of the others."""
    removed: tuple[str, ...] = ()
    """Names that were restored and that the source has no more."""
    newer: int = 0
    """Objects that the source has got since the backup."""


@dataclass(frozen=True, kw_only=True)
class ObjectsResult:
    """The restore of a Velero backup."""

    backup: str
    """Name of the backup."""
    recovery_seconds: float
    """From the start of the restore until its content was verified."""
    recovery_point_seconds: float
    """Age of the backup when the restore started."""
    kinds: tuple[KindCount, ...]
    """What was compared."""
    differences: tuple[str, ...]
    """One sentence each."""
    notes: tuple[str, ...] = ()
    """What a reader should know, and what is no difference."""


@dataclass(frozen=True, kw_only=True)
class DatabaseResult:
    """The restore of a database."""

    engine: str
    """Who runs it."""
    recovery_seconds: float
    """From the start of the restore until its content was read."""
    recovery_point_seconds: float | None
    """What would have been lost, at most, had the database gone when the restore started; None if nobody knows."""
    databases: tuple[str, ...]
    """Names of the databases that were compared."""
    tables: int
    """Tables that were compared, or lines of the answer to `--query`."""
    differences: tuple[str, ...]
    """One sentence each."""
    notes: tuple[str, ...] = ()
    """What a reader should know, and what is no difference."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A whole drill."""

    stack: str
    """Whose backups were tried."""
    objects: ObjectsResult | None = None
    """Of Velero's backup; None when it was not asked for or there is no Velero."""
    database: DatabaseResult | None = None
    """Of the database; None when it was not asked for or there is none."""
    notes: tuple[str, ...] = field(default=())
    """What concerns neither alone."""

    @property
    def differences(self) -> tuple[str, ...]:
        """All of them, in the order of the drill."""
        return tuple(each for part in (self.objects, self.database) if part for each in part.differences)

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"passed": not self.differences, **asdict(self), "differences": list(self.differences)}
