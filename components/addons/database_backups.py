"""Backups of CloudNativePG to S3 by its plugin: the archive, who may write to it, and when a whole copy is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components import iam, versions
from components.addons.database_server import DatabaseBackupArgs
from components.chart import Chart, ChartArgs
from components.namespace import Namespace
from components.pods import Values, resources
from components.private_bucket import PrivateBucket, PrivateBucketArgs

REPOSITORY = "https://cloudnative-pg.github.io/charts"
CHART = "plugin-barman-cloud"
PLUGIN = "barman-cloud.cloudnative-pg.io"
OBJECT_STORE = "postgresql"
"""Name of the ObjectStore, in the namespace of the database."""
SCHEDULE = "postgresql"
"""Name of the ScheduledBackup, there too."""

# The server deletes backups by itself once they are too old; whoever takes it over could delete them all. It may not
# delete old versions, so that for a week everything can be brought back.
_RECOVERABLE_DAYS = 7


def archive_policy(bucket_arn: str) -> str:
    """What the server may do in AWS: archive into one bucket.

    https://docs.pgbarman.org/release/latest/user_guide/barman_cloud.html
    """
    return iam.document(
        iam.statement(["s3:ListBucket"], [bucket_arn]),
        iam.statement(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], [f"{bucket_arn}/*"]
        ),
    )


def plugin_values() -> Values:
    """Values of the chart: https://github.com/cloudnative-pg/charts/tree/main/charts/plugin-barman-cloud ."""
    return {"crds": {"create": True}, "resources": resources("10m", "64Mi", limit="128Mi")}


def drill_policy(bucket_arn: str) -> str:
    """What the pods of a restore drill may do: read the archive."""
    return iam.document(
        iam.statement(["s3:ListBucket"], [bucket_arn]), iam.statement(["s3:GetObject"], [f"{bucket_arn}/*"])
    )


def object_store_spec(bucket: pulumi.Input[str], args: DatabaseBackupArgs) -> Values:
    """Where the archive lies: https://cloudnative-pg.io/plugin-barman-cloud/docs/object_stores/ ."""
    return {
        "retentionPolicy": f"{args.retention_days}d",
        "configuration": {
            "destinationPath": pulumi.Output.concat("s3://", bucket, "/"),
            "s3Credentials": {"inheritFromIAMRole": True},
            "wal": {"compression": "gzip"},
            "data": {"compression": "gzip"},
        },
        "instanceSidecarConfiguration": {"resources": resources("20m", "96Mi", limit="512Mi")},
    }


def schedule_spec(schedule: str, database_cluster: str) -> Values:
    """When a whole copy is made; the operator's cron lines begin with the second."""
    return {
        "schedule": f"0 {schedule}",
        "immediate": True,
        "backupOwnerReference": "self",
        "cluster": {"name": database_cluster},
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
    }


@dataclass(frozen=True, kw_only=True)
class DatabaseBackupsArgs:
    """Inputs of `DatabaseBackups`."""

    backup: DatabaseBackupArgs
    """When, and for how long."""
    namespace: Namespace
    """Namespace of the database."""
    plugin_namespace: Namespace
    """Namespace of the operator, where it looks for its plugins."""
    service_account: str
    """Service account of the database's pods."""
    protect: bool
    """True makes Pulumi refuse to delete the bucket."""
    after: Sequence[pulumi.Resource]
    """What the plugin waits for: the operator, and cert-manager for its certificates."""
    chart_version: str = versions.BARMAN_PLUGIN_CHART.version
    """Version of the plugin's chart."""


class DatabaseBackups(pulumi.ComponentResource):
    """An archive in a bucket of its own, and the plugin that fills it.

    It costs what the bucket holds, the copies and the changes of the retention, and a small pod. It lets in the pods of
    the database and, to read, those of a restore drill. The bucket's own policy only refuses plain HTTP: everybody in
    the account whom a policy gives `s3:GetObject` on all buckets reads the database as well.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""
    server_name: pulumi.Output[str]
    """Folder of the bucket that this database archives to, and no database before it."""
    ready: Sequence[pulumi.Resource]
    """What must exist before a pod of the database starts."""

    def __init__(self, name: str, args: DatabaseBackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:DatabaseBackups", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        bucket = PrivateBucket(
            f"{name}-archive",
            PrivateBucketArgs(
                noncurrent_days=_RECOVERABLE_DAYS,
                delete_contents=args.backup.delete_contents,
                protect=args.protect,
            ),
            child,
        )
        bucket.allow([])
        grants = args.namespace.cluster.grant(
            name,
            namespace=args.namespace.name,
            service_account=args.service_account,
            policy=bucket.arn.apply(archive_policy),
        )
        # A restore drill brings a copy up beside the database, which reads the archive and writes nothing to it.
        drill = args.namespace.cluster.grant(
            f"{name}-drill",
            namespace=args.namespace.name,
            service_account=f"{args.service_account}-drill",
            policy=bucket.arn.apply(drill_policy),
        )
        chart = ChartArgs(
            chart=CHART,
            version=args.chart_version,
            repository=REPOSITORY,
            namespace=args.plugin_namespace,
            values=plugin_values(),
        )
        # The chart's values name neither the operator, whose kinds the plugin watches, nor cert-manager.
        plugin = Chart(
            f"{name}-plugin",
            chart,
            pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=list(args.after))),
        )
        store = kubernetes.apiextensions.CustomResource(
            f"{name}-store",
            api_version="barmancloud.cnpg.io/v1",
            kind="ObjectStore",
            metadata={"name": OBJECT_STORE, "namespace": args.namespace.ready},
            spec=object_store_spec(bucket.bucket_name, args.backup),
            # The kind of this object comes with the chart.
            opts=pulumi.ResourceOptions(parent=self, provider=args.namespace.cluster.provider, depends_on=[plugin]),
        )
        self.bucket_name = bucket.bucket_name
        self.server_name = server_name(cast(Any, store).metadata)  # the SDK has it, its types do not
        self.ready = (*grants, *drill, store)
        self.register_outputs({"bucket_name": self.bucket_name, "server_name": self.server_name})


def server_name(metadata: pulumi.Output[Any]) -> pulumi.Output[str]:
    """Name the folder after the object store of `metadata`, by the id that Kubernetes gave it.

    A new database refuses to archive into a folder that is not empty, lest it spoil the backups in it. The bucket may
    well outlive the cluster, and the state of the stack with it; this id does not.
    """
    return metadata.apply(lambda known: f"{OBJECT_STORE}-{known['uid']}" if "uid" in known else OBJECT_STORE)
