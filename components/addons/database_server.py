"""What PostgreSQL is asked for and what it hands out, whichever engine runs it; this module creates no resource."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from components import versions
from components.cluster import Cluster

Engine = Literal["cloudnative-pg", "postgresql-ha"]

NAMESPACE = "database"
PORT = 5432
METRICS_PORT = 9187
"""Port of every server pod that answers with metrics, of both engines."""
MAX_CONNECTIONS = 100
"""Connections that a server takes, PostgreSQL's own default."""
# For the superuser, for metrics, for a person who looks for the cause of an outage.
_KEPT_CONNECTIONS = 20

# What SQL takes without quotes; long enough for any name, short enough for the names of Kubernetes objects.
_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Databases and users that PostgreSQL and the two engines make for themselves.
_TAKEN = re.compile(
    r"postgres|template[01]|pg_.*|streaming_replica|cnpg_pooler_pgbouncer|pgbouncer|repmgr|sr_check_user|admin"
)
_STORAGE = re.compile(r"([1-9][0-9]*)(Gi|Ti)")
_FIELDS = 5
# The operator counts the days of the week from 0 (Sunday) to 6; elsewhere 7 is Sunday too.
_SUNDAY_AS_7 = re.compile(r"(?<![/\d])7(?!\d)")


@dataclass(frozen=True, kw_only=True)
class DatabaseBackupArgs:
    """Backups of a database to S3: a whole copy now and then, and every change in between."""

    schedule: str
    """When a whole copy is made, as five cron fields in UTC; the first one is made at once."""
    retention_days: int
    """Days back to which the database can be brought, at least 1."""
    delete_contents: bool = False
    """True deletes the backups with the stack; otherwise a destroy stops as long as there are any."""

    def __post_init__(self) -> None:
        """Refuse what the operator would refuse only on the cluster."""
        fields = self.schedule.split()
        if len(fields) != _FIELDS:
            raise ValueError(f"schedule must be five cron fields such as '0 3 * * *', got {self.schedule!r}")
        if _SUNDAY_AS_7.search(fields[-1]):
            raise ValueError(f"schedule must call Sunday 0, not 7, got {self.schedule!r}")
        if self.retention_days < 1:
            raise ValueError(f"retention_days must be at least 1 day, got {self.retention_days}")


@dataclass(frozen=True, kw_only=True)
class DatabaseVersions:
    """What the engines are made of; each takes its own."""

    operator_chart: str = versions.CLOUDNATIVE_PG_CHART.version
    """Chart of CloudNativePG's operator."""
    plugin_chart: str = versions.BARMAN_PLUGIN_CHART.version
    """Chart of its plugin for backups."""
    server: str = versions.POSTGRESQL.version
    """PostgreSQL on CloudNativePG, as the tag of its image says it; another major version migrates the data."""
    ha_chart: str = versions.POSTGRESQL_HA_CHART.version
    """Chart of `postgresql-ha`, whose images are those that it was made with."""


@dataclass(frozen=True, kw_only=True)
class PostgreSqlArgs:
    """Inputs of `PostgreSql`."""

    cluster: Cluster
    """Cluster on which it runs, and whose StorageClass it uses."""
    databases: tuple[str, ...]
    """Names of the databases, the main one first. Each belongs to a user of its own name. With `postgresql-ha` they
    are made at the first start only."""
    engine: Engine = "cloudnative-pg"
    """Who runs it; another engine starts with empty databases, and deletes those of the engine before."""
    instances: int = 2
    """Copies of the data, each on its own volume, at least 1; one alone is down while its node is."""
    storage: str = "1Gi"
    """Size of each volume, such as `20Gi`; it can grow later, not shrink, and with `cloudnative-pg` only."""
    backup: DatabaseBackupArgs | None = None
    """Backups to S3, with `cloudnative-pg` only; none when omitted."""
    protect: bool = False
    """True makes Pulumi refuse to delete the database and its backups."""
    clients: tuple[str, ...] = ()
    """Namespaces whose pods may connect, besides its own; every namespace when empty."""
    after: Sequence[pulumi.Resource] = ()
    """What must be there before backups: cert-manager, which gives the backup plugin its certificates."""
    versions: DatabaseVersions = DatabaseVersions()
    """Versions of all that it is made of; the pinned ones when omitted."""

    def __post_init__(self) -> None:
        """Refuse what the server would refuse only once it runs."""
        if not self.databases or len(set(self.databases)) != len(self.databases):
            raise ValueError(f"databases must be at least one name, each once, got {self.databases!r}")
        for name in self.databases:
            if not _DATABASE.fullmatch(name):
                raise ValueError(
                    f"databases must be 1 to 40 lower-case letters, digits and _, a letter first, got {name!r}"
                )
            if _TAKEN.fullmatch(name):
                raise ValueError(f"databases must not be a name that PostgreSQL keeps for itself, got {name!r}")
        if self.instances < 1:
            raise ValueError(f"instances must be 1 or more, got {self.instances}")
        if not _STORAGE.fullmatch(self.storage):
            raise ValueError(f"storage must be a size in Gi or Ti such as '1Gi', got {self.storage!r}")
        if self.backup and self.engine != "cloudnative-pg":
            raise ValueError(
                "backup must be None with postgresql-ha, whose chart knows only dumps to a volume of the same cluster;"
                " Velero copies its volumes"
            )

    @property
    def main(self) -> str:
        """The main database, and the user that owns it."""
        return self.databases[0]

    @property
    def doors(self) -> int:
        """Pods of the connection pool: two, unless the data has no second copy either."""
        return min(self.instances, 2)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A database's user: who it is, and where its password is kept."""

    password: pulumi.Output[str]
    """Its password, secret."""
    secret_name: pulumi.Output[str]
    """Secret with `username` and `password`, once it exists."""


Users = Mapping[str, Credentials]
"""Credentials by database, the main one first."""


def object_name(database: str) -> str:
    """What a database is called in the names of its objects, which take no underscore."""
    return database.replace("_", "-")


def mebibytes(storage: str) -> int:
    """Size of a volume as PostgreSQL counts it."""
    size = _STORAGE.fullmatch(storage)
    if size is None:
        raise ValueError(f"storage must be a size in Gi or Ti such as '1Gi', got {storage!r}")
    return int(size[1]) * (1024 if size[2] == "Gi" else 1024**2)


def connections_for_each_pool(args: PostgreSqlArgs) -> int:
    """Connections that one pod of the pool may keep for one database, so that all of them fit into the server."""
    return max(1, (MAX_CONNECTIONS - _KEPT_CONNECTIONS) // (args.doors * len(args.databases)))


def from_clients(args: PostgreSqlArgs) -> list[dict[str, object]]:
    """Who may connect to the pool, as the `from` of a network policy."""
    names = list(args.clients)
    chosen = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": names}]}
    return [{"namespaceSelector": chosen if names else {}}, {"podSelector": {}}]
