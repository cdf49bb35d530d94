"""The Kubernetes API of a stack's cluster, spoken to in plain objects, through its kubeconfig."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import kubernetes
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

Object = dict[str, Any]

_PATIENCE: Final = (5, 30)
"""Seconds to connect and to answer, before an API counts as silent."""
_PAGE: Final = 500
NOT_FOUND: Final = 404
"""Status of an answer about what is not there."""


@dataclass(frozen=True)
class Kind:
    """A kind of object and where the API serves it."""

    name: str
    path: str
    """`/api/v1` or `/apis/GROUP/VERSION`."""
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Group and version, or the version alone for the core group."""
        return self.path.removeprefix("/apis/").removeprefix("/api/")

    @property
    def resource(self) -> str:
        """Name with its group, as Velero and kubectl take it: `deployments.apps`."""
        group, _, _ = self.api_version.rpartition("/")
        return f"{self.plural}.{group}" if group else self.plural


NAMESPACE: Final = Kind("Namespace", "/api/v1", "namespaces", namespaced=False)
SERVICE: Final = Kind("Service", "/api/v1", "services")
POD: Final = Kind("Pod", "/api/v1", "pods")
CLAIM: Final = Kind("PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims")
VOLUME: Final = Kind("PersistentVolume", "/api/v1", "persistentvolumes", namespaced=False)
DEPLOYMENT: Final = Kind("Deployment", "/apis/apps/v1", "deployments")
STATEFUL_SET: Final = Kind("StatefulSet", "/apis/apps/v1", "statefulsets")
INGRESS: Final = Kind("Ingress", "/apis/networking.k8s.io/v1", "ingresses")
API_SERVICE: Final = Kind("APIService", "/apis/apiregistration.k8s.io/v1", "apiservices", namespaced=False)
CNPG_CLUSTER: Final = Kind("Cluster", "/apis/postgresql.cnpg.io/v1", "clusters")
CNPG_SCHEDULE: Final = Kind("ScheduledBackup", "/apis/postgresql.cnpg.io/v1", "scheduledbackups")
VELERO: Final = tuple(
    Kind(name, f"/apis/velero.io/{version}", f"{name.lower()}s")
    for version, names in (
        ("v1", ("Schedule", "Restore", "DeleteBackupRequest", "Backup", "PodVolumeBackup", "PodVolumeRestore")),
        ("v2alpha1", ("DataUpload", "DataDownload")),
    )
    for name in names
)


class ClusterSilent(Exception):  # noqa: N818 (reads as what it is)
    """Nobody answers at the address of the API; the text says how that showed."""


class ClusterRefused(Exception):  # noqa: N818 (reads as what it is)
    """The API answered, and did not do what was asked; the text says what and why."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        """Status of the answer."""


class ClusterApi:
    """Lists, deletes and changes objects."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def answers(self) -> None:
        """Return when the API answers and lets us in; raises `ClusterSilent` or `ClusterRefused` otherwise."""
        self._ask("GET", "/version")

    def all(self, kind: Kind) -> list[Object]:
        """Every object of a kind in all namespaces; none when the cluster does not have the kind."""
        return list(self._pages(kind))

    def delete(self, kind: Kind, found: Object) -> None:
        """Ask for an object to be deleted, and what it owns with it; one that is gone is fine."""
        self._ask("DELETE", path_of(kind, found), {"propagationPolicy": "Background"})

    def patch(self, kind: Kind, found: Object, change: Object) -> None:
        """Merge a change into an object; one that is gone is fine."""
        self._ask("PATCH", path_of(kind, found), change)

    def _pages(self, kind: Kind) -> Iterator[Object]:
        query: list[tuple[str, str]] = [("limit", str(_PAGE))]
        while True:
            answer = self._ask("GET", f"{kind.path}/{kind.plural}", query=query) or {}
            yield from answer.get("items") or ()
            following = answer.get("metadata", {}).get("continue")
            if not following:
                return
            query = [("limit", str(_PAGE)), ("continue", str(following))]

    def _ask(
        self, method: str, path: str, body: Object | None = None, query: list[tuple[str, str]] | None = None
    ) -> Object | None:
        """The answer of the API; `None` when it does not have what was asked for."""
        try:
            return json.loads(self.ask(method, path, body, query))
        except ClusterRefused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    def ask(
        self, method: str, path: str, body: Object | None = None, query: list[tuple[str, str]] | None = None
    ) -> str:
        """What the API answers, word for word. Raises `ClusterSilent` or `ClusterRefused` when it does not do it."""
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            request = self._client.param_serialize(
                method,
                path,
                query_params=query or [],
                # A log is plain text.
                header_params={"Accept": "application/json, */*", "Content-Type": content},
                body=body,
                auth_settings=["BearerToken"],
            )
            response: Any = self._client.call_api(*request, _request_timeout=_PATIENCE)
            data: bytes = response.read()
        except (HTTPError, OSError) as error:
            raise ClusterSilent(_short(str(getattr(error, "reason", None) or error))) from None
        if not 200 <= response.status < 300:  # noqa: PLR2004 (https://httpwg.org/specs/rfc9110.html#status.2xx)
            raise ClusterRefused(f"{method} {path}: {response.status} {_message(data)}", response.status)
        return data.decode()


def connect(kubeconfig: str, *, retries: int = 0) -> ClusterApi:
    """The API that a kubeconfig in JSON names. Raises `ClusterSilent` when it cannot be read.

    Without `retries` a silent API is told after one try, for those who ask again by themselves.
    """
    load: Any = cast(Any, kubernetes).config.new_client_from_config_dict
    configuration: Any = cast(Any, kubernetes).client.Configuration()
    configuration.retries = retries or False
    try:
        client = load(json.loads(kubeconfig), persist_config=False, client_configuration=configuration)
    except (ConfigException, ValueError) as error:
        raise ClusterSilent(f"the kubeconfig of the stack cannot be used, {_short(str(error))}") from None
    return ClusterApi(client)


def path_of(kind: Kind, found: Object) -> str:
    """Address of an object."""
    metadata: Object = found["metadata"]
    inside = f"/namespaces/{metadata['namespace']}" if kind.namespaced else ""
    return f"{kind.path}{inside}/{kind.plural}/{metadata['name']}"


def named(kind: Kind, found: Object) -> str:
    """An object as a person reads it: `PersistentVolumeClaim database/data-0`."""
    metadata: Object = found["metadata"]
    inside = f"{metadata['namespace']}/" if kind.namespaced else ""
    return f"{kind.name} {inside}{metadata['name']}"


def notes(found: Object, place: Literal["labels", "annotations"]) -> Mapping[str, str]:
    """Labels or annotations of an object."""
    return found["metadata"].get(place) or {}


def _message(data: bytes) -> str:
    try:
        return _short(str(json.loads(data).get("message", "")))
    except ValueError:
        return _short(data.decode(errors="replace"))


def _short(text: str) -> str:
    return " ".join(text.split()).rstrip(".")[:300]
