"""PostgreSQL by Bitnami's chart postgresql-ha, with pgpool in front: for those who run it already, see the warning."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.addons import datadog
from components.addons.database_server import (
    METRICS_PORT,
    NAMESPACE,
    PORT,
    PostgreSqlArgs,
    Users,
    connections_for_each_pool,
    from_clients,
)
from components.chart import Chart, ChartArgs
from components.credentials import kubernetes_secret, password
from components.namespace import Namespace
from components.network_policy import from_namespace
from components.pods import Values, resources, spread

CHART = "oci://registry-1.docker.io/bitnamicharts/postgresql-ha"
# Those that the chart was made with: https://github.com/bitnami/charts/issues/35164
_SERVER_IMAGE = {"repository": "bitnamilegacy/postgresql-repmgr", "tag": "17.6.0-debian-12-r2"}
_POOL_IMAGE = {"repository": "bitnamilegacy/pgpool", "tag": "4.6.3-debian-12-r0"}
_METRICS_IMAGE = {"repository": "bitnamilegacy/postgres-exporter", "tag": "0.17.1-debian-12-r16"}
# Where the chart puts the passwords of the server's own users.
_PASSWORDS = "/opt/bitnami/postgresql/secrets"
_TIMEOUT_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class HaSecrets:
    """Names of the Secrets that the chart is given, once they exist."""

    server: pulumi.Input[str]
    """Passwords of the server's own users, and of the main database's."""
    pool: pulumi.Input[str]
    """Passwords of pgpool's own users."""
    users: pulumi.Input[str] | None = None
    """Users of the further databases, for pgpool; omitted when there are none."""
    scripts: pulumi.Input[str] | None = None
    """What makes the further databases at the first start of the server; omitted when there are none."""


def pod_labels(name: str) -> dict[str, str]:
    """Labels of the pods of pgpool."""
    return {"app.kubernetes.io/component": "pgpool", "app.kubernetes.io/instance": release(name)}


def release(name: str) -> str:
    """Name of the release, and the beginning of the names of its objects."""
    return f"{name}-ha"


def postgresql_ha_values(name: str, args: PostgreSqlArgs, secrets: HaSecrets) -> Values:
    """Values of the chart: https://github.com/bitnami/charts/tree/main/bitnami/postgresql-ha ."""
    deleted = "Retain" if args.protect else "Delete"
    return {
        "fullnameOverride": release(name),
        "postgresql": _server(name, args, secrets),
        # Of an even number of servers none has the majority; a witness votes and holds no data.
        "witness": {
            "create": args.instances % 2 == 0,
            "resourcesPreset": "none",
            "resources": resources("20m", "64Mi", limit="128Mi"),
        },
        "pgpool": _pool(name, args, secrets),
        "metrics": {
            "enabled": True,
            "image": _METRICS_IMAGE,
            "resourcesPreset": "none",
            "resources": resources("10m", "32Mi", limit="64Mi"),
            # What the chart leaves out of what the namespace demands.
            "podSecurityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        },
        "persistence": {"enabled": True, "storageClass": args.cluster.storage_class, "size": args.storage},
        "persistentVolumeClaimRetentionPolicy": {"enabled": True, "whenDeleted": deleted, "whenScaled": "Retain"},
    }


def _server(name: str, args: PostgreSqlArgs, secrets: HaSecrets) -> Values:
    labels = {"app.kubernetes.io/component": "postgresql", "app.kubernetes.io/instance": release(name)}
    return {
        "image": _SERVER_IMAGE,
        "replicaCount": args.instances,
        "username": args.main,
        "database": args.main,
        "existingSecret": secrets.server,
        **_first_start(secrets),
        "topologySpreadConstraints": spread(labels),
        # Pods of the chart only, and Datadog's agent for the metrics.
        "networkPolicy": {
            "enabled": True,
            "allowExternal": False,
            "extraIngress": [from_namespace(datadog.NAMESPACE, METRICS_PORT)],
        },
        "pdb": {"create": True, "maxUnavailable": 1},
        "resourcesPreset": "none",
        "resources": resources("100m", "384Mi", limit="1Gi"),
    }


def _first_start(secrets: HaSecrets) -> Values:
    """Run the script as the superuser: the owner of the main database may not make users."""
    if secrets.scripts is None:
        return {}
    superuser = [
        {"name": "POSTGRESQL_INITSCRIPTS_USERNAME", "value": "postgres"},
        {"name": "POSTGRESQL_INITSCRIPTS_PASSWORD_FILE", "value": f"{_PASSWORDS}/postgres-password"},
    ]
    return {"initdbScriptsSecret": secrets.scripts, "extraEnvVars": superuser}


def _pool(name: str, args: PostgreSqlArgs, secrets: HaSecrets) -> Values:
    return {
        "image": _POOL_IMAGE,
        "replicaCount": args.doors,
        "existingSecret": secrets.pool,
        **({} if secrets.users is None else {"customUsersSecret": secrets.users}),
        # Standbys are behind: a query sent to one would not see what was written just before it.
        "useLoadBalancing": False,
        "maxPool": len(args.databases),
        "numInitChildren": connections_for_each_pool(args),
        "topologySpreadConstraints": spread(pod_labels(name)),
        "networkPolicy": {
            "enabled": True,
            "allowExternal": False,
            "extraIngress": [{"from": from_clients(args), "ports": [{"protocol": "TCP", "port": PORT}]}],
        },
        "pdb": {"create": True, "maxUnavailable": 1},
        "resourcesPreset": "none",
        "resources": resources("50m", "256Mi", limit="512Mi"),
    }


def database_script(passwords: Mapping[str, str]) -> str:
    """SQL that makes databases with users of the same name; a password is letters and digits, and needs no escape."""
    return "".join(
        f"CREATE ROLE {name} LOGIN PASSWORD '{password}';\nCREATE DATABASE {name} OWNER {name};\n"
        for name, password in passwords.items()
    )


@dataclass(frozen=True, kw_only=True)
class PostgreSqlHaArgs:
    """Inputs of `PostgreSqlHa`."""

    wanted: PostgreSqlArgs
    """What is asked for."""
    namespace: Namespace
    """Namespace of the database."""
    users: Users
    """Credentials by database."""


class PostgreSqlHa(pulumi.ComponentResource):
    """A primary with standbys under repmgr, a witness where the vote needs one, and pgpool as the only door.

    Costs a volume and 384 MiB an instance, and 256 MiB a pod of pgpool. Passwords and databases are set at the first
    start only, and the volumes keep them.
    """

    hosts: dict[str, pulumi.Output[str]]
    """Name of the service by database, once the release is ready."""

    def __init__(self, name: str, args: PostgreSqlHaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:PostgreSqlHa", name, None, opts)
        self._name, self._args = name, args
        chart = ChartArgs(
            chart=CHART,
            version=args.wanted.versions.ha_chart,
            namespace=args.namespace,
            values=postgresql_ha_values(name, args.wanted, self._secrets()),
            timeout_seconds=_TIMEOUT_SECONDS,
        )
        # The release inherits the protection of its chart.
        made = Chart(release(name), chart, pulumi.ResourceOptions(parent=self, protect=args.wanted.protect))
        host = pulumi.Output.concat(made.release_name, f"-pgpool.{NAMESPACE}.svc")
        self.hosts = dict.fromkeys(args.wanted.databases, host)
        self.register_outputs({"hosts": self.hosts})

    def _secrets(self) -> HaSecrets:
        """Secrets that must be there before the release, which reads one of them while it is rendered."""
        main = self._args.wanted.main
        others = {name: user.password for name, user in self._args.users.items() if name != main}
        return HaSecrets(
            server=self._secret(
                "server",
                {
                    "postgres-password": self._password("postgres"),
                    "repmgr-password": self._password("repmgr"),
                    "password": self._args.users[main].password,
                },
            ),
            pool=self._secret(
                "pool",
                {"admin-password": self._password("admin"), "sr-check-password": self._password("sr-check")},
            ),
            users=self._users(others) if others else None,
            scripts=self._scripts(others) if others else None,
        )

    def _users(self, passwords: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
        joined = pulumi.Output.all(*passwords.values()).apply(";".join)
        return self._secret("users", {"usernames": ";".join(passwords), "passwords": joined})

    def _scripts(self, passwords: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
        script = pulumi.Output.all(**passwords).apply(database_script)
        return self._secret("scripts", {"databases.sql": script})

    def _password(self, user: str) -> pulumi.Output[str]:
        return password(f"{self._name}-{user}-password", pulumi.ResourceOptions(parent=self))

    def _secret(self, role: str, data: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        return kubernetes_secret(
            f"{self._name}-{role}",
            namespace=self._args.namespace,
            secret_name=f"{release(self._name)}-{role}",
            data=data,
            opts=pulumi.ResourceOptions(parent=self),
        )
