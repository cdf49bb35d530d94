"""Releases of a site: which version of which file each consists of."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from tools.site.headers import Headers
from tools.site.place import RESERVED
from tools.site.refused import SiteFailed
from tools.state.objects import Objects

KEPT: Final = 10
"""How many releases are kept on record."""
_FOLDER: Final = f"{RESERVED}releases/"


class Kept(BaseModel):
    """A file of a release, as it lies in the bucket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    """Id of its version, by which it is found again once another took its place."""
    etag: str
    size: int
    type: str
    cache: str

    @property
    def headers(self) -> Headers:
        """Headers that are stored with it."""
        return Headers(self.type, self.cache)


class Release(BaseModel):
    """What was published at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    since: datetime
    """When it was first complete."""
    by: str
    commit: str
    """Of the sources; empty where nobody knows."""
    address: str
    previous: str | None
    """The release that it took the place of."""
    files: dict[str, Kept]


class Releases:
    """Records of the releases of a site, in its own bucket."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def read(self, name: str) -> Release | None:
        """A release; None when it is not on record. Raises `SiteFailed` for a record that nobody can read."""
        stored = self._objects.read(_key(name))
        if stored is None:
            return None
        try:
            return Release.model_validate_json(stored.body)
        except ValidationError:
            raise SiteFailed(
                f"the record {_key(name)} in s3://{self._objects.backend.bucket} cannot be read: "
                "put an older version of it back, or publish again"
            ) from None

    def names(self) -> list[str]:
        """Ids of all on record."""
        return [key.removeprefix(_FOLDER).removesuffix(".json") for key in self._objects.keys(_FOLDER)]

    def all(self) -> list[Release]:
        """All on record, the newest first."""
        found = [release for name in self.names() if (release := self.read(name))]
        return sorted(found, key=lambda each: (each.since, each.id), reverse=True)

    def write(self, release: Release) -> None:
        """Put a release on record, in the place of one with the same id."""
        self._objects.write(_key(release.id), release.model_dump_json(indent=1).encode())

    def prune(self, current: Release) -> list[str]:
        """Forget all but the newest `KEPT`, and never the current one or the one before; ids of what was forgotten."""
        forgotten = [each.id for each in self.all()[KEPT:] if each.id not in (current.id, current.previous)]
        for name in forgotten:
            self._objects.delete(_key(name))
        return forgotten


def _key(name: str) -> str:
    return f"{_FOLDER}{name}.json"
