"""Volumes and their snapshots on K3s, which brings neither: the EBS CSI driver and the snapshot controller."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components import versions
from components.chart import Chart, ChartArgs
from components.namespace import Namespace
from components.pods import Values, resources

DRIVER = "ebs.csi.aws.com"
STORAGE_CLASS = "gp3"
_EBS_CSI_REPOSITORY = "https://kubernetes-sigs.github.io/aws-ebs-csi-driver"
_SNAPSHOT_REPOSITORY = "https://piraeus.io/helm-charts/"
# Two replicas elect a leader; a single server could only hold both of them.
_MOST_REPLICAS = 2


@dataclass(frozen=True, kw_only=True)
class K3sStorageArgs:
    """Inputs of `K3sStorage`."""

    namespace: Namespace
    """`kube-system`, where every cluster has these programs."""
    cluster_name: str
    """Name of the cluster, in the tag of each volume and snapshot."""
    region: str
    """Region of the volumes."""
    servers: int
    """Servers of the cluster: the driver's controller runs there, and only their role may manage volumes."""
    tags: Mapping[str, str]
    """Tags of volumes and snapshots, which default tags cannot reach."""
    driver_chart_version: str = versions.EBS_CSI_CHART.version
    """Version of the chart of the EBS CSI driver."""
    snapshot_chart_version: str = versions.SNAPSHOT_CONTROLLER_CHART.version
    """Version of the chart of the snapshot controller."""


def ebs_csi_values(*, cluster_name: str, region: str, servers: int, tags: Mapping[str, str]) -> Values:
    """Values of https://github.com/kubernetes-sigs/aws-ebs-csi-driver/tree/master/charts/aws-ebs-csi-driver ."""
    return {
        "controller": {
            "replicaCount": min(servers, _MOST_REPLICAS),
            "region": region,
            # Makes the tag by which the servers' permissions know the cluster's own volumes.
            "k8sTagClusterId": cluster_name,
            "extraVolumeTags": dict(tags),
            "nodeSelector": {"node-role.kubernetes.io/control-plane": "true"},
            "tolerations": [{"operator": "Exists"}],
            # Of the driver and of each of its side-cars.
            "resources": resources("10m", "32Mi", limit="256Mi"),
        },
        "node": {"enableWindows": False, "resources": resources("10m", "32Mi", limit="256Mi")},
        # The chart would leave it out where it cannot see the definitions of snapshots while it renders.
        "sidecars": {"snapshotter": {"forceEnable": True}},
        "helmTester": {"enabled": False},
    }


def snapshot_controller_values() -> Values:
    """Values of the chart: https://github.com/piraeusdatastore/helm-charts/tree/main/charts/snapshot-controller ."""
    return {
        "installCRDs": True,
        "controller": {
            "replicaCount": 1,
            "resources": resources("10m", "32Mi", limit="128Mi"),
            "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        },
    }


class K3sStorage(pulumi.ComponentResource):
    """Encrypted EBS volumes for claims, and CSI snapshots of them: what EKS gets as add-ons.

    Volumes are billed until their claim is deleted, snapshots until theirs is. The definitions of snapshots belong to
    the release: uninstalling it deletes every VolumeSnapshot.
    """

    storage_class: pulumi.Output[str]
    """Default StorageClass, once claims of it can be served."""
    ready: list[pulumi.Resource]
    """What must exist before a claim or a snapshot is served."""

    def __init__(self, name: str, args: K3sStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:K3sStorage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        snapshots = Chart(
            f"{name}-snapshot-controller",
            ChartArgs(
                chart="snapshot-controller",
                version=args.snapshot_chart_version,
                repository=_SNAPSHOT_REPOSITORY,
                namespace=args.namespace,
                values=snapshot_controller_values(),
            ),
            child,
        )
        driver = Chart(
            f"{name}-ebs-csi",
            ChartArgs(
                chart="aws-ebs-csi-driver",
                version=args.driver_chart_version,
                repository=_EBS_CSI_REPOSITORY,
                namespace=args.namespace,
                values=ebs_csi_values(
                    cluster_name=args.cluster_name, region=args.region, servers=args.servers, tags=args.tags
                ),
            ),
            # The driver watches VolumeSnapshots, whose definitions come with the snapshot controller.
            pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[snapshots])),
        )
        made = kubernetes.storage.v1.StorageClass(
            f"{name}-gp3",
            # Named because claims and charts refer to it.
            metadata={
                "name": STORAGE_CLASS,
                # K3s's own class, of folders on the node, must not be a default beside it.
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            provisioner=DRIVER,
            parameters={"type": "gp3", "encrypted": "true"},
            # A volume made before its pod is placed may lie in a zone where the pod cannot run.
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Delete",
            # A claim made of it before the driver runs would only wait.
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(provider=args.namespace.cluster.provider, depends_on=[driver])
            ),
        )
        self.storage_class = made.metadata.name
        self.ready = [snapshots, driver, made]
        self.register_outputs({"storage_class": self.storage_class})
