"""The site as it was built: its files, what it was built from, and for which address."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.setup import ROOT
from tools.site.headers import Headers, headers_of
from tools.site.place import PREVIEWS, RESERVED, Place
from tools.site.refused import SiteRefused

SOURCE: Final = ROOT / "site"
STAMP: Final = ".build.json"
"""Written by `site/scripts/stamp.mjs` at the end of a build; never published."""
_SOURCES: Final = ("astro.config.mjs", "package-lock.json", "public", "src", "tsconfig.json")
_REQUIRED: Final = ("index.html", "404.html")
# `aws s3 sync` sends larger files in parts of this size, and S3 names these otherwise:
# https://docs.aws.amazon.com/cli/latest/topic/s3-config.html
_PART: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class File:
    """A file to publish."""

    etag: str
    """What S3 calls its content, without quotes."""
    size: int
    headers: Headers


@dataclass(frozen=True)
class Built:
    """A built site."""

    folder: Path
    address: str
    """Of its first page, with its last slash."""
    files: dict[str, File]
    """By path under the first page."""


def read_built(place: Place, source: Path = SOURCE) -> Built:
    """The built site, which must be whole, of the sources as they are now, and for this place.

    Raises `SiteRefused` otherwise.
    """
    folder = source / "dist"
    again = f"`{make_site(place)}` first"
    stamp = _stamp(folder, again)
    files = {path: _file(folder / path, path, place.hashed) for path in sorted(_paths(folder)) if path != STAMP}
    for path in _REQUIRED:
        if path not in files or not files[path].size:
            raise SiteRefused(f"{folder} holds no {path}, or an empty one: {again}")
    for reserved in (RESERVED, PREVIEWS):
        if found := [path for path in files if path.startswith(reserved)]:
            raise SiteRefused(f"{folder} holds {found[0]}, and {reserved} is ours in the bucket: give it another name")
    if stamp.get("sources") != digest_of_sources(source):
        raise SiteRefused(f"{folder} was built from other sources than those in {source}: {again}")
    address = str(stamp.get("site", "")).rstrip("/") + "/" + str(stamp.get("base", "")).strip("/")
    address = address.rstrip("/") + "/"
    if address != place.address:
        raise SiteRefused(f"{folder} was built for {address}, and goes to {place.address}: {again}")
    return Built(folder, address, files)


def make_site(place: Place) -> str:
    """The command that builds for a place."""
    preview = f" PREVIEW={place.prefix.removeprefix(PREVIEWS).rstrip('/')}" if place.prefix else ""
    return f"make site STACK={place.stack}{preview}"


def digest_of_sources(source: Path = SOURCE) -> str:
    """Digest of all that a build reads, as `site/scripts/stamp.mjs` computes it."""
    whole = hashlib.sha256()
    # JavaScript sorts by UTF-16 units; names of sources are plain enough for Python's order to be the same.
    paths = sorted(path for name in _SOURCES for path in _sources(source, name))
    for path in paths:
        digest = hashlib.sha256((source / path).read_bytes()).hexdigest()
        whole.update(f"{path} {digest}\n".encode())
    return whole.hexdigest()


def etag_of(file: Path) -> str:
    """What S3 calls the content of a file that `aws s3 sync` sends to a bucket with keys of S3."""
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    with file.open("rb") as content:
        parts = [hashlib.md5(part, usedforsecurity=False) for part in iter(lambda: content.read(_PART), b"")]
    if file.stat().st_size < _PART:
        return parts[0].hexdigest() if parts else hashlib.md5(b"", usedforsecurity=False).hexdigest()
    whole = hashlib.md5(b"".join(part.digest() for part in parts), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(parts)}"


def _file(file: Path, path: str, hashed: Sequence[str]) -> File:
    return File(etag_of(file), file.stat().st_size, headers_of(path, hashed))


def _stamp(folder: Path, again: str) -> dict[str, Any]:
    try:
        return json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SiteRefused(f"{folder} holds no built site: {again}") from None


def _paths(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        for name in names:
            yield (Path(where) / name).relative_to(folder).as_posix()


def _sources(source: Path, name: str) -> Iterator[str]:
    if (source / name).is_dir():
        yield from (f"{name}/{path}" for path in _paths(source / name))
    elif (source / name).is_file():
        yield name
