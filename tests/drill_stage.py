"""A cluster with Velero, CloudNativePG and a database, as a restore drill finds it: stand-ins that behave like them."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kubernetes_objects import merge, selected
from tests.kubernetes_server import Event, KubernetesServer, Object
from tools.drills.counts import RESTORED
from tools.drills.watch import Clock

SUFFIX = "abc123"
LONG_AGO = "2026-01-01T00:00:00Z"
FINALIZER = "restores.velero.io/external-resources-finalizer"
CONTENT = ["public.users|3|aaa", "public.orders|5|bbb"]
ARCHIVED = "2026-11-20T10:00:00Z"


def thing(api_version: str, kind: str, name: str, namespace: str, **more: Any) -> Object:
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": LONG_AGO, **more.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


class Stage:
    """The cluster; what it does can be bent before a drill."""

    def __init__(self, server: KubernetesServer) -> None:
        self.server = server
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.held: list[Object] = []
        self.lost: set[str] = set()
        self.restore_ends = "Completed"
        self.restore_takes = 4
        self.recovery_takes = 4
        self.each_sleep: Callable[[], None] = lambda: None
        self.source, self.copy = list(CONTENT), list(CONTENT)
        self.changing = False
        self.pods = 0
        self._due: list[tuple[datetime, Callable[[], None]]] = []
        server.on("Restore", self._velero)
        server.on("Cluster", self._operator)
        server.on("Job", self._kubelet)

    @property
    def clock(self) -> Clock:
        """Time of this cluster, which passes only while the drill waits."""
        return Clock(lambda: self.time, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        due = [act for moment, act in self._due if moment <= self.time]
        self._due = [(moment, act) for moment, act in self._due if moment > self.time]
        for act in due:
            act()
        self.each_sleep()

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something while the drill waits."""
        self._due.append((self.time + timedelta(seconds=seconds), act))

    # What is there before

    def fill(self) -> None:
        """Put an application and a database into the cluster, and a backup of both into Velero."""
        app = [
            thing("v1", "ConfigMap", "settings", "users-api", data={"a": "1"}),
            thing("v1", "ConfigMap", "extra", "users-api", data={}),
            thing("v1", "Secret", "token", "users-api", type="Opaque"),
            thing("v1", "PersistentVolumeClaim", "uploads", "users-api"),
            thing("apps/v1", "Deployment", "api", "users-api", spec={"replicas": 2}),
            thing("batch/v1", "CronJob", "nightly", "users-api", spec={"suspend": False}),
            thing("v1", "Service", "api", "users-api", spec={"type": "LoadBalancer"}),
            thing("networking.k8s.io/v1", "Ingress", "api", "users-api"),
            thing("cert-manager.io/v1", "Certificate", "api", "users-api"),
            thing("apps/v1", "ReplicaSet", "api-1", "users-api"),
            thing("v1", "Pod", "api-1-x", "users-api"),
        ]
        owned = {"labels": {"cnpg.io/cluster": "postgresql"}}
        base = [
            thing("v1", "Secret", "postgresql-users", "database", type="kubernetes.io/basic-auth"),
            thing("v1", "Secret", "postgresql-ca", "database", metadata=owned),
            thing("v1", "PersistentVolumeClaim", "postgresql-1", "database", metadata=owned),
            self.database_cluster(),
            thing("postgresql.cnpg.io/v1", "ScheduledBackup", "postgresql", "database"),
        ]
        for each in (*app, *base):
            self.server.put(each)
        self.held = deepcopy([*app, *base])
        self.server.put(
            thing("barmancloud.cnpg.io/v1", "ObjectStore", "postgresql", "database")
            | {"status": {"serverRecoveryWindow": {"postgresql-1": {"firstRecoverabilityPoint": LONG_AGO}}}}
        )
        self.backup("velero-regular-1", "2026-11-19T02:00:00Z")
        self.backup("velero-regular-2", "2026-11-20T02:00:00Z")

    def database_cluster(self) -> Object:
        parameters = {"barmanObjectName": "postgresql", "serverName": "postgresql-1"}
        spec = {
            "instances": 2,
            "imageName": "ghcr.io/cloudnative-pg/postgresql:18.4",
            "storage": {"size": "1Gi"},
            "bootstrap": {"initdb": {"database": "users"}},
            "postgresql": {"parameters": {"max_connections": "100"}, "synchronous": {"number": 1}},
            "plugins": [{"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True, "parameters": parameters}],
        }
        return thing("postgresql.cnpg.io/v1", "Cluster", "postgresql", "database", spec=spec)

    def backup(self, name: str, started: str, phase: str = "Completed") -> None:
        """Let Velero have a backup."""
        labels = {"velero.io/schedule-name": "velero-regular"}
        metadata = {"labels": labels, "creationTimestamp": started}
        spec = {"includedNamespaces": ["users-api", "database"]}
        status = {"phase": phase, "startTimestamp": started}
        self.server.put(thing("velero.io/v1", "Backup", name, "velero", metadata=metadata, spec=spec, status=status))

    @property
    def outputs(self) -> dict[str, Any]:
        """What the stack exports."""
        login = {"database": "users", "secret": "postgresql-users"}
        database = {"engine": "cloudnative-pg", "namespace": "database", "cluster": "postgresql", "logins": [login]}
        drill = {"velero_namespace": "velero", "schedule": "velero-regular", "namespaces": ["users-api", "database"]}
        return {"kubeconfig": self.server.kubeconfig, "drill": {**drill, "database": database}}

    # Who reacts

    def _velero(self, event: Event, restore: Object, server: KubernetesServer) -> None:
        name, metadata = restore["metadata"]["name"], restore["metadata"]
        if event == "added":
            started = {"phase": "InProgress", "progress": {"totalItems": 9, "itemsRestored": 2}}
            server.patch("Restore", name, "velero", {"metadata": {"finalizers": [FINALIZER]}, "status": started})
            self.after(self.restore_takes, lambda: self._restore(restore))
        elif event == "modified" and metadata.get("deletionTimestamp") and metadata.get("finalizers"):
            server.patch("Restore", name, "velero", {"metadata": {"finalizers": None}})

    def _restore(self, restore: Object) -> None:
        if self.server.get("Restore", restore["metadata"]["name"], "velero") is None:
            return
        spec = restore["spec"]
        plurals = {kind.resource: kind.name for kind in RESTORED}
        kinds = {plurals[each] for each in spec["includedResources"]}
        for each in self.held:
            metadata = each["metadata"]
            wanted = each["kind"] in kinds and selected(each, "!cnpg.io/cluster", "")
            if wanted and metadata["name"] not in self.lost:
                scratch = spec["namespaceMapping"][metadata["namespace"]]
                patched = merge(each, self._patch(spec["resourceModifier"]["name"], each))
                self.server.put({**patched, "metadata": {"name": metadata["name"], "namespace": scratch}})
        status: Object = {"phase": self.restore_ends}
        if self.restore_ends == "FailedValidation":
            status["validationErrors"] = ["the backup is gone"]
        self.server.patch("Restore", restore["metadata"]["name"], "velero", {"status": status})

    def _patch(self, modifiers: str, found: Object) -> Object:
        """What the resource modifiers do to an object."""
        config = self.server.get("ConfigMap", modifiers, "velero")
        assert config
        [text] = config["data"].values()
        patch: Object = {}
        for rule in json.loads(text)["resourceModifierRules"]:
            resource = next(kind.resource for kind in RESTORED if kind.name == found["kind"])
            types = [each["value"] for each in rule["conditions"].get("matches", [])]
            if rule["conditions"]["groupResource"] == resource and all(each == found["spec"]["type"] for each in types):
                patch = merge(patch, json.loads(rule["mergePatches"][0]["patchData"]))
        return patch

    def _operator(self, event: Event, cluster: Object, server: KubernetesServer) -> None:
        name = cluster["metadata"]["name"]
        if event != "added" or name != "postgresql-drill":
            return
        owner = {"labels": {"cnpg.io/cluster": name}, "ownerReferences": [{"uid": cluster["metadata"]["uid"]}]}
        server.put(thing("v1", "PersistentVolumeClaim", f"{name}-1", "database", metadata=owner))
        server.patch("Cluster", name, "database", {"status": {"phase": "Setting up primary"}})
        self.after(self.recovery_takes, lambda: self._recovered(name))

    def _recovered(self, name: str) -> None:
        status = {"phase": "Cluster in healthy state", "readyInstances": 1}
        if self.server.get("Cluster", name, "database"):
            self.server.patch("Cluster", name, "database", {"status": status})

    def _kubelet(self, event: Event, job: Object, server: KubernetesServer) -> None:
        name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
        if event != "added" or "drill-" not in name:
            return
        restored = "restored" in name
        content = self.copy if restored else self.source
        self.pods += 1
        pod = f"{name}-{self.pods}"
        owner = [{"uid": job["metadata"]["uid"]}]
        server.put(
            thing("v1", "Pod", pod, namespace, metadata={"labels": {"job-name": name}, "ownerReferences": owner})
        )
        server.log(namespace, pod, "\n".join([f"recovery_point|{ARCHIVED}", *content, "drill-end", ""]))
        server.patch("Job", name, namespace, {"status": {"succeeded": 1}})
        if self.changing and not restored:
            self.source.append(f"public.log{self.pods}|1|ccc")
