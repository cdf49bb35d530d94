"""The content of a postgresql-ha database in the volume that Velero restored, read without repmgr."""

from datetime import datetime
from typing import Any, Final

from tools.cluster_api import CLAIM, STATEFUL_SET, Object
from tools.drills import checksum
from tools.drills.api import Api, DrillError, part
from tools.drills.checksum import Answer, Question, ask, login
from tools.drills.difference import differences
from tools.drills.restore import Backup
from tools.drills.result import DatabaseResult
from tools.drills.target import Database
from tools.drills.watch import Watch

# https://github.com/bitnami/charts/blob/main/bitnami/postgresql-ha/values.yaml : podSecurityContext
_USER_ID: Final = 1001
_VOLUME: Final = "/bitnami/postgresql"
# The server starts as after a power cut, by itself, and listens to nobody but this pod. A copy of a standby would
# otherwise look for the source and follow it. Kubernetes opens the files to the pod's group, which PostgreSQL refuses.
_START: Final = f"""
data={_VOLUME}/data
rm -f "$data/standby.signal" "$data/recovery.signal" "$data/postmaster.pid" "$data/postgresql.auto.conf"
chmod -R u=rwX,go= "$data"
echo 'local all all trust' > /tmp/hba.conf
cat > /tmp/server.conf <<END
hba_file = '/tmp/hba.conf'
unix_socket_directories = '/tmp'
listen_addresses = ''
archive_mode = off
END
begin() {{ pg_ctl -D "$data" -w -t 3600 -o '-c config_file=/tmp/server.conf' start > /tmp/start.log 2>&1; }}
begin || {{ grep -E 'FATAL|PANIC' /tmp/start.log || tail -n 3 /tmp/start.log; exit 1; }}
"""


def drill(
    api: Api,
    database: Database,
    backup: Backup,
    *,
    scratch: str,
    query: str,
    suffix: str,
    started: datetime,
    watch: Watch,
) -> DatabaseResult:
    """Start a plain server on the restored volume and compare; the restore itself began at `started`."""
    claim, image = f"data-{database.cluster}-postgresql-0", _image(api, database)
    if api.get(CLAIM, claim, scratch) is None:
        raise DrillError(
            f"backup {backup.name} has no volume {claim}: is namespace {database.namespace} backed up by Velero?"
        )
    if database.host is None:
        raise DrillError(
            "the output drill names no host of the database: `pulumi up` with this version of the program", 2
        )
    point = backup.started.strftime("%Y-%m-%dT%H:%M:%SZ")
    before: dict[str, Answer] = {}
    restored: dict[str, Answer] = {}
    for number, each in enumerate(database.logins):
        asked: dict[str, Any] = {"image": image, "user_id": _USER_ID, "database": each.database, "query": query}
        source = Question(
            name=f"drill-{suffix}-source-{number}",
            namespace=database.namespace,
            environment=login(database.host, each.secret),
            recovery_point=point,
            **asked,
        )
        copy = Question(
            name=f"drill-{suffix}-restored-{number}",
            namespace=scratch,
            environment=({"name": "PGHOST", "value": "/tmp"}, {"name": "PGUSER", "value": each.database}),  # noqa: S108
            recovery_point=point,
            prepare=_START,
            volumes=({"name": "data", "persistentVolumeClaim": {"claimName": claim}},),
            mounts=({"name": "data", "mountPath": _VOLUME},),
            **asked,
        )
        before[each.database] = ask(api, source, watch)
        restored[each.database] = ask(api, copy, watch)
    ended = watch.clock.now()
    found = [line for name in before for line in differences(name, query, before[name], restored[name])]
    real, notes = _judged(found, query, point)
    return DatabaseResult(
        engine=database.engine,
        recovery_seconds=(ended - started).total_seconds(),
        recovery_point_seconds=(started - backup.started).total_seconds(),
        databases=tuple(before),
        tables=sum(len(each.lines) for each in before.values()),
        differences=tuple(real),
        notes=tuple(notes),
    )


def _judged(found: list[str], query: str, point: str) -> tuple[list[str], list[str]]:
    """Differences, and what may only have changed since the backup: this engine archives no changes."""
    if query != checksum.TABLES:
        return found, []
    whole_tables = ("was not restored", "is not in the source")
    changed = [line for line in found if not line.endswith(whole_tables)]
    notes = [f"the volume is as it was at {point}, and every table in it could be read"]
    if changed:
        notes.append(
            f"{len(changed)} tables differ from the source, changed since or damaged: postgresql-ha cannot tell, so say"
            " with --query and a condition on {recovery_point} what must be equal"
        )
    return [line for line in found if line not in changed], notes + changed


def _image(api: Api, database: Database) -> str:
    name = f"{database.cluster}-postgresql"
    found = api.get(STATEFUL_SET, name, database.namespace)
    if found is None:
        raise DrillError(
            f"there is no StatefulSet {database.namespace}/{name}: `kubectl get statefulsets -A` lists them"
        )
    containers: list[Object] = part(found, "spec", "template", "spec")["containers"]
    return next(each["image"] for each in containers if each["name"] == "postgresql")
