"""The heartbeat of a lease: a thread that says every minute that its holder is alive."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from botocore import exceptions

from tools.state.lease import BEAT, Lease, beat
from tools.state.objects import Objects

_PATIENCE: Final = 10.0
"""Seconds to wait for a beat that is under way when the turn ends."""


def stop_this() -> None:
    """Let this process end as if it had been told to: the engine that it waits for finishes what it is doing."""
    os.kill(os.getpid(), signal.SIGTERM)


class Pulse:
    """Keeps a lease alive until `stop`; calls `lost` once when another has the turn."""

    def __init__(
        self,
        objects: Objects,
        lease: Lease,
        *,
        every: timedelta = BEAT,
        lost: Callable[[], None] = stop_this,
    ) -> None:
        self.lost = False
        """Whether another has the turn now."""
        self._objects, self._lease = objects, lease
        self._every, self._when_lost = every.total_seconds(), lost
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beat no more."""
        self._over.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._over.wait(self._every):
            try:
                next_ = beat(self._objects, self._lease)
            except (exceptions.BotoCoreError, exceptions.ClientError):
                continue  # the network is away for a while: the next one will do
            if next_ is None:
                self.lost = True
                if not self._over.is_set():
                    self._when_lost()
                return
            self._lease = next_
