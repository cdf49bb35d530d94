"""The Kubernetes API as a drill uses it: plain objects of any kind, by name or by label."""

import json
from typing import Any, Literal, cast

import yaml

from tools.cluster_api import (
    CLAIM,
    NAMESPACE,
    NOT_FOUND,
    POD,
    STATEFUL_SET,
    ClusterApi,
    ClusterRefused,
    ClusterSilent,
    Kind,
    Object,
    connect,
)
from tools.cluster_api import CNPG_CLUSTER as CLUSTER

__all__ = ["CLAIM", "CLUSTER", "NAMESPACE", "STATEFUL_SET", "Kind", "Object"]


class DrillError(Exception):
    """Why a drill stopped: one sentence with the next thing to do, for the person who started it."""

    def __init__(self, sentence: str, code: Literal[1, 2] = 1) -> None:
        super().__init__(sentence)
        self.code: Literal[1, 2] = code
        """Exit code: 2 when the command or the stack has to change first."""


class Unreachable(DrillError):  # noqa: N818 (reads as what it is)
    """The API did not answer, or refused; the same request may work a moment later."""


JOB = Kind("Job", "/apis/batch/v1", "jobs")
CONFIG_MAP = Kind("ConfigMap", "/api/v1", "configmaps")
BACKUP = Kind("Backup", "/apis/velero.io/v1", "backups")
RESTORE = Kind("Restore", "/apis/velero.io/v1", "restores")
OBJECT_STORE = Kind("ObjectStore", "/apis/barmancloud.cnpg.io/v1", "objectstores")
DATABASE_BACKUP = Kind("Backup", "/apis/postgresql.cnpg.io/v1", "backups")
_RETRIES = 3


class Api:
    """What a drill asks of a cluster. Each call that fails says so in one sentence."""

    def __init__(self, cluster: ClusterApi) -> None:
        self._cluster = cluster

    @staticmethod
    def of_kubeconfig(kubeconfig: object) -> "Api":
        """Connect as a kubeconfig says, given as an object or as its text."""
        known = yaml.safe_load(kubeconfig) if isinstance(kubeconfig, str) else kubeconfig
        try:
            return Api(connect(json.dumps(known), retries=_RETRIES))
        except ClusterSilent as error:
            raise DrillError(f"the stack's kubeconfig is not one that the client reads: {error}", 2) from error

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """An object, or None when there is none."""
        return self._asked("GET", _path(kind, namespace, name), missing=None)

    def listed(self, kind: Kind, namespace: str | None = None, labels: str = "") -> list[Object]:
        """Objects with `labels`, a selector; none when the cluster does not know the kind."""
        query = [("labelSelector", labels)] if labels else []
        found: Object = self._asked("GET", _path(kind, namespace), missing={"items": []}, query=query)
        return found["items"]

    def create(self, kind: Kind, namespace: str | None, given: Object) -> Object:
        """Make an object."""
        return self._asked(
            "POST", _path(kind, namespace), body={**given, "apiVersion": kind.api_version, "kind": kind.name}
        )

    def delete(self, kind: Kind, found: Object) -> None:
        """Delete an object with all that it owns; one that is gone already is no mistake."""
        metadata = found["metadata"]
        path = _path(kind, metadata.get("namespace"), metadata["name"])
        self._asked("DELETE", path, missing=None, query=[("propagationPolicy", "Background")])

    def log(self, namespace: str, pod: str) -> str:
        """What a pod has printed so far."""
        return self._raw("GET", f"{_path(POD, namespace, pod)}/log", [], None) or ""

    def _asked(
        self,
        method: str,
        path: str,
        *,
        missing: Any = Ellipsis,
        query: list[tuple[str, str]] | None = None,
        body: Object | None = None,
    ) -> Any:
        """Answer to a request; `missing`, if given, when what it is about is not there."""
        text = self._raw(method, path, query or [], body, may_miss=missing is not Ellipsis)
        return missing if text is None else json.loads(text)

    def _raw(
        self, method: str, path: str, query: list[tuple[str, str]], body: Object | None, *, may_miss: bool = False
    ) -> str | None:
        try:
            return self._cluster.ask(method, path, body, query)
        except ClusterSilent as error:
            raise Unreachable(
                f"the cluster does not answer ({error}): `kubectl get nodes` says whether it is up"
            ) from error
        except ClusterRefused as error:
            if may_miss and error.status == NOT_FOUND:
                return None
            raise Unreachable(f"Kubernetes refuses to {error}") from error


def part(found: Object, *keys: str) -> Object:
    """A part of an object, such as its `status`; empty when it has none."""
    for key in keys:
        found = cast(Object, found.get(key) or {})
    return found


def _path(kind: Kind, namespace: str | None, name: str | None = None) -> str:
    where = f"/namespaces/{namespace}" if kind.namespaced and namespace else ""
    return f"{kind.path}{where}/{kind.plural}{f'/{name}' if name else ''}"
