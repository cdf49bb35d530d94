"""The near end of a tunnel: a port of this machine that leads to the Kubernetes API, connecting when it is asked to."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tools.forward import Forward
from tools.machines import Machines
from tools.ssh_agent import Refused

_PIECE: Final = 65536


class PortTaken(Refused):
    """Another program listens where the kubeconfig expects the tunnel."""


class Door:
    """Passes connections to a port of this machine on to the API, as soon as it is known where that is.

    The first deployment of a stack makes its machines and speaks to their API in one operation: the door is open from
    the beginning, and told of the machines once they are there. Nobody but this machine can connect.
    """

    def __init__(self, port: int, machines: Machines | None, say: Callable[[str], None]) -> None:
        """Listen at a port, 0 for any. Raises `PortTaken`."""
        self._say = say
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._machines = machines
        self._forward: Forward | None = None
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", port))
        except OSError as error:
            self._listener.close()
            raise PortTaken(
                f"port {port} of this machine is taken ({error.strerror}), perhaps by the tunnel of another stack: "
                "close that one"
            ) from None
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def lead_to(self, machines: Machines) -> None:
        """Connect to these machines now, instead of those known before. Raises `Refused` when that fails."""
        with self._lock:
            self._machines = machines
            self._reach()

    def close(self) -> None:
        """Stop listening, and end the `ssh`."""
        # A thread that waits for connections wakes up only by this.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            self._machines = None
            if self._forward:
                self._forward.close()

    def _reach(self) -> Forward:
        """An `ssh` that runs, to the machines that are known."""
        if self._machines is None:
            raise Refused("a request for the Kubernetes API came before there were machines")
        if self._forward and not (self._forward.alive and self._forward.machines == self._machines):
            self._forward.close()
            self._forward = None
        self._forward = self._forward or Forward(self._machines)
        return self._forward

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near:
            try:
                with self._lock:
                    forward = self._reach()
                far = forward.connection()
            except Refused as refused:
                self._once(str(refused))
                return
            except OSError:
                return
            with far:
                far.settimeout(None)
                back = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
                back.start()
                _pass_on(near, far)
                back.join()

    def _once(self, text: str) -> None:
        """Say something to the person, whose client of Kubernetes will ask again and again."""
        if text not in self._told:
            self._told.add(text)
            self._say(text)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Everything that comes, until no more comes."""
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
