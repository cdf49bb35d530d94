"""Kinds that the stand-in API server knows, and what it says of them when it is asked."""

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of object, as discovery describes it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As objects name it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself brings the kind: its lists leave out what every item would repeat."""
        return "." not in self.group or self.group.endswith(".k8s.io")


def _kinds(group: str, version: str, names: str, *, namespaced: bool = True) -> list[Kind]:
    pairs = (name.split(":") for name in names.split())
    return [Kind(group, version, plural, kind, namespaced) for plural, kind in pairs]


KINDS = [
    *_kinds("", "v1", "namespaces:Namespace nodes:Node persistentvolumes:PersistentVolume", namespaced=False),
    *_kinds("", "v1", "configmaps:ConfigMap secrets:Secret services:Service pods:Pod events:Event endpoints:Endpoints"),
    *_kinds("", "v1", "serviceaccounts:ServiceAccount persistentvolumeclaims:PersistentVolumeClaim"),
    *_kinds("apps", "v1", "deployments:Deployment statefulsets:StatefulSet daemonsets:DaemonSet"),
    *_kinds("apps", "v1", "replicasets:ReplicaSet controllerrevisions:ControllerRevision"),
    *_kinds("batch", "v1", "jobs:Job cronjobs:CronJob"),
    *_kinds("discovery.k8s.io", "v1", "endpointslices:EndpointSlice"),
    *_kinds("networking.k8s.io", "v1", "ingresses:Ingress networkpolicies:NetworkPolicy"),
    *_kinds("policy", "v1", "poddisruptionbudgets:PodDisruptionBudget"),
    *_kinds("autoscaling", "v2", "horizontalpodautoscalers:HorizontalPodAutoscaler"),
    *_kinds("rbac.authorization.k8s.io", "v1", "roles:Role rolebindings:RoleBinding"),
    *_kinds("coordination.k8s.io", "v1", "leases:Lease"),
    *_kinds("storage.k8s.io", "v1", "storageclasses:StorageClass volumeattachments:VolumeAttachment", namespaced=False),
    *_kinds("snapshot.storage.k8s.io", "v1", "volumesnapshots:VolumeSnapshot"),
    *_kinds("cert-manager.io", "v1", "certificates:Certificate certificaterequests:CertificateRequest issuers:Issuer"),
    *_kinds("cert-manager.io", "v1", "clusterissuers:ClusterIssuer", namespaced=False),
    *_kinds("acme.cert-manager.io", "v1", "orders:Order challenges:Challenge"),
    *_kinds("postgresql.cnpg.io", "v1", "clusters:Cluster poolers:Pooler scheduledbackups:ScheduledBackup"),
    *_kinds("postgresql.cnpg.io", "v1", "backups:Backup"),
    *_kinds("barmancloud.cnpg.io", "v1", "objectstores:ObjectStore"),
    *_kinds("velero.io", "v1", "backups:Backup restores:Restore schedules:Schedule"),
    *_kinds("velero.io", "v1", "deletebackuprequests:DeleteBackupRequest backupstoragelocations:BackupStorageLocation"),
    *_kinds("velero.io", "v2alpha1", "datadownloads:DataDownload datauploads:DataUpload"),
]
"""What a cluster of ours has, as far as a tool touches it."""

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update"]


def versions(kinds: list[Kind]) -> Object:
    """What `/apis` answers: every group with its versions, the first one preferred."""
    groups: dict[str, list[str]] = {}
    for each in kinds:
        if each.group and each.version not in groups.setdefault(each.group, []):
            groups[each.group].append(each.version)
    listed = {
        group: [{"groupVersion": f"{group}/{version}", "version": version} for version in found]
        for group, found in groups.items()
    }
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [{"name": group, "versions": found, "preferredVersion": found[0]} for group, found in listed.items()],
    }


def resources(kinds: list[Kind], api_version: str) -> Object | None:
    """What `/api/v1` and `/apis/<group>/<version>` answer; None when there is no such group and version."""
    found = [each for each in kinds if each.api_version == api_version]
    if not found:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": [
            {
                "name": each.plural,
                "singularName": each.kind.lower(),
                "namespaced": each.namespaced,
                "kind": each.kind,
                "verbs": _VERBS,
            }
            for each in found
        ],
    }
