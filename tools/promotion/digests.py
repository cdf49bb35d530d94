"""The digest that a tag of an image stands for: as the cluster pulled it, else as its registry says today."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast
from urllib.parse import urlencode

import requests

from tools.cluster_api import POD, ClusterApi, ClusterRefused, ClusterSilent, Object

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_PATIENCE: Final = (5, 15)
"""Seconds to connect and to answer, before a registry counts as silent."""
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#checking-if-content-exists-in-the-registry :
# an image for several processors has an index, whose digest nodes of any kind can pull.
_MANIFESTS: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
# https://github.com/distribution/reference/blob/main/normalize.go
_DOCKER_HUB: Final = ("docker.io", "registry-1.docker.io")
_UNAUTHORIZED: Final = 401
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Found:
    """A digest, or why there is none."""

    digest: str = ""
    where: str = ""
    """Who says so."""
    reason: str = ""
    """Why nobody could, as the end of a sentence."""
    several: bool = False
    """Whether that is because more than one runs."""


class Answer(Protocol):
    """What is read of an answer over HTTP."""

    status_code: int
    headers: Any

    def json(self) -> Any:
        """Its content."""
        ...


Ask = Callable[[str, str, Mapping[str, str]], Answer]
"""Asks over HTTP: method, address and headers; may raise `requests.RequestException`."""


def ask_http(method: str, url: str, headers: Mapping[str, str]) -> Answer:
    """Ask a server; a redirection of a registry is followed."""
    return requests.request(method, url, headers=dict(headers), timeout=_PATIENCE, allow_redirects=True)


def in_cluster(api: ClusterApi, application: str, image: str) -> Found:
    """The digest that the pods of an application run its image by; its namespace and container have its name."""
    try:
        pods = [each for each in api.all(POD) if each["metadata"].get("namespace") == application]
    except (ClusterSilent, ClusterRefused) as error:
        return Found(reason=f"the cluster does not say ({error})")
    found = {digest for pod in pods for digest in _digests(pod, application, image)}
    if len(found) == 1:
        return Found(found.pop(), "as its pods run it")
    if found:
        return Found(
            reason=f"its pods run {len(found)} images of that tag, {' and '.join(sorted(found))}", several=True
        )
    return Found(reason="no pod in the cluster runs it, or none says by which digest")


def _digests(pod: Object, container: str, image: str) -> Iterator[str]:
    spec: Sequence[Object] = pod.get("spec", {}).get("containers") or ()
    wanted = any(each.get("name") == container and each.get("image") == image for each in spec)
    status: Sequence[Object] = pod.get("status", {}).get("containerStatuses") or ()
    for each in status:
        # An image that a node was given by hand has the id of its configuration alone, which nobody can pull.
        _, at, digest = str(each.get("imageID") or "").rpartition("@")
        if wanted and each.get("name") == container and at and _DIGEST.fullmatch(digest):
            yield digest


def in_registry(image: str, ask: Ask = ask_http) -> Found:
    """The digest that a public registry gives for the tag of an image, today."""
    host, path, tag = parts(image)
    server = _DOCKER_HUB[1] if host == _DOCKER_HUB[0] else host
    try:
        return _in_registry(server, path, tag, ask)
    except (requests.RequestException, ValueError) as error:
        return Found(reason=f"the registry {host} does not answer ({type(error).__name__})")


def _in_registry(server: str, path: str, tag: str, ask: Ask) -> Found:
    url, headers = f"https://{server}/v2/{path}/manifests/{tag}", {"Accept": _MANIFESTS}
    answer = ask("HEAD", url, headers)
    if answer.status_code == _UNAUTHORIZED:
        token = _token(str(answer.headers.get("WWW-Authenticate") or ""), ask)
        if token:
            answer = ask("HEAD", url, {**headers, "Authorization": f"Bearer {token}"})
    digest = str(answer.headers.get("Docker-Content-Digest") or "")
    if answer.status_code == requests.codes.ok and _DIGEST.fullmatch(digest):
        return Found(digest, f"as {server} says today")
    return Found(reason=f"the registry {server} does not tell strangers ({answer.status_code})")


def _token(challenge: str, ask: Ask) -> str:
    """A token for anybody, if the registry gives one: https://distribution.github.io/distribution/spec/auth/token/ ."""
    kind, _, rest = challenge.partition(" ")
    told = dict(_CHALLENGE.findall(rest))
    realm = told.pop("realm", "")
    if kind.lower() != "bearer" or not realm.startswith("https://"):
        return ""
    answer = ask("GET", f"{realm}?{urlencode(sorted(told.items()))}", {})
    if answer.status_code != requests.codes.ok:
        return ""
    said: Any = answer.json()
    tokens = cast(dict[str, Any], said) if isinstance(said, dict) else {}
    return str(tokens.get("token") or tokens.get("access_token") or "")


def parts(image: str) -> tuple[str, str, str]:
    """Host, path and tag of an image that has a tag."""
    name, _, tag = image.rpartition(":")
    first, slash, rest = name.partition("/")
    # Without a dot or a port, the first part is no host but a folder of Docker Hub.
    if slash and (re.search(r"[.:]", first) or first == "localhost"):
        return first, rest, tag
    return _DOCKER_HUB[0], name if slash else f"library/{name}", tag
