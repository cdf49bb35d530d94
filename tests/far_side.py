"""Stand-ins for what lies behind a tunnel: an API with its own authority, an `ssh` that leads to it, machines."""

import datetime
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from components.bastion import Access, SshHost
from components.k3s_inventory import KnownNode, Way, inventory
from tools.machines import Machines

GREETING = b"here is the API"
# Passes connections to its sockets on to FAR_PORT, unless the machine is written into DEAD; writes down its call.
_SSH = """#!{python}
import os, pathlib, socket, subprocess, sys, threading
def dead(machine):
    return machine in pathlib.Path(os.environ["DEAD"]).read_text().split()
with open(os.environ["CALLS"], "a") as calls:
    keys = subprocess.run(["ssh-add", "-l"], capture_output=True, text=True).stdout
    held = "with a key" if "ED25519" in keys else "without a key"
    print(os.getpid(), sys.argv[-1], held, *sys.argv[1:-1], file=calls)
if "-L" not in sys.argv:
    sys.exit(int(os.environ.get("SHELL_CODE", "0")))
if dead(sys.argv[-1].partition("@")[2]):
    sys.exit("ssh: connect to host: Connection timed out")
def carry(one, other):
    try:
        while piece := one.recv(65536):
            other.sendall(piece)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def serve(near, server):
    while True:
        one, _ = near.accept()
        try:
            if dead(server):
                raise ConnectionRefusedError
            other = socket.create_connection(("127.0.0.1", int(os.environ["FAR_PORT"])))
        except OSError:
            print("channel 2: open failed: connect failed: Connection refused", file=sys.stderr, flush=True)
            one.close()
            continue
        for pair in ((one, other), (other, one)):
            threading.Thread(target=carry, args=pair, daemon=True).start()
print("Warning: Permanently added 'i-bastion' (ED25519) to the list of known hosts.", file=sys.stderr, flush=True)
for word, door in zip(sys.argv, sys.argv[1:]):
    if word == "-L":
        path, server, port = door.split(":")
        assert port == "6443"
        near = socket.socket(socket.AF_UNIX)
        near.bind(path)
        near.listen()
        threading.Thread(target=serve, args=(near, server), daemon=True).start()
threading.Event().wait()
"""


def free_port() -> int:
    """A port that nobody has for now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def key() -> str:
    """A new SSH key in OpenSSH's format."""
    return (
        ed25519.Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        .decode()
    )


def machines(api_url: str, *, servers: int = 1, access: Access = "ssh") -> Machines:
    """A cluster of servers and one agent, as its component tells of it."""
    address = "203.0.113.7" if access == "ssh" else "i-bastion"
    way = Way(SshHost(address, "i-bastion"), access, "eu-west-3")
    nodes = [
        *((f"server-{i}", "server", f"10.0.10.{i}") for i in range(1, servers + 1)),
        ("vote-1", "agent", "10.0.11.9"),
    ]
    known = [
        KnownNode(name, part, "t3.small", "eu-west-3a", SshHost(ip, f"i-{name}"), {}, ()) for name, part, ip in nodes
    ]
    return Machines(inventory=inventory(known, way, {}), private_key=key(), api_url=api_url)


@dataclass(frozen=True)
class FarSide:
    """What is behind the tunnel."""

    authority: str
    """Certificate of the API, in PEM."""
    calls: Path
    dead: Path

    def lose(self, *machines: str) -> None:
        """Stop these machines, by their addresses; all others run."""
        self.dead.write_text(" ".join(machines))

    @property
    def called(self) -> list[list[str]]:
        """Process id, target, key, and words of each `ssh` so far."""
        return [line.split() for line in self.calls.read_text().splitlines()] if self.calls.exists() else []

    def running(self) -> list[int]:
        """Processes of `ssh` that have not ended."""
        alive: list[int] = []
        for pid, *_ in self.called:
            with suppress(ProcessLookupError):
                os.kill(int(pid), 0)
                alive.append(int(pid))
        return alive


def ask(port: int, authority: str | None = None) -> bytes:
    """What the API says to who connects to a port of this machine."""
    context = ssl.create_default_context(cadata=authority)
    context.check_hostname = authority is not None
    if authority is None:
        context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as there,
    ):
        return there.recv(100)


@contextmanager
def far_side(folder: Path, environ: dict[str, str]) -> Generator[FarSide]:
    """Run the API, and write an `ssh` into `folder` and its PATH, for `environ` is that of the tools."""
    folder.mkdir(exist_ok=True)
    certificate, private = _certificate()
    file = folder / "api.pem"
    file.write_text(private + certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, context), daemon=True).start()
    program = folder / "ssh"
    program.write_text(_SSH.format(python=sys.executable))
    program.chmod(0o700)
    environ["PATH"] = os.pathsep.join([str(folder), environ["PATH"]])
    there = FarSide(certificate, folder / "calls", folder / "dead")
    there.lose()
    environ.update(CALLS=str(there.calls), DEAD=str(there.dead), FAR_PORT=str(listener.getsockname()[1]))
    try:
        yield there
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as client:
            client.sendall(GREETING)


def _certificate() -> tuple[str, str]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "k3s-server-ca")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private_pem = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem).decode(), private_pem.decode()


def printed_configuration(words: list[str]) -> dict[str, str]:
    """What the real `ssh` makes of a command, without connecting."""
    done = subprocess.run(["ssh", "-G", *words[1:]], capture_output=True, text=True, check=True)  # noqa: S607
    pairs = (line.partition(" ") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}
