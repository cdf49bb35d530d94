"""Real TLS on the loopback address, with certificates made for the occasion."""

import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tools.smoke_tests.certificates import certificate, judged
from tools.smoke_tests.endpoints import Endpoint
from tools.smoke_tests.pages import page

NOW = datetime(2026, 11, 21, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey


def made(*names: str, days: float = 60, start: float = -1, now: datetime = NOW) -> tuple[x509.Certificate, Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now + timedelta(days=start)).not_valid_after(now + timedelta(days=days))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), False)
    return builder.sign(key, hashes.SHA256()), key


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (name of the base class)
        del format, args


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: those who do not trust the certificate hang up in the middle."""


@contextmanager
def secured(folder: Path, found: x509.Certificate, key: Key) -> Generator[int]:
    """A server with this certificate; its port."""
    file = folder / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(found.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = _Server(("127.0.0.1", 0), _Page)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


@pytest.mark.parametrize("name", ["api.devu42.fr", "*.devu42.fr"])
def test_a_certificate_of_the_host_that_lasts_is_good(name: str) -> None:
    assert not judged(made(name)[0], "api.devu42.fr", NOW)


@pytest.mark.parametrize(
    ("names", "days", "start", "reason"),
    [
        (["traefik.default"], 60, -1, "it is made out to traefik.default"),
        (["*.devu42.fr"], 60, -1, "it is made out to *.devu42.fr"),
        ([], 60, -1, "it is made out to nobody"),
        (["a.api.devu42.fr"], 5, -30, "it ends on 2026-11-26 and was not renewed"),
        (["a.api.devu42.fr"], -1, -30, "it ended on 2026-11-20"),
        (["a.api.devu42.fr"], 90, 1, "it is valid from 2026-11-22 00:00 UTC on: see this machine's clock"),
    ],
)
def test_any_other_certificate_is_told_with_its_reason(
    names: list[str], days: float, start: float, reason: str
) -> None:
    assert judged(made(*names, days=days, start=start)[0], "a.api.devu42.fr", NOW).startswith(reason)


def test_a_certificate_that_nobody_trusts_is_good_only_for_the_staging_issuer(tmp_path: Path) -> None:
    with secured(tmp_path, *made("localhost", now=datetime.now(UTC))) as port:
        assert certificate("localhost", port, trusted=False).good
        refused = certificate("localhost", port)
        untrusted = page(Endpoint(f"https://localhost:{port}/", (200,), trusted=False))
        trusted = page(Endpoint(f"https://localhost:{port}/", (200,)))
        missing = page(Endpoint(f"https://localhost:{port}/x", (200,), trusted=False))
    assert not refused.good
    assert "browsers do not trust it (self-signed certificate)" in refused.said
    assert untrusted.good
    assert not trusted.good
    assert trusted.said == "no TLS that a browser would accept: see the certificate"
    assert (missing.good, missing.said) == (False, "404, expected 200")


def test_a_host_without_tls_is_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert certificate("127.0.0.1", port).said == "no TLS (Connection refused)"
    assert page(Endpoint(f"http://127.0.0.1:{port}/", (200,))).said == (
        "the connection is refused: nothing listens there"
    )


def test_a_name_that_nobody_knows_is_told() -> None:
    found = page(Endpoint("http://nobody.invalid/", (200,)))
    assert not found.good
    assert "the name is not known" in found.said
