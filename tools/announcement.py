"""How Ansible, deep inside a deployment, tells the `make up` around it where the machines are."""

import socket
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tools.forward import SECONDS, connect
from tools.machines import Machines
from tools.ssh_agent import Refused

VARIABLE: Final = "SOCLE_TUNNEL"
"""Names the socket where `make up` listens; programs below it inherit the variable."""
_PIECE: Final = 65536
# It says by itself when there is no tunnel to be had, a little later than after these seconds.
_PATIENCE: Final = SECONDS + 60
_DONE: Final = "ok"


def announce(machines: Machines, environ: Mapping[str, str]) -> None:
    """Tell of machines, and wait until their API answers through the tunnel; without a `make up` around, do nothing.

    Raises `Refused` with the reason when the tunnel cannot be made. The key passes through memory alone.
    """
    path = environ.get(VARIABLE)
    if not path:
        return
    try:
        with connect(Path(path), _PATIENCE) as told:
            told.sendall(machines.model_dump_json().encode())
            told.shutdown(socket.SHUT_WR)
            answer = _all(told).decode()
    except OSError as error:
        raise Refused(f"the `make up` that opens the tunnel does not answer ({error}): run it again") from None
    if answer != _DONE:
        raise Refused(answer or "the `make up` that opens the tunnel has ended: run it again")


@contextmanager
def announced(act: Callable[[Machines], None]) -> Generator[Mapping[str, str]]:
    """Listen for announcements and do `act` with each; yields the variables for what is run meanwhile."""
    with tempfile.TemporaryDirectory(prefix="socle-") as folder:
        path = Path(folder) / "up"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # The folder is for nobody else, and neither is what connects in it.
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=_serve, args=(listener, act), daemon=True).start()
        try:
            yield {VARIABLE: str(path)}
        finally:
            # A thread that waits for connections wakes up only by this.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def _serve(listener: socket.socket, act: Callable[[Machines], None]) -> None:
    while True:
        try:
            told, _ = listener.accept()
            with told:
                told.sendall(_answer(_all(told), act).encode())
        except OSError:
            if listener.fileno() < 0:
                return


def _answer(message: bytes, act: Callable[[Machines], None]) -> str:
    try:
        act(Machines.model_validate_json(message))
    except ValidationError:
        return "an announcement of machines could not be read"
    except Refused as refused:
        return str(refused)
    return _DONE


def _all(source: socket.socket) -> bytes:
    pieces: list[bytes] = []
    while piece := source.recv(_PIECE):
        pieces.append(piece)
    return b"".join(pieces)
