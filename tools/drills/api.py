"""The Kubernetes API as a drill uses it: plain objects of any kind, by name or by label."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import kubernetes.client
import kubernetes.config
import urllib3.exceptions
import yaml

Object = dict[str, Any]
"""An object, as the API gives it."""

_SECONDS = 30
_NOT_FOUND = 404


class DrillError(Exception):
    """Why a drill stopped: one sentence with the next thing to do, for the person who started it."""

    def __init__(self, sentence: str, code: Literal[1, 2] = 1) -> None:
        super().__init__(sentence)
        self.code: Literal[1, 2] = code
        """Exit code: 2 when the command or the stack has to change first."""


class Unreachable(DrillError):  # noqa: N818 (reads as what it is)
    """The API did not answer, or refused; the same request may work a moment later."""


@dataclass(frozen=True)
class Kind:
    """A kind of object, and where the API keeps it."""

    api_version: str
    """Group and version, or the version alone for the core group."""
    plural: str
    """Name in paths."""
    name: str
    """Name in objects."""
    namespaced: bool = True
    """Whether its objects lie in a namespace."""

    @property
    def resource(self) -> str:
        """Name with its group, as Velero and kubectl take it: `deployments.apps`."""
        group, _, _ = self.api_version.rpartition("/")
        return f"{self.plural}.{group}" if group else self.plural


NAMESPACE = Kind("v1", "namespaces", "Namespace", namespaced=False)
CONFIG_MAP = Kind("v1", "configmaps", "ConfigMap")
CLAIM = Kind("v1", "persistentvolumeclaims", "PersistentVolumeClaim")
POD = Kind("v1", "pods", "Pod")
JOB = Kind("batch/v1", "jobs", "Job")
STATEFUL_SET = Kind("apps/v1", "statefulsets", "StatefulSet")
BACKUP = Kind("velero.io/v1", "backups", "Backup")
RESTORE = Kind("velero.io/v1", "restores", "Restore")
CLUSTER = Kind("postgresql.cnpg.io/v1", "clusters", "Cluster")
OBJECT_STORE = Kind("barmancloud.cnpg.io/v1", "objectstores", "ObjectStore")
DATABASE_BACKUP = Kind("postgresql.cnpg.io/v1", "backups", "Backup")


class Api:
    """What a drill asks of a cluster. Each call that fails says so in one sentence."""

    def __init__(self, client: kubernetes.client.ApiClient) -> None:
        self._client: Any = client  # most of its annotations say nothing

    @staticmethod
    def of_kubeconfig(kubeconfig: object) -> "Api":
        """Connect as a kubeconfig says, given as an object or as its text."""
        known = yaml.safe_load(kubeconfig) if isinstance(kubeconfig, str) else kubeconfig
        load: Callable[..., kubernetes.client.ApiClient] = cast(Any, kubernetes.config).new_client_from_config_dict
        try:
            return Api(load(known, persist_config=False))
        except cast(Any, kubernetes.config).ConfigException as error:
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
        headers = {"Accept": "application/json, */*", "Content-Type": "application/json"}
        try:
            request = self._client.param_serialize(
                method, path, query_params=query, header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            response = self._client.call_api(*request, _request_timeout=_SECONDS)
            text = cast(bytes, response.read()).decode()
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise Unreachable(
                f"the cluster does not answer ({error}): `kubectl get nodes` says whether it is up"
            ) from error
        if response.status == _NOT_FOUND and may_miss:
            return None
        if not 200 <= response.status < 300:  # noqa: PLR2004 (https://httpwg.org/specs/rfc9110.html#status.2xx)
            raise Unreachable(f"Kubernetes refuses to {method} {path}: {_reason(text) or response.status}")
        return text


def part(found: Object, *keys: str) -> Object:
    """A part of an object, such as its `status`; empty when it has none."""
    for key in keys:
        found = cast(Object, found.get(key) or {})
    return found


def _path(kind: Kind, namespace: str | None, name: str | None = None) -> str:
    start = "/api" if kind.api_version == "v1" else "/apis"
    where = f"/namespaces/{namespace}" if kind.namespaced and namespace else ""
    return f"{start}/{kind.api_version}{where}/{kind.plural}{f'/{name}' if name else ''}"


def _reason(text: str) -> str:
    try:
        status: Object = json.loads(text)
    except ValueError:
        return text.strip()[:200]
    return str(status.get("message", ""))
