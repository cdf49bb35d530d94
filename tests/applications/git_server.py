"""Git over HTTP on the loopback address, through git's own `http-backend`, with the rights of a forge's tokens."""

import base64
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, Response, request

from tests.forge.server import serving


@dataclass
class GitServer:
    """A server of bare repositories."""

    url: str
    rights: dict[str, str] = field(default_factory=lambda: {"good": "write", "weak": "read"})
    """Token to what it may."""
    users: set[str] = field(default_factory=set[str])
    """Names that came beside tokens."""


def _right(server: GitServer) -> str:
    kind, _, pair = request.headers.get("Authorization", "").partition(" ")
    user, _, token = base64.b64decode(pair).decode().partition(":") if kind == "Basic" else ("", "", "")
    if user:
        server.users.add(user)
    return server.rights.get(token, "")


def _cgi(root: Path, path: str) -> Response:
    environ = {
        **os.environ,
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{path}",
        "REMOTE_USER": "somebody",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }
    done = subprocess.run(
        ["git", "http-backend"],  # noqa: S607 (the git of whoever runs this)
        env=environ,
        input=request.get_data(),
        capture_output=True,
        check=True,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    status = int(headers.pop("Status", "200 OK").split()[0])
    return Response(body, status=status, headers=headers)


@contextmanager
def git_server(root: Path) -> Generator[GitServer]:
    """Serve the bare repositories in `root`."""
    app, server = Flask("git"), GitServer("")

    @app.route("/<path:path>", methods=["GET", "POST"])
    def answer(path: str) -> Response:
        right = _right(server)
        if not right:
            return Response("who are you", 401, {"WWW-Authenticate": 'Basic realm="git"'})
        if right != "write" and "git-receive-pack" in request.full_path:
            return Response("You are not allowed to push code to this project.", 403)
        return _cgi(root, path)

    with serving(app) as address:
        server.url = address
        yield server
