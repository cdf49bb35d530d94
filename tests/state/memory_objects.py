"""A bucket in memory with conditional writes and a clock of its own, for tests of many interleavings."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import cast

from tools.state.backend import Backend
from tools.state.objects import Objects, Stored


class MemoryObjects:
    """What a lease asks of `Objects`, and no more."""

    backend = Backend("socle-state", "eu-west-3")

    def __init__(self) -> None:
        self.clock = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.stored: dict[str, Stored] = {}
        self.lose_answers = False
        """Whether a write is carried out and answered by a refusal, as when it was repeated after a lost answer."""
        self._numbers = itertools.count()

    def objects(self) -> Objects:
        return cast(Objects, self)

    def now(self) -> datetime:
        return self.clock

    def later(self, **time: float) -> None:
        self.clock += timedelta(**time)

    def read(self, key: str, version: str | None = None) -> Stored | None:
        return self.stored.get(key)

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.stored if key.startswith(prefix))

    def create(self, key: str, body: bytes) -> str | None:
        return None if key in self.stored else self._put(key, body)

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        known = self.stored.get(key)
        return self._put(key, body) if known and known.etag == etag else None

    def remove(self, key: str, etag: str) -> bool:
        known = self.stored.get(key)
        if known is None or known.etag != etag:
            return False
        del self.stored[key]
        return True

    def write(self, key: str, body: bytes) -> str:
        return self._put(key, body) or ""

    def _put(self, key: str, body: bytes) -> str | None:
        etag = f'"{next(self._numbers)}"'
        self.stored[key] = Stored(body, etag, "", self.clock)
        return None if self.lose_answers else etag
