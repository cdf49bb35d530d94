"""A stand-in of CloudFront: the functions of the edge, a cache that forgets what it is told to, and the bucket."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import quickjs
from botocore.exceptions import ClientError

from components.static_site import strict_content_security_policy
from tests.site.cloud import SiteCloud

FUNCTIONS = Path(__file__).parents[2] / "functions"
_CALL = """
function run(text) {
    const event = JSON.parse(text);
    if (event.request) { event.request.rawQueryString = () => event.query; }
    return JSON.stringify(handler(event));
}
"""

Page = tuple[bytes, dict[str, str]]


def _function(name: str) -> Any:
    return quickjs.Function("run", (FUNCTIONS / name).read_text(encoding="utf-8") + _CALL)


@dataclass
class Edge:
    """Answers as the distribution of a static site does."""

    cloud: SiteCloud
    cached: dict[str, Page] = field(default_factory=dict[str, Page])
    forgotten: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        with self.lock:
            self._forget()
            uri, _, query = path.partition("?")
            event = {"request": {"uri": uri}, "query": query}
            decided = json.loads(_function("directory_index.js")(json.dumps(event)))
            if "statusCode" in decided:
                return 301, b"", {"location": decided["headers"]["location"]["value"]}
            uri = "/index.html" if decided["uri"] == "/" else decided["uri"]
            page = self._page(uri)
            if page is None:
                missing = self._page("/404.html")
                return (404, *missing) if missing else (404, b"", {})
            body, headers = page
            if fnmatchcase(uri, "/assets/*"):
                seen = json.loads(_function("immutable.js")(json.dumps({"response": {"headers": {}}})))
                headers = {**headers, "cache-control": seen["headers"]["cache-control"]["value"]}
            return 200, body, headers

    def _page(self, uri: str) -> Page | None:
        if uri not in self.cached:
            if uri.startswith("/.socle/"):
                return None
            try:
                body, kind, cache = self.cloud.object(uri[1:])
            except ClientError:
                return None
            self.cached[uri] = (body, {"content-type": kind, "cache-control": cache})
        return self.cached[uri]

    def _forget(self) -> None:
        told = self.cloud.invalidated()
        for paths in told[self.forgotten :]:
            self.cached = {
                uri: page for uri, page in self.cached.items() if not any(_covers(path, uri) for path in paths)
            }
        self.forgotten = len(told)


def _covers(path: str, uri: str) -> bool:
    return quote(uri).startswith(path[:-1]) if path.endswith("*") else quote(uri) == path


@contextmanager
def serving(cloud: SiteCloud) -> Generator[str]:
    """The address of an edge, without a last slash."""
    edge = Edge(cloud)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = edge.answer(self.path)
            self.send_response(status)
            always = {
                "content-security-policy": strict_content_security_policy(),
                "x-content-type-options": "nosniff",
                "content-length": str(len(body)),
            }
            for name, value in {**headers, **always}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class calls it so)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
