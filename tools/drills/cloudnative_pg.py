"""The restore of a CloudNativePG database from its archive, into a small cluster beside it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tools.cluster_api import CNPG_CLUSTER, POD, Object
from tools.drills import checksum
from tools.drills.api import DATABASE_BACKUP, JOB, OBJECT_STORE, Api, DrillError, part
from tools.drills.checksum import Answer, Question, ask, login
from tools.drills.difference import differences
from tools.drills.result import DatabaseResult
from tools.drills.scratch import MARK, drill_cluster
from tools.drills.target import Database
from tools.drills.watch import Watch

# https://github.com/cloudnative-pg/postgres-containers: the user postgres of the images
_USER_ID: Final = 26
# What a recovery needs to be as in the source, as far as the source says it. The server refuses to recover with, for
# example, fewer connections than it had.
_SAME: Final = (
    "imageName",
    "imageCatalogRef",
    "storage",
    "walStorage",
    "tablespaces",
    "resources",
    "postgresUID",
    "postgresGID",
)
_NO_BACKUP: Final = {"velero.io/exclude-from-backup": "true"}
_SAME_SETTINGS: Final = ("parameters", "shared_preload_libraries", "extensions")


@dataclass(frozen=True)
class Archive:
    """Where a cluster archives to."""

    plugin: str
    """Name of the backup plugin."""
    parameters: dict[str, str]
    """What the plugin is told: the object store and the folder in it."""


@dataclass(frozen=True)
class Source:
    """A database, and what it is restored from."""

    database: Database
    """What the stack says of it."""
    cluster: Object
    """Its Cluster."""
    archive: Archive
    """Where it archives to; there is something whole in it."""


def archive_of(api: Api, database: Database, found: Object) -> Archive:
    """The archive of a cluster; raises DrillError when there is none, or nothing whole in it."""
    namespace, name = database.namespace, database.cluster
    plugins: list[Any] = part(found, "spec").get("plugins") or []
    archivers = [each for each in plugins if each.get("isWALArchiver")]
    if not archivers:
        raise DrillError(
            f"Cluster {namespace}/{name} archives nothing: switch on the backups of the database, then `pulumi up`", 2
        )
    parameters = {"serverName": name, **part(archivers[0], "parameters")}
    store = api.get(OBJECT_STORE, parameters["barmanObjectName"], namespace) or {}
    window = part(store, "status", "serverRecoveryWindow", parameters["serverName"])
    whole = [
        each
        for each in api.listed(DATABASE_BACKUP, namespace)
        if part(each, "spec", "cluster").get("name") == name and part(each, "status").get("phase") == "completed"
    ]
    if not window.get("firstRecoverabilityPoint") and not whole:
        command = f"kubectl cnpg backup {name} -n {namespace} --method plugin --plugin-name {archivers[0]['name']}"
        sentence = f"database {namespace}/{name} has no backup yet that is complete"
        raise DrillError(f"{sentence}: make one with `{command}`, then drill again", 2)
    return Archive(archivers[0]["name"], parameters)


def recovery(source: Object, archive: Archive, database: Database) -> Object:
    """The Cluster that is restored: one instance that archives nothing, so that it leaves the backups alone."""
    spec = part(source, "spec")
    settings = part(spec, "postgresql")
    main = database.logins[0]
    return {
        "metadata": {
            "name": drill_cluster(database.cluster),
            "namespace": database.namespace,
            "labels": {**MARK, **_NO_BACKUP},
        },
        "spec": {
            **{key: spec[key] for key in _SAME if key in spec},
            "instances": 1,
            "enablePDB": False,
            "enableSuperuserAccess": False,
            "postgresql": {key: settings[key] for key in _SAME_SETTINGS if key in settings},
            "inheritedMetadata": {"labels": _NO_BACKUP},
            "bootstrap": {
                "recovery": {
                    "source": "source",
                    # Otherwise the operator makes a database and a password of its own.
                    "database": main.database,
                    "owner": main.database,
                    "secret": {"name": main.secret},
                }
            },
            "externalClusters": [
                {"name": "source", "plugin": {"name": archive.plugin, "parameters": archive.parameters}}
            ],
        },
    }


def await_cluster(api: Api, database: Database, watch: Watch) -> None:
    """Wait until the restored cluster takes connections."""
    namespace, name = database.namespace, drill_cluster(database.cluster)
    advice = f"`kubectl -n {namespace} logs -l cnpg.io/cluster={name} --all-containers --tail 50` says why"

    def ready() -> tuple[bool | None, str]:
        status = part(api.get(CNPG_CLUSTER, name, namespace) or {}, "status")
        for each in api.listed(JOB, namespace, f"cnpg.io/cluster={name}"):
            conditions: list[Object] = part(each, "status").get("conditions") or []
            if any(one.get("type") == "Failed" and one.get("status") == "True" for one in conditions):
                raise DrillError(f"the recovery of {namespace}/{name} failed ({_said(api, namespace, each)}): {advice}")
        return (True if status.get("readyInstances") else None), str(
            status.get("phase") or "not seen by the operator yet"
        )

    watch.until(f"CloudNativePG recovers {name}", ready, advice)


def source_of(api: Api, database: Database) -> Source:
    """What a drill restores from; raises DrillError when it would have nothing to restore, before it costs anything."""
    found = api.get(CNPG_CLUSTER, database.cluster, database.namespace)
    if found is None:
        where = f"{database.namespace}/{database.cluster}"
        raise DrillError(
            f"there is no Cluster {where}: `kubectl get clusters.postgresql.cnpg.io -A` lists those there are"
        )
    return Source(database, found, archive_of(api, database, found))


def drill(api: Api, known: Source, query: str, suffix: str, watch: Watch) -> DatabaseResult:
    """Restore, compare, and say how long it took; the caller takes away what was made."""
    database, source, archive = known.database, known.cluster, known.archive
    image = str(part(source, "spec").get("imageName") or part(source, "status").get("image") or "")

    def measure(host: str, role: str, point: str | None) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        for number, each in enumerate(database.logins):
            question = Question(
                name=f"drill-{suffix}-{role}-{number}",
                namespace=database.namespace,
                image=image,
                user_id=_USER_ID,
                database=each.database,
                environment=login(host, each.secret),
                query=query,
                recovery_point=point,
            )
            answers[each.database] = ask(api, question, watch)
            # All of a drill is about one moment, that of the first answer.
            point = answers[each.database].recovery_point if point is None else point
        return answers

    source_host = database.host or f"{database.cluster}-rw"
    before = measure(source_host, "before", None)
    point = next(iter(before.values())).recovery_point
    started = watch.clock.now()
    api.create(CNPG_CLUSTER, database.namespace, recovery(source, archive, database))
    await_cluster(api, database, watch)
    restored = measure(f"{drill_cluster(database.cluster)}-rw", "restored", point)
    ended = watch.clock.now()
    after = measure(source_host, "after", point)
    found = [line for name in before for line in differences(name, query, before[name], restored[name])]
    return DatabaseResult(
        engine=database.engine,
        recovery_seconds=(ended - started).total_seconds(),
        recovery_point_seconds=(started - datetime.fromisoformat(point)).total_seconds() if point else None,
        databases=tuple(before),
        tables=sum(len(each.lines) for each in before.values()),
        differences=tuple(found),
        notes=tuple(_notes(before, after, query, point, found)),
    )


def _notes(before: dict[str, Answer], after: dict[str, Answer], query: str, point: str, found: list[str]) -> list[str]:
    changed = [name for name in before if before[name].lines != after[name].lines]
    empty = [name for name in before if not before[name].lines]
    notes = [
        f"database {name}: nothing to compare, {'no table in it' if query == checksum.TABLES else 'no answer'}"
        for name in empty
    ]
    if changed:
        what = (
            "so the differences may be no fault of the backup" if found else "and the restored one is as it was before"
        )
        notes.append(f"the source changed while the drill ran ({', '.join(changed)}), {what}")
    if found and (changed or point):
        notes.append(
            f"the archive reaches to {point or 'an unknown moment'}: to compare only what it holds, drill again with"
            " --query and a condition on {recovery_point}"
        )
    return notes


def _said(api: Api, namespace: str, failed: Object) -> str:
    pods = api.listed(POD, namespace, f"job-name={failed['metadata']['name']}")
    log = api.log(namespace, pods[-1]["metadata"]["name"]) if pods else ""
    return (log.strip().splitlines() or ["its pod is gone"])[-1][:300]
