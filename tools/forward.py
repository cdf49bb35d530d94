"""One `ssh` to the bastion of a K3s stack that carries the Kubernetes API of its servers to sockets of this machine."""

import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from tools.machines import Machines, check_installed
from tools.ssh_agent import Refused, agent

API: Final = 6443
"""Port of the API on the servers."""
SECONDS: Final = 45.0
"""What a connection through Session Manager takes at most, and the API of a server that is just starting."""
_PAUSE: Final = 0.2
_LEAVING_SECONDS: Final = 5.0
_SAID: Final = 300
# What `ssh` says of each machine that it sees for the first time.
_GREETING: Final = "Warning: Permanently added"
_OPTIONS: Final = {
    # Nobody is asked anything: a question would wait for ever behind the display of Pulumi.
    "BatchMode": "yes",
    "ConnectTimeout": "20",
    "ExitOnForwardFailure": "yes",
    # A connection that is dead ends, within a minute, and the next request makes another.
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "4",
}


class Forward:
    """A running `ssh` to the bastion, which passes connections on to the servers: these themselves pass on nothing."""

    def __init__(self, machines: Machines, seconds: float = SECONDS) -> None:
        """Start it, and wait until a server answers. Raises `Refused` with what was said, or who did not answer."""
        self.machines = machines
        self._stack = ExitStack()
        try:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="socle-")))
            # The path of a socket is short: at most 104 characters, of which the name of a server would take many.
            self._sockets = [folder / str(number) for number, _ in enumerate(machines.servers)]
            check_installed(machines.bastion.needs())
            environ = self._stack.enter_context(agent(machines.private_key, dict(os.environ)))
            log = folder / "said"
            with log.open("w") as written:
                started = _started(self._command(), environ, written.fileno())
                self._process = self._stack.enter_context(started)
            if not self._answered(seconds):
                raise Refused(f"no tunnel to the Kubernetes API: {self._reason(_told(log), seconds)}")
        except BaseException:
            self._stack.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the `ssh` still runs."""
        return self._process.poll() is None

    def connection(self) -> socket.socket:
        """A new connection to a server that answers; one that stopped is left for another. Raises `Refused`."""
        found = self._find()
        if found is None:
            raise Refused(f"the Kubernetes API does not answer behind the bastion, on {self._names()}")
        return connect(found)

    def close(self) -> None:
        """End it, and whatever it started."""
        self._stack.close()

    def _command(self) -> list[str]:
        options = [word for name, value in _OPTIONS.items() for word in ("-o", f"{name}={value}")]
        pairs = zip(self._sockets, self.machines.servers, strict=True)
        doors = [word for near, server in pairs for word in ("-L", f"{near}:{server.address}:{API}")]
        return self.machines.bastion.ssh(*options, "-N", *doors)

    def _answered(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.alive:
            if self._find():
                return True
            time.sleep(_PAUSE)
        return False

    def _find(self) -> Path | None:
        """Socket of a server that answers, which is tried first from then on."""
        for near in self._sockets:
            if answers(near):
                self._sockets = sorted(self._sockets, key=near.__ne__)
                return near
        return None

    def _names(self) -> str:
        return ", ".join(f"{server.name} ({server.address})" for server in self.machines.servers)

    def _reason(self, said: str, seconds: float) -> str:
        if not self.alive:
            return f"bastion: {said or f'ssh ended with {self._process.returncode}'}"
        return f"{self._names()} did not answer within {seconds:.0f} seconds{f': {said}' if said else ''}"


def _told(log: Path) -> str:
    """What `ssh` said, each thing once."""
    lines = (line.strip() for line in log.read_text(errors="replace").splitlines())
    return " ".join(dict.fromkeys(line for line in lines if not line.startswith(_GREETING)))[-_SAID:].strip()


@contextmanager
def _started(command: Sequence[str], environ: Mapping[str, str], said: int) -> Generator[subprocess.Popen[bytes]]:
    """A process in a group of its own: Ctrl-C is for Pulumi, which finishes what it does through this tunnel."""
    process = subprocess.Popen(
        command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
    )
    try:
        yield process
    finally:
        # Its proxy command is in the group too. Of a process that has ended, the number may be another's by now, and
        # its proxy command reads the end of its input.
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LEAVING_SECONDS)


def connect(address: Path | tuple[str, int], seconds: float = 10.0) -> socket.socket:
    """A connection to a socket of this machine."""
    if not isinstance(address, Path):
        return socket.create_connection(address, timeout=seconds)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(seconds)
    try:
        made.connect(str(address))
    except OSError:
        made.close()
        raise
    return made


def answers(address: Path | tuple[str, int], authority: str | None = None) -> bool:
    """Whether a server of TLS is there, and its certificate signed by `authority` (PEM) if one is given."""
    context = ssl.create_default_context(cadata=authority) if authority else ssl.create_default_context()
    context.check_hostname = False
    if authority is None:
        # Whose certificate it is, its clients find out: their kubeconfig has the authority.
        context.verify_mode = ssl.CERT_NONE
    try:
        with connect(address) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False
