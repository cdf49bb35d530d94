"""The content of a database in a few lines, by a query that a pod runs beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.pods import resources, restricted_container, restricted_pod
from tools.cluster_api import POD, Object
from tools.drills.api import JOB, Api, DrillError, part
from tools.drills.scratch import MARK
from tools.drills.watch import Watch

# Every table that outlives a crash. Rows are hashed one by one and the hashes added up, so that their order does not
# matter, and nothing but a sum is kept in memory.
TABLES: Final = r"""
SELECT format(
  'SELECT %L, count(*), md5(coalesce(sum((''x'' || left(md5(one_row::text), 16))::bit(64)::bigint::numeric), 0)::text)'
  ' FROM %I.%I AS one_row',
  n.nspname || '.' || c.relname, n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
  AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname
\gexec
"""
"""Prints `schema.table|rows|md5` for each table that the user may read."""

_POINT: Final = "recovery_point"
_END: Final = "drill-end"
# What a value looks like as text depends on these.
_SETTINGS: Final = (
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex';"
)
_PSQL: Final = "psql -X -q -A -t -F '|' -v ON_ERROR_STOP=1"
_LAST_LINES: Final = 3


@dataclass(frozen=True, kw_only=True)
class Question:
    """A query to run in a pod, and how the pod gets to the database."""

    name: str
    """Name of the Job."""
    namespace: str
    """Where it runs."""
    image: str
    """Image with `psql`."""
    user_id: int
    """User of that image."""
    database: str
    """Database to ask."""
    environment: tuple[Object, ...]
    """Variables of the container that lead `psql` to the database."""
    query: str
    """What is asked."""
    recovery_point: str | None = None
    """Moment to which `{recovery_point}` refers; None takes what the server has archived until now."""
    prepare: str = ""
    """Shell commands that run before `psql`, such as those that start a server."""
    volumes: tuple[Object, ...] = ()
    """Volumes of the pod, besides /tmp."""
    mounts: tuple[Object, ...] = ()
    """Where they are in the container."""


@dataclass(frozen=True)
class Answer:
    """What a database said."""

    recovery_point: str
    """Moment until which its changes were archived; empty when it archives none."""
    lines: tuple[str, ...]
    """Lines of the answer."""

    def tables(self) -> Mapping[str, str]:
        """Rows and checksum by table, of the answer to `TABLES`."""
        return {line.split("|")[0]: line.partition("|")[2] for line in self.lines}


def login(host: str, secret: str) -> tuple[Object, ...]:
    """Variables that lead `psql` to a server, with the user and the password of a Secret."""
    return (
        {"name": "PGHOST", "value": host},
        {"name": "PGCONNECT_TIMEOUT", "value": "15"},
        {"name": "PGUSER", "valueFrom": {"secretKeyRef": {"name": secret, "key": "username"}}},
        {"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": secret, "key": "password"}}},
    )


def ask(api: Api, question: Question, watch: Watch) -> Answer:
    """Run a query in a Job and read what it printed."""
    api.create(JOB, question.namespace, job(question))
    where = f"Job {question.namespace}/{question.name}"

    def ended() -> tuple[bool | None, str]:
        status = part(api.get(JOB, question.name, question.namespace) or {}, "status")
        if status.get("failed"):
            raise DrillError(
                f"the query on database {question.database} failed in {where}: {_last(_log(api, question))}"
            )
        return (True if status.get("succeeded") else None), "running" if status.get("active") else "waiting for its pod"

    watch.until(
        f"Reading database {question.database} in {where}",
        ended,
        f"`kubectl -n {question.namespace} describe pod -l job-name={question.name}` says why",
    )
    return read(_log(api, question), where)


def read(log: str, where: str) -> Answer:
    """What a Job printed; raises DrillError when it did not get to its end."""
    lines = log.splitlines()
    points = [line for line in lines if line.startswith(f"{_POINT}|")]
    if not points or _END not in lines:
        raise DrillError(f"{where} ended without its answer: {_last(log)}")
    begin, end = lines.index(points[0]), lines.index(_END)
    return Answer(points[0].partition("|")[2], tuple(line for line in lines[begin + 1 : end] if line))


def script(question: Question) -> str:
    """What `psql` reads. In a query, `{recovery_point}` stands for a moment, with or without quotes around it."""
    quoted = f"{{{_POINT}}}"
    query = question.query.replace(f"'{quoted}'", quoted).replace(quoted, f":'{_POINT}'").strip()
    archived = "SELECT coalesce(to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '')"
    point = f"{archived} AS {_POINT} FROM pg_catalog.pg_stat_archiver \\gset"
    if question.recovery_point is not None:
        point = f"\\set {_POINT} '{question.recovery_point}'"
    if not query.endswith((";", "\\gexec")):
        query += ";"
    body = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;", query, "COMMIT;", f"\\echo {_END}"]
    return "\n".join([point, f"SELECT '{_POINT}|' || :'{_POINT}';", _SETTINGS, *body])


def job(question: Question) -> Object:
    """The Job that runs the query; it never runs twice, and leaves by itself should nobody delete it."""
    command = f"set -eu\n{question.prepare}\nprintf '%s\\n' \"$SCRIPT\" | {_PSQL}"
    container: Object = {
        "name": "psql",
        "image": question.image,
        "command": ["/bin/sh", "-c", command],
        "env": [
            *question.environment,
            {"name": "PGDATABASE", "value": question.database},
            {"name": "SCRIPT", "value": script(question)},
        ],
        "resources": resources("50m", "128Mi", limit="512Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *question.mounts],  # noqa: S108 (of the pod)
    }
    pod: Object = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": restricted_pod(question.user_id),
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}, *question.volumes],
    }
    return {
        "metadata": {"name": question.name, "namespace": question.namespace, "labels": MARK},
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": 3600,
            "template": {"metadata": {"labels": MARK}, "spec": pod},
        },
    }


def _log(api: Api, question: Question) -> str:
    pods = api.listed(POD, question.namespace, f"job-name={question.name}")
    return api.log(question.namespace, pods[-1]["metadata"]["name"]) if pods else ""


def _last(log: str) -> str:
    return " / ".join(log.strip().splitlines()[-_LAST_LINES:]) or "it printed nothing"
