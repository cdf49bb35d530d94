"""Whether this machine reaches the Kubernetes API of a stack that keeps it private."""

import os
import socket
from collections.abc import Mapping

import pulumi

TUNNEL = "SOCLE_TUNNEL"
"""Set by `make up` and `make preview` for what they run: the tunnel opens when it is needed."""
_SECONDS = 5


def check_reach(stack: str, port: int, environ: Mapping[str, str] = os.environ) -> None:
    """Raise `pulumi.RunError` unless a tunnel is there, or will be: Kubernetes' own error would name a port alone."""
    if environ.get(TUNNEL):
        return
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_SECONDS).close()
    except OSError:
        raise pulumi.RunError(
            f"the Kubernetes API of {stack} is private, and no tunnel to it is open at 127.0.0.1:{port}: deploy with "
            f"`make up STACK={stack}`, which opens one by itself, or open it with `make tunnel STACK={stack}`"
        ) from None
