"""Runs the engine on this terminal to its end: a signal is for the engine, which knows how to stop."""

import os
import signal
import subprocess
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


def attended(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> int:
    """Run a command and wait for its end, whatever signals come; its exit code."""
    with subprocess.Popen(command, cwd=folder, env=dict(environ)) as process, _signals_to(process):
        return process.wait()


@contextmanager
def _signals_to(process: subprocess.Popen[bytes]) -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets no other thread say what a signal does
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        # A terminal gives Ctrl-C to the engine itself; a second one would make it drop what it is doing.
        if number != signal.SIGINT or not os.isatty(0):
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
