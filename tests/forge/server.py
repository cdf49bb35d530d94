"""What the stand-in forges share: state, people, faults on demand, and a server on the loopback address."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

BOT = "socle-bot"


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (name of the base class)
        del type, message, args


@dataclass
class Fault:
    """What the forge answers instead, the next times that a request is of this method and path."""

    method: str
    path: str
    """End of the path."""
    status: int
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict[str, str])
    after: bool = False
    """Whether the deed is done before the fault is told, as with a gateway that times out."""


@dataclass
class State:
    """What a forge remembers of one project."""

    limit: int
    """Characters that it takes."""
    tokens: dict[str, str] = field(default_factory=lambda: {"good": BOT, "other": "marie", "weak": "reader"})
    """Token to user; the token `weak` may read and not write."""
    notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict[int, list[dict[str, Any]]])
    """Of each merge request."""
    issues: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Merge requests."""
    faults: list[Fault] = field(default_factory=list[Fault])
    asked: list[str] = field(default_factory=list[str])
    """Requests, as `GET /path`."""
    last_id: int = 100
    lock: threading.RLock = field(default_factory=threading.RLock)

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add_note(self, number: int, author: str, body: str) -> dict[str, Any]:
        """Write a note as somebody."""
        note = {"id": self.new_id(), "author": author, "body": body}
        self.notes.setdefault(number, []).append(note)
        return note

    def bodies(self, number: int) -> list[str]:
        """Texts of the notes on a merge request."""
        return [each["body"] for each in self.notes.get(number, [])]

    def writes(self) -> list[str]:
        """Requests that changed something."""
        return [each for each in self.asked if not each.startswith("GET")]


def failing(app: Flask, state: State) -> None:
    """Make the application note what it is asked, and answer the faults that were ordered."""

    def due(after: bool) -> Response | None:
        with state.lock:
            for fault in state.faults:
                fits = fault.method == request.method and request.path.endswith(fault.path)
                if fits and fault.times > 0 and fault.after == after:
                    fault.times -= 1
                    answer = jsonify({"message": f"fault {fault.status}"})
                    answer.status_code = fault.status
                    answer.headers.update(fault.headers)
                    return answer
        return None

    def before() -> Response | None:
        state.asked.append(f"{request.method} {request.path}")
        return due(after=False)

    def afterwards(response: Response) -> Response:
        return due(after=True) or response

    app.before_request(before)
    app.after_request(afterwards)


def refusal(status: int, message: str) -> tuple[Response, int]:
    """An answer that says no."""
    return jsonify({"message": message}), status


def paged(items: list[Any], per_page_key: str = "per_page") -> tuple[list[Any], int, int]:
    """The page that was asked for, its number and the number of pages; a page has at most 100."""
    size = min(int(request.args.get(per_page_key, 20)), 100)
    page = int(request.args.get("page", 1))
    return items[(page - 1) * size : page * size], page, max(1, -(-len(items) // size))


@contextmanager
def serving(app: Flask) -> Generator[str]:
    """The application on a free port of the loopback address; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
