"""S3 and KMS that answer every question with one error, word by word as AWS documents it."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


def s3_error(status: int, code: str, message: str, more: str = "", **headers: str) -> Answer:
    """An error of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>{more}"
        "<RequestId>4442587FB7D0A2F9</RequestId><HostId>none</HostId></Error>"
    )
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {"Content-Type": "application/xml", **given})


def kms_error(code: str, message: str) -> Answer:
    """An error of KMS: https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html"""
    body = json.dumps({"__type": code, "message": message})
    return Answer(400, body, {"Content-Type": "application/x-amz-json-1.1"})


@contextmanager
def answering(answer: Answer, *, when: str = "", other: Answer | None = None) -> Generator[str]:
    """The address of a server that says nothing else; with `when`, to requests with that header, and `other` to all."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = other if other and when not in self.headers else answer
            body = said.body.encode()
            self.send_response(said.status)
            for name, value in {**said.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 (names that the base class looks for)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class calls it so)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
