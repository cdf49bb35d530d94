"""Holds an SSH key in memory for as long as a program runs."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


class Refused(Exception):  # noqa: N818 (reads as what it is)
    """One sentence on why this ends, and what to type next."""


def program(name: str) -> str:
    """Path of a program of OpenSSH's client. Raises `Refused` where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise Refused(f"{name} is not installed: install OpenSSH's client (Debian, Ubuntu: apt install openssh-client)")
    return found


@contextmanager
def agent(key: str, environ: Mapping[str, str]) -> Generator[dict[str, str]]:
    """Hold the key in memory for those who get the environment that this yields."""
    with tempfile.TemporaryDirectory(prefix="socle-") as folder:
        path = Path(folder) / "agent"
        with _running(path, environ):
            environment = {**environ, "SSH_AUTH_SOCK": str(path)}
            text = key if key.endswith("\n") else key + "\n"
            added = subprocess.run(
                [program("ssh-add"), "-q", "-"],
                input=text,
                text=True,
                env=environment,
                capture_output=True,
                check=False,
            )
            if added.returncode:
                raise Refused("the SSH key on standard input is none: it is the stack's output private_key")
            yield environment


@contextmanager
def _running(path: Path, environ: Mapping[str, str]) -> Generator[None]:
    """An agent that listens at a path, in a session of its own: Ctrl-C is for others, who finish with its help.

    It ends with its command within seconds, and that with this process, whatever ends it: its input is a pipe of ours.
    """
    command = ["sh", "-c", "echo $SSH_AGENT_PID && exec cat"]
    with subprocess.Popen(
        [program("ssh-agent"), "-a", str(path), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(environ),
        start_new_session=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 (both are pipes)
        assert process.stdout is not None  # noqa: S101
        # It listens before it starts its command.
        number = process.stdout.readline().strip()
        if not number:
            raise Refused("ssh-agent did not start: see what it says above")
        try:
            yield
        finally:
            process.stdin.close()
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGTERM)
