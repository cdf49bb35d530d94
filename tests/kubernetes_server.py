"""A stand-in Kubernetes API server on the loopback, for tests of what talks to a cluster; its state is in memory.

`with kubernetes_server() as server:` gives objects with `put`, reads them with `get` and `list`, and lets functions
act as controllers with `on`. The real client talks to it: `server.client()`, or `server.kubeconfig` for a tool.
"""

import json
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import kubernetes.client

from tests import kubernetes_kinds
from tests.kubernetes_kinds import Kind, Object
from tests.kubernetes_objects import Event, Objects, Refused, merge, selected

__all__ = ["Event", "KubernetesServer", "Object", "Request", "kubernetes_server"]

Controller = Callable[[Event, Object, "KubernetesServer"], object]
"""What reacts to a change of an object: the event, the object as it is then, and the server."""

_MOST_BYTES = 1_000_000
_IDLE_SECONDS = 5
_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<part>[^/]+))?)?"
)


@dataclass(frozen=True)
class Request:
    """One request that the server took."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    content_type: str


class KubernetesServer:
    """What a test does with the cluster, beside the API itself."""

    def __init__(self, url: str, objects: Objects) -> None:
        self.url = url
        self.requests: list[Request] = []
        self._objects = objects
        self._failures: list[tuple[str, str, int]] = []

    @property
    def kubeconfig(self) -> str:
        """A kubeconfig of this cluster, as a stack would export it."""
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "stand-in", "cluster": {"server": self.url}}],
                "users": [{"name": "stand-in", "user": {}}],
                "contexts": [{"name": "stand-in", "context": {"cluster": "stand-in", "user": "stand-in"}}],
                "current-context": "stand-in",
            }
        )

    def client(self) -> kubernetes.client.ApiClient:
        """The real client of this server."""
        return kubernetes.client.ApiClient(kubernetes.client.Configuration(host=self.url))

    def know(self, kind: Kind) -> None:
        """Add a kind, as a CustomResourceDefinition does."""
        self._objects.kinds.append(kind)

    def put(self, given: Object) -> Object:
        """Make or replace an object, and its namespace if there is none."""
        kind = self._objects.kind(given["kind"], given["apiVersion"])
        namespace = given["metadata"].get("namespace", "default") if kind.namespaced else ""
        with self._objects.lock:
            if kind.namespaced and self.get("Namespace", namespace) is None:
                self._objects.add(self._objects.kind("Namespace"), "", {"metadata": {"name": namespace}})
            if self.get(f"{kind.kind}.{kind.group}", given["metadata"]["name"], namespace or None) is None:
                return deepcopy(self._objects.add(kind, namespace, given))
            return deepcopy(self._objects.change(kind, namespace, given))

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """An object, or None; `Backup.velero.io` where a second group has a kind of that name."""
        with self._objects.lock:
            try:
                return deepcopy(self._objects.find(self._objects.kind(kind), namespace or "", name))
            except Refused:
                return None

    def list(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Objects of a kind, by namespace and name."""
        with self._objects.lock:
            return deepcopy(self._objects.listed(self._objects.kind(kind), namespace or ""))

    def patch(self, kind: str, name: str, namespace: str | None, patch: Object) -> None:
        """Merge into an object that is there, as controllers do with its status."""
        with self._objects.lock:
            known = self._objects.kind(kind)
            found = self._objects.find(known, namespace or "", name)
            self._objects.change(known, namespace or "", merge(found, patch))

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object, as the API does."""
        with self._objects.lock:
            self._objects.delete(self._objects.kind(kind), namespace or "", name)

    def on(self, kind: str, controller: Controller) -> None:
        """Call `controller` after each change of an object of `kind`, before the request that caused it is answered."""
        self._objects.listen(kind, lambda event, found: controller(event, found, self))

    def log(self, namespace: str, pod: str, text: str) -> None:
        """Let a pod have printed `text`."""
        self._objects.logs[namespace, pod] = text

    def fail(self, method: str, path: str, code: int) -> None:
        """Answer `code` to each request whose path matches the regular expression `path`."""
        self._failures.append((method, path, code))

    def mend(self) -> None:
        """Let nothing fail any more."""
        self._failures.clear()

    # Requests

    def answer(self, request: Request) -> Object | str:
        """Answer one request; raises `Refused`."""
        with self._objects.lock:
            self.requests.append(request)
            for method, path, code in self._failures:
                if request.method == method and re.search(path, request.path):
                    raise Refused(code, "Refused", f"the test refuses {method} {request.path}")
            discovered = self._discovered(request.path)
            if discovered is not None:
                return discovered
            match = _PATH.fullmatch(request.path)
            kind = match and self._kind(match)
            if not match or not kind:
                raise Refused(404, "NotFound", "the server could not find the requested resource")
            where = unquote(match["namespace"] or "")
            if match["name"] is None:
                return self._collection(request, kind, where)
            return self._object(request, kind, where, unquote(match["name"]), match["part"])

    def _kind(self, match: re.Match[str]) -> Kind | None:
        group, version = match["group"] or "", match["core"] or match["version"]
        wanted = (group, version, match["plural"])
        return next((each for each in self._objects.kinds if (each.group, each.version, each.plural) == wanted), None)

    def _discovered(self, path: str) -> Object | None:
        if path == "/version":
            return {"major": "1", "minor": "35", "gitVersion": "v1.35.0"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return kubernetes_kinds.versions(self._objects.kinds)
        return kubernetes_kinds.resources(self._objects.kinds, path.removeprefix("/apis/").removeprefix("/api/"))

    def _collection(self, request: Request, kind: Kind, namespace: str) -> Object:
        if request.method == "POST":
            body = _of_kind(request.body, kind)
            body.get("metadata", {}).pop("creationTimestamp", None)
            return self._objects.add(kind, namespace or body.get("metadata", {}).get("namespace", ""), body)
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        found = [each for each in self._objects.listed(kind, namespace) if selected(each, labels, fields)]
        if request.method == "DELETE":
            for each in found:
                self._objects.delete(kind, each["metadata"].get("namespace", ""), each["metadata"]["name"])
        elif request.method != "GET" or "watch" in request.query:
            raise Refused(405, "MethodNotAllowed", f"the stand-in server has no {request.method} {request.query}")
        repeated = ("kind", "apiVersion") if kind.built_in else ()
        items = [{key: value for key, value in each.items() if key not in repeated} for each in found]
        return {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": {}, "items": items}

    def _object(self, request: Request, kind: Kind, namespace: str, name: str, part: str | None) -> Object | str:
        found = self._objects.find(kind, namespace, name)
        if part == "log":
            return self._objects.logs.get((namespace, name), "")
        if part not in (None, "status"):
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        if request.method == "GET":
            return found
        if request.method == "DELETE":
            return self._objects.delete(kind, namespace, name)
        changed = _of_kind(request.body, kind)
        if request.method == "PATCH":
            if "merge-patch" not in request.content_type:
                raise Refused(415, "UnsupportedMediaType", f"only merge patches are taken, not {request.content_type}")
            changed = cast(Object, merge(found, request.body))
        if part == "status":
            changed = {**found, "status": changed.get("status", {})}
        return self._objects.change(kind, namespace, changed)


def _of_kind(body: Any, kind: Kind) -> Object:
    given = cast(Object, body or {})
    if (given.get("apiVersion", kind.api_version), given.get("kind", kind.kind)) != (kind.api_version, kind.kind):
        raise Refused(400, "BadRequest", f"{given.get('apiVersion')}/{given.get('kind')} is no {kind.kind}")
    return given


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # Head and body of an answer leave together: apart, each answer would wait 40 ms for the client's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    stand_in: KubernetesServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the standard library's)
        """Keep quiet."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST_BYTES:
            self._send(413, {"kind": "Status", "status": "Failure", "reason": "TooLarge", "code": 413})
            return
        content = self.rfile.read(length)
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        body = json.loads(content) if content else None
        request = Request(self.command, parts.path.rstrip("/"), query, body, self.headers.get("Content-Type", ""))
        try:
            answer = self.stand_in.answer(request)
        except Refused as refused:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": str(refused)}
            self._send(refused.code, {**status, "reason": refused.reason, "code": refused.code})
        else:
            created = self.command == "POST"
            self._send(201 if created else 200, answer)

    def _send(self, code: int, answer: Object | str) -> None:
        is_text = isinstance(answer, str)
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if is_text else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 (names of the standard library)


@contextmanager
def kubernetes_server() -> Generator[KubernetesServer]:
    """Serve on a free port of the loopback, and stop at the end."""
    handler = type("Handler", (_Handler,), {})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    server = KubernetesServer(f"http://127.0.0.1:{http.server_address[1]}", Objects())
    cast(Any, handler).stand_in = server
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(_IDLE_SECONDS)
