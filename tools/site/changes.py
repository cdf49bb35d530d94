"""What a publication changes: what it uploads, deletes, and makes CloudFront forget."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from tools.site.built import File
from tools.site.headers import Headers
from tools.site.release import Release

MOST_PATHS: Final = 1000
"""Above as many paths, one wildcard is better: it counts as one path, and the first 1,000 of a month are free.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PayingForInvalidation.html
"""
_INDEX: Final = "index.html"


@dataclass(frozen=True)
class Changes:
    """Paths of files, under the first page of the site."""

    uploaded: tuple[str, ...]
    """Not in the bucket as they were built, or not what the last complete release had."""
    deleted: tuple[str, ...]
    """In the bucket, and neither built nor still needed."""
    stale: tuple[str, ...]
    """Of which CloudFront may hold another content."""

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.uploaded or self.deleted or self.stale)


@dataclass(frozen=True)
class Wanted:
    """A file as it should be."""

    etag: str
    headers: Headers


def wanted_of(files: Mapping[str, File]) -> dict[str, Wanted]:
    """Built files as they should be in the bucket."""
    return {path: Wanted(file.etag, file.headers) for path, file in files.items()}


def compare(wanted: Mapping[str, Wanted], listing: Mapping[str, str], base: Release | None) -> Changes:
    """What has to change from what lies in the bucket, and from the release that CloudFront has served.

    These two differ after a publication that was left half done. Hashed files of the release that is left stay for
    those who still read its pages; the publication after this one deletes them. Without a release on record nobody
    knows the headers of what lies there, and all is uploaded.
    """
    before = base.files if base else {}

    def is_as_before(path: str) -> bool:
        old = before.get(path)
        return old is not None and (old.etag, old.headers) == (wanted[path].etag, wanted[path].headers)

    uploaded = [path for path in wanted if listing.get(path) != wanted[path].etag or not is_as_before(path)]
    needed = {path for path, kept in before.items() if kept.headers.kept}
    deleted = [path for path in listing if path not in wanted and path not in needed]
    gone = [path for path in before if path not in wanted and path not in needed]
    # A file that nobody had before is in no cache.
    stale = {path for path in uploaded if path in listing or path in before} | {*deleted, *gone}
    return Changes(tuple(sorted(uploaded)), tuple(sorted(deleted)), tuple(sorted(stale)))


def compare_contents(wanted: Mapping[str, Wanted], listing: Mapping[str, str]) -> Changes:
    """What has to change from what lies in the bucket, where the same commands put all of it there."""
    uploaded = [path for path in wanted if listing.get(path) != wanted[path].etag]
    deleted = [path for path in listing if path not in wanted]
    stale = [*deleted, *(path for path in uploaded if path in listing)]
    return Changes(tuple(sorted(uploaded)), tuple(sorted(deleted)), tuple(sorted(stale)))


def addresses(paths: Iterable[str], base: str = "/") -> list[str]:
    """Paths that CloudFront is told to forget for these files, under the path `base` of the first page.

    The function at the edge turns `/a/` into `/a/index.html`: AWS advises to name both.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
    """
    found: set[str] = set()
    for path in paths:
        address = base + quote(path)
        found.add(address)
        if address.rpartition("/")[2] == _INDEX:
            found.add(address.removesuffix(_INDEX))
    return sorted(found) if len(found) <= MOST_PATHS else [f"{base}*"]
