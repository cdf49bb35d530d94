"""PostgreSQL on the cluster, by one of two engines, with a database and a login for each application."""

from collections.abc import Mapping

import pulumi

from components.addons.cloudnative_pg import CloudNativePg, CloudNativePgArgs
from components.addons.cloudnative_pg_objects import CLUSTER, POD_LABELS
from components.addons.database_server import (
    NAMESPACE,
    PORT,
    Credentials,
    DatabaseBackupArgs,
    DatabaseVersions,
    PostgreSqlArgs,
    object_name,
)
from components.addons.postgresql_ha import PostgreSqlHa, PostgreSqlHaArgs, pod_labels, release
from components.credentials import kubernetes_secret, password
from components.database import Login
from components.namespace import Namespace, make_namespace

__all__ = ["DatabaseBackupArgs", "DatabaseVersions", "PostgreSql", "PostgreSqlArgs"]


class PostgreSql(pulumi.ComponentResource):
    """PostgreSQL, replicated, behind a pool of connections that is its only door.

    It costs a volume an instance and the CPU and memory of its pods; backups cost what their bucket holds. It opens
    port 5432 to the pods of the cluster, or of the namespaces in `clients`.
    """

    host: pulumi.Output[str]
    """Name of the pool's service, with its namespace, once the main database is there."""
    port: int
    """TCP port of that service, and of its pods."""
    database: str
    """Name of the main database."""
    secret_name: pulumi.Output[str]
    """Secret with `username` and `password` of the main database's user, in `namespace`."""
    logins: Mapping[str, Login]
    """How to log in, by database."""
    namespace: str
    """Namespace of all of it."""
    pod_labels: Mapping[str, str]
    """Labels of the pool's pods, for network policies."""
    cluster_name: str
    """Name of its Cluster object, or of the chart's release: what a restore drill looks for."""
    backup_bucket: pulumi.Output[str] | None
    """Bucket of the backups; `None` without."""

    def __init__(self, name: str, args: PostgreSqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:PostgreSql", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        users = {database: _user(name, database, namespace, child) for database in args.databases}
        if args.engine == "cloudnative-pg":
            server = CloudNativePg(name, CloudNativePgArgs(wanted=args, namespace=namespace, users=users), child)
            self.pod_labels = POD_LABELS
            self.cluster_name = CLUSTER
            self.backup_bucket = server.backup_bucket
        else:
            server = PostgreSqlHa(name, PostgreSqlHaArgs(wanted=args, namespace=namespace, users=users), child)
            self.pod_labels = pod_labels(name)
            self.cluster_name = release(name)
            self.backup_bucket = None
        self.logins = {
            database: Login(
                host=server.hosts[database],
                port=PORT,
                database=database,
                user=database,
                password=credentials.password,
                secret_name=credentials.secret_name,
                namespace=NAMESPACE,
                pod_labels=self.pod_labels,
            )
            for database, credentials in users.items()
        }
        self.host = server.hosts[args.main]
        self.port = PORT
        self.database = args.main
        self.secret_name = users[args.main].secret_name
        self.namespace = NAMESPACE
        self.register_outputs(
            {
                "host": self.host,
                "port": self.port,
                "database": self.database,
                "secret_name": self.secret_name,
                "namespace": self.namespace,
                "backup_bucket": self.backup_bucket,
            }
        )


def _user(name: str, database: str, namespace: Namespace, opts: pulumi.ResourceOptions) -> Credentials:
    """Draw the password of a database's user, and keep it in a Secret that is there before the server."""
    login = f"{object_name(database)}-login"
    secret = password(f"{name}-{login}-password", opts)
    secret_name = kubernetes_secret(
        f"{name}-{login}",
        namespace=namespace,
        # The operator makes Secrets too, such as `postgresql-server`; none of its names ends like this one.
        secret_name=f"postgresql-{login}",
        data={"username": database, "password": secret},
        kind="kubernetes.io/basic-auth",
        opts=opts,
    )
    return Credentials(password=secret, secret_name=secret_name)
