"""PostgreSQL by the operator CloudNativePG, with its pool of connections, its network policies and its backups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components.addons.cloudnative_pg_objects import (
    CHART,
    CLUSTER,
    GUARDED_LABELS,
    HOST,
    OPERATOR_NAMESPACE,
    POD_LABELS,
    POOLER,
    cluster_spec,
    database_spec,
    instance_ingress,
    operator_values,
    pooler_ingress,
    pooler_spec,
)
from components.addons.database_backups import (
    REPOSITORY,
    SCHEDULE,
    DatabaseBackups,
    DatabaseBackupsArgs,
    schedule_spec,
)
from components.addons.database_server import PostgreSqlArgs, Users, object_name
from components.chart import Chart, ChartArgs
from components.namespace import Namespace, make_namespace
from components.pods import Values

_API = "postgresql.cnpg.io/v1"
# https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumi-com-waitfor
_UNTIL_READY = {"pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": "900"}
_UNTIL_APPLIED = {"pulumi.com/waitFor": "jsonpath={.status.applied}=true"}
# Pulumi deletes what an object owns before the object, but this operator makes it anew while the object is there:
# https://github.com/cloudnative-pg/cloudnative-pg/issues/11360
_OWNER_FIRST = {"pulumi.com/deletionPropagationPolicy": "background"}


@dataclass(frozen=True, kw_only=True)
class CloudNativePgArgs:
    """Inputs of `CloudNativePg`."""

    wanted: PostgreSqlArgs
    """What is asked for."""
    namespace: Namespace
    """Namespace of the database."""
    users: Users
    """Credentials by database."""


class CloudNativePg(pulumi.ComponentResource):
    """A PostgreSQL cluster with a standby or more, a pool of connections in front, and the operator that keeps both.

    Costs a volume and 384 MiB an instance, and 32 MiB a pod of the pool. Only the pool takes connections from other
    namespaces; without protection, deleting it deletes the volumes at once.
    """

    hosts: dict[str, pulumi.Output[str]]
    """Name of the service by database, once that exists."""
    backup_bucket: pulumi.Output[str] | None
    """Bucket of the backups; `None` without."""

    def __init__(self, name: str, args: CloudNativePgArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:CloudNativePg", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)

        operator_namespace = make_namespace(
            f"{name}-operator-namespace",
            cluster=args.wanted.cluster,
            namespace=OPERATOR_NAMESPACE,
            pod_security="restricted",
            opts=child,
        )
        chart = ChartArgs(
            chart=CHART,
            version=args.wanted.versions.operator_chart,
            repository=REPOSITORY,
            namespace=operator_namespace,
            values=operator_values(args.wanted),
        )
        operator = Chart(f"{name}-operator", chart, child)
        backups = self._backups(operator_namespace, operator)
        server = self._server(operator, backups)
        if args.wanted.backup:
            schedule = schedule_spec(args.wanted.backup.schedule, CLUSTER)
            self._object("schedule", "ScheduledBackup", SCHEDULE, schedule, after=[server])
        pooler = self._object("pooler", "Pooler", POOLER, pooler_spec(args.wanted), after=[server], notes=_OWNER_FIRST)
        databases = {
            database: self._object(
                f"{object_name(database)}-database",
                "Database",
                f"postgresql-{object_name(database)}",
                database_spec(database),
                after=[server],
                notes=_UNTIL_APPLIED,
            )
            for database in args.wanted.databases[1:]
        }
        self._policies()
        self.hosts = {
            database: pulumi.Output.all(pooler.id, databases.get(database, server).id).apply(lambda _: HOST)
            for database in args.wanted.databases
        }
        self.backup_bucket = backups.bucket_name if backups else None
        self.register_outputs({"hosts": self.hosts, "backup_bucket": self.backup_bucket})

    def _backups(self, operator_namespace: Namespace, operator: Chart) -> DatabaseBackups | None:
        wanted = self._args.wanted
        if wanted.backup is None:
            return None
        args = DatabaseBackupsArgs(
            backup=wanted.backup,
            namespace=self._args.namespace,
            plugin_namespace=operator_namespace,
            service_account=CLUSTER,
            protect=wanted.protect,
            chart_version=wanted.versions.plugin_chart,
            after=(operator, *wanted.after),
        )
        return DatabaseBackups(f"{self._name}-backups", args, pulumi.ResourceOptions(parent=self))

    def _server(self, operator: Chart, backups: DatabaseBackups | None) -> kubernetes.apiextensions.CustomResource:
        args = self._args
        spec = cluster_spec(args.wanted, args.users, backups.server_name if backups else None)
        # The kind comes with the operator, and pods get their credentials for the bucket when they are created.
        after = [operator, *(backups.ready if backups else ())]
        return self._object(
            "cluster", "Cluster", CLUSTER, spec, after=after, notes=_UNTIL_READY, protect=args.wanted.protect
        )

    def _object(
        self,
        role: str,
        kind: str,
        called: str,
        spec: Values,
        *,
        after: Sequence[pulumi.Resource],
        notes: Mapping[str, str] | None = None,
        protect: bool = False,
    ) -> kubernetes.apiextensions.CustomResource:
        """Ask the operator for something; the server has to be there, as it goes last."""
        namespace = self._args.namespace
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-{role}",
            api_version=_API,
            kind=kind,
            metadata={"name": called, "namespace": namespace.ready, "annotations": dict(notes or {})},
            spec=spec,
            opts=pulumi.ResourceOptions(
                parent=self, provider=namespace.cluster.provider, depends_on=list(after), protect=protect
            ),
        )

    def _policies(self) -> None:
        """Leave the pool as the only door, and let the nodes of the pool go one by one."""
        policies = {
            CLUSTER: ("instances", GUARDED_LABELS, instance_ingress()),
            POOLER: ("pooler", POD_LABELS, pooler_ingress(self._args.wanted)),
        }
        namespace = self._args.namespace
        opts = pulumi.ResourceOptions(parent=self, provider=namespace.cluster.provider)
        for policy, (role, labels, ingress) in policies.items():
            kubernetes.networking.v1.NetworkPolicy(
                f"{self._name}-{role}-policy",
                metadata={"name": policy, "namespace": namespace.ready},
                spec=cast(
                    Any, {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"], "ingress": ingress}
                ),
                opts=opts,
            )
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{self._name}-pooler-budget",
            metadata={"name": POOLER, "namespace": namespace.ready},
            spec={"max_unavailable": 1, "selector": {"match_labels": POD_LABELS}},
            opts=opts,
        )
