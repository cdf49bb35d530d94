"""Velero: scheduled backups of namespaces, objects and volumes, in a bucket of their own."""

import json
from dataclasses import dataclass

import pulumi

from components import iam, versions
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.namespace import make_namespace
from components.pods import Values, resources
from components.private_bucket import PrivateBucket, PrivateBucketArgs

REPOSITORY = "https://vmware-tanzu.github.io/helm-charts"
CHART = "velero"
NAMESPACE = "velero"
SCHEDULE = "velero-regular"
"""Name of the Schedule, and the first part of the name of each backup that it makes."""
SERVICE_ACCOUNT = "velero"
"""Of the server; the chart gives it to the node agent, and that to each pod which it starts to move data."""

_UPLOAD_ACTIONS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_OBJECT_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", *_UPLOAD_ACTIONS)
_CRON_FIELDS = 5
# Deleted and replaced objects can be fetched back this long, should someone delete what was needed.
_NONCURRENT_DAYS = 7
_NODE_AGENT_SETTINGS = "node-agent"
_VOLUME_POLICY = "volume-policy"
# Labels of CloudNativePG's claims; barman copies those databases continuously, and consistently.
# https://cloudnative-pg.io/documentation/current/labels_annotations/
_COPIED_BY_BARMAN = ("PG_DATA", "PG_WAL", "PG_TABLESPACE")
# Velero picks the class of a driver by its label. Snapshots are deleted once their content is in the bucket.
_SNAPSHOT_CLASS: Values = {
    "apiVersion": "snapshot.storage.k8s.io/v1",
    "kind": "VolumeSnapshotClass",
    "metadata": {"name": NAMESPACE, "labels": {"velero.io/csi-volumesnapshot-class": "true"}},
    "driver": "ebs.csi.aws.com",
    "deletionPolicy": "Delete",
}


@dataclass(frozen=True, kw_only=True)
class VeleroArgs:
    """Inputs of `Velero`."""

    cluster: Cluster
    """Cluster whose namespaces are backed up."""
    region: str
    """Region of the bucket."""
    schedule: str
    """When a backup starts: five cron fields, in UTC."""
    retention_days: int
    """Days that a backup is kept, at least 1."""
    namespaces: tuple[str, ...]
    """Namespaces to back up, at least one; each with its volumes."""
    copied_by_barman: bool = False
    """True leaves out the volumes of CloudNativePG's databases, which barman archives to a bucket of their own."""
    delete_contents: bool = False
    """True empties the bucket when it is destroyed; otherwise backups left in it make the destroy stop."""
    protect: bool = False
    """True makes Pulumi refuse to delete the bucket."""
    chart_version: str = versions.VELERO_CHART.version
    """Version of the chart."""
    version: str = versions.VELERO.version
    """Version of the program, as the tag of its image says it."""
    plugin_version: str = versions.VELERO_AWS_PLUGIN.version
    """Version of the plugin for AWS, likewise."""

    def __post_init__(self) -> None:
        """Refuse what would make no backup, or one that is gone at once."""
        if len(self.schedule.split()) != _CRON_FIELDS:
            raise ValueError(f"schedule must be five cron fields such as '0 2 * * *', got {self.schedule!r}")
        if self.retention_days < 1:
            raise ValueError(f"retention_days must be at least 1, got {self.retention_days}")
        if not self.namespaces:
            raise ValueError("namespaces must name at least one namespace, got ()")
        if NAMESPACE in self.namespaces:
            raise ValueError(f"namespaces must not name {NAMESPACE!r}, whose objects describe the backups themselves")


def velero_policy(bucket_arn: str) -> str:
    """What Velero may do: write, read and delete in its bucket. The EBS CSI driver takes the snapshots, not Velero.

    https://github.com/velero-io/velero-plugin-for-aws#set-permissions-for-velero
    """
    return iam.document(
        iam.statement(["s3:ListBucket"], [bucket_arn]), iam.statement(_OBJECT_ACTIONS, [f"{bucket_arn}/*"])
    )


def velero_values(args: VeleroArgs, bucket_name: pulumi.Input[str]) -> Values:
    """Values of the chart: https://github.com/vmware-tanzu/helm-charts/tree/velero-12.1.0/charts/velero ."""
    ttl = f"{args.retention_days * 24}h0m0s"
    return {
        "fullnameOverride": NAMESPACE,
        "image": {"tag": args.version},
        "initContainers": [_aws_plugin(args.plugin_version)],
        "resources": resources("100m", "256Mi", limit="1Gi"),
        "upgradeJobResources": resources("50m", "128Mi", limit="256Mi"),
        "kubectl": {"resources": resources("50m", "128Mi", limit="256Mi")},
        # No read-only file system: the server keeps its view of the repositories in its home.
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containerSecurityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        # Helm installs custom resource definitions once; a job brings them up to date before each upgrade. They stay
        # when Velero goes, or every backup's description would go with them.
        "upgradeCRDs": True,
        "cleanUpCRDs": False,
        "credentials": {"useSecret": False},
        "serviceAccount": {"server": {"create": True, "name": SERVICE_ACCOUNT}},
        "configuration": {
            "features": "EnableCSI",
            "uploaderType": "kopia",
            "defaultBackupTTL": ttl,
            # An EBS snapshot stays in its region and account; its content in the bucket outlives the cluster.
            "defaultSnapshotMoveData": True,
            "logFormat": "json",
            "backupStorageLocation": [
                {
                    "name": "default",
                    "provider": "aws",
                    "bucket": bucket_name,
                    "default": True,
                    "accessMode": "ReadWrite",
                    "config": {"region": args.region},
                }
            ],
            "repositoryMaintenanceJob": {
                "repositoryConfigData": {
                    "global": {"keepLatestMaintenanceJobs": 1, "podResources": _worker_resources()}
                }
            },
        },
        "snapshotsEnabled": False,
        "deployNodeAgent": True,
        "nodeAgent": {
            "resources": resources("50m", "128Mi", limit="512Mi"),
            "extraArgs": [f"--node-agent-configmap={NAMESPACE}-{_NODE_AGENT_SETTINGS}"],
            # One on every node that can hold a volume to back up.
            "tolerations": [{"operator": "Exists"}],
        },
        "configMaps": {
            _NODE_AGENT_SETTINGS: {"data": {"settings.json": _node_agent_settings()}},
            **({_VOLUME_POLICY: {"data": {"policy.yaml": volume_policy()}}} if args.copied_by_barman else {}),
        },
        "extraObjects": [_SNAPSHOT_CLASS],
        "schedules": {SCHEDULE.removeprefix(f"{NAMESPACE}-"): _schedule(args, ttl)},
    }


def volume_policy() -> str:
    """Velero's rules on volumes, as JSON, which is YAML as well: leave out those that barman copies.

    https://velero.io/docs/v1.18/resource-filtering/#volumepolicy
    """
    rules = [
        {"conditions": {"pvcLabels": {"cnpg.io/pvcRole": role}}, "action": {"type": "skip"}}
        for role in _COPIED_BY_BARMAN
    ]
    return json.dumps({"version": "v1", "volumePolicies": rules})


def _schedule(args: VeleroArgs, ttl: str) -> Values:
    policy: Values = {"resourcePolicy": {"kind": "configmap", "name": f"{NAMESPACE}-{_VOLUME_POLICY}"}}
    return {
        "schedule": args.schedule,
        # Backups outlive the schedule that made them.
        "useOwnerReferencesInBackup": False,
        "template": {
            "ttl": ttl,
            "storageLocation": "default",
            "includedNamespaces": list(args.namespaces),
            "snapshotMoveData": True,
            **(policy if args.copied_by_barman else {}),
        },
    }


def _aws_plugin(version: str) -> Values:
    return {
        "name": "velero-plugin-for-aws",
        "image": f"docker.io/velero/velero-plugin-for-aws:{version}",
        "imagePullPolicy": "IfNotPresent",
        "volumeMounts": [{"mountPath": "/target", "name": "plugins"}],
        "resources": resources("10m", "32Mi", limit="64Mi"),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _worker_resources() -> dict[str, str]:
    """Of the pods that Velero itself starts; "0" is no limit."""
    return {"cpuRequest": "50m", "cpuLimit": "0", "memoryRequest": "128Mi", "memoryLimit": "1Gi"}


def _node_agent_settings() -> str:
    """How data is moved: https://velero.io/docs/v1.18/supported-configmaps/node-agent-configmap/ ."""
    # A restore drill starts no pods, so that nothing would ever consume the volumes it restores.
    return json.dumps({"podResources": _worker_resources(), "restorePVC": {"ignoreDelayBinding": True}})


class Velero(pulumi.ComponentResource):
    """Backups of the chosen namespaces, on a schedule, each deleted after `retention_days`.

    It costs the storage of the bucket, a temporary EBS snapshot and volume per backup and volume, and an agent on each
    node that runs as root and sees the volumes of the node's pods. Who reads the bucket reads every Secret that was
    backed up: besides Velero's pods, everybody in the account whom a policy gives `s3:GetObject` on all buckets.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket with the backups."""
    namespace: pulumi.Output[str]
    """Namespace of Velero and of the objects that describe backups, once Velero runs."""
    schedule: str
    """Name of the Schedule."""

    def __init__(self, name: str, args: VeleroArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Velero", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        kept = PrivateBucketArgs(
            noncurrent_days=_NONCURRENT_DAYS, delete_contents=args.delete_contents, protect=args.protect
        )
        bucket = PrivateBucket(f"{name}-backups", kept, child)
        # The bucket's policy has only what nobody may do: use plain HTTP. Who may read is up to the policies of the
        # account, that of the pods' role among them.
        bucket.allow(())
        # `privileged`: the node agent is root and mounts the folder of its node in which the pods' volumes are.
        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="privileged", opts=child
        )
        chart = ChartArgs(
            chart=CHART,
            version=args.chart_version,
            repository=REPOSITORY,
            namespace=namespace,
            values=velero_values(args, bucket.bucket_name),
            service_account=SERVICE_ACCOUNT,
            policy=bucket.arn.apply(velero_policy),
        )
        self.bucket_name = bucket.bucket_name
        self.namespace = Chart(f"{name}-server", chart, child).namespace
        self.schedule = SCHEDULE
        self.register_outputs({"bucket_name": self.bucket_name, "namespace": self.namespace, "schedule": self.schedule})
