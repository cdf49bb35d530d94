"""The course of a drill: what is done in which order, and what is taken away whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from tools.cluster_api import NAMESPACE
from tools.drills import checksum, cloudnative_pg, counts, postgresql_ha
from tools.drills.api import Api, DrillError
from tools.drills.restore import Backup, await_restore, newest_backup, start_restore
from tools.drills.result import DatabaseResult, ObjectsResult, Result
from tools.drills.scratch import scratch_namespace, sweep
from tools.drills.target import Database, Target
from tools.drills.watch import Clock, Watch

Part = Literal["all", "objects", "database"]
"""What a drill is about: Velero's backup, the database's, or both."""

_CLEANING_MINUTES: Final = 10


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a drill is asked to do."""

    stack: str
    """Stack whose backups are tried."""
    target: Target
    """What the stack says of them."""
    part: Part = "all"
    """What is restored."""
    query: str | None = None
    """Query whose answer is compared, in each database; None compares every table."""
    minutes: float = 60
    """Bound of the whole, cleaning up left out."""


@dataclass(frozen=True)
class _Course:
    api: Api
    wanted: Wanted
    suffix: str
    watch: Watch

    def run(self) -> Result:
        target, part = self.wanted.target, self.wanted.part
        ha = target.database is not None and target.database.engine == "postgresql-ha"
        objects, database = None, None
        # Asked before anything is restored: without a backup of the database the drill cannot pass.
        alone = target.database if part != "objects" and not ha else None
        source = cloudnative_pg.source_of(self.api, alone) if alone else None
        # The volumes of postgresql-ha are restored with the objects.
        if target.velero_namespace and (part != "database" or ha):
            objects, database = self._velero(target.velero_namespace)
        if source:
            query = self.wanted.query or checksum.TABLES
            database = cloudnative_pg.drill(self.api, source, query, self.suffix, self.watch)
        if objects is None and database is None:
            raise DrillError(
                f"stack {self.wanted.stack} has no backups of that kind: its output drill says what it has", 2
            )
        return Result(stack=self.wanted.stack, objects=objects, database=database)

    def _velero(self, velero: str) -> tuple[ObjectsResult, DatabaseResult | None]:
        target, api, watch = self.wanted.target, self.api, self.watch
        backup = newest_backup(api, velero, target.schedule or "")
        # The database needs one namespace only.
        alone = target.database if self.wanted.part == "database" else None
        asked = (alone.namespace,) if alone else target.namespaces
        namespaces = [each for each in asked if backup.holds(each)]
        if not namespaces:
            raise DrillError(f"backup {backup.name} holds none of {', '.join(asked)}: wait for the next one", 2)
        on_volumes = self._on_volumes()
        if on_volumes and on_volumes.namespace not in namespaces:
            raise DrillError(
                f"backup {backup.name} does not hold namespace {on_volumes.namespace}, where the database is: "
                "wait for the next one",
                2,
            )
        started = watch.clock.now()
        name = start_restore(
            api, velero, backup, namespaces=namespaces, suffix=self.suffix, minutes=self.wanted.minutes
        )
        differences = await_restore(api, velero, name, watch)
        watch.say("Comparing with the source")
        sources = [each for each in namespaces if api.get(NAMESPACE, each)]
        kinds = [
            count
            for each in sources
            for count in counts.compare(api, each, scratch_namespace(each, self.suffix), backup.started)
        ]
        objects = ObjectsResult(
            backup=backup.name,
            recovery_seconds=(watch.clock.now() - started).total_seconds(),
            recovery_point_seconds=(started - backup.started).total_seconds(),
            kinds=tuple(kinds),
            differences=(*differences, *counts.differences(kinds), *_not_held(asked, backup)),
            notes=(
                *counts.notes(kinds),
                *(f"namespace {each} is only in the backup" for each in namespaces if each not in sources),
            ),
        )
        if on_volumes is None:
            return objects, None
        result = postgresql_ha.drill(
            api,
            on_volumes,
            backup,
            scratch=scratch_namespace(on_volumes.namespace, self.suffix),
            query=self.wanted.query or checksum.TABLES,
            suffix=self.suffix,
            started=started,
            watch=watch,
        )
        return objects, result

    def _on_volumes(self) -> Database | None:
        """The database whose content Velero backs up, if it is to be compared."""
        database = self.wanted.target.database
        return database if database and database.engine == "postgresql-ha" and self.wanted.part != "objects" else None


def _not_held(asked: tuple[str, ...], backup: Backup) -> list[str]:
    return [
        f"namespace {each} is not in backup {backup.name}, and was not restored"
        for each in asked
        if not backup.holds(each)
    ]


def run(api: Api, wanted: Wanted, *, suffix: str, clock: Clock, say: Callable[[str], None]) -> Result:
    """Drill, and take away what was made, also after a failure or an interruption."""
    target = wanted.target
    left = sweep(api, target, Watch(clock, _CLEANING_MINUTES, say))
    notes = (f"cleaned up after an earlier drill: {', '.join(left)}",) if left else ()
    try:
        result = _Course(api, wanted, suffix, Watch(clock, wanted.minutes, say)).run()
    except BaseException as error:
        try:
            sweep(api, target, Watch(clock, _CLEANING_MINUTES, say))
        except DrillError as uncleaned:
            error.add_note(str(uncleaned))
        raise
    sweep(api, target, Watch(clock, _CLEANING_MINUTES, say))
    return replace(result, notes=notes)
