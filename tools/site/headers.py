"""What a file of the site is called and how long it is kept, by its path: the same on every machine that publishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

KEPT: Final = "public, max-age=31536000, immutable"
"""Cache-Control of a file whose name changes with its content."""
SHORT: Final = "public, max-age=0, s-maxage=60, must-revalidate"
"""Cache-Control of every other file: browsers ask each time, CloudFront once a minute.

So pages are right within a minute even where an invalidation failed. The minute is that of `components/edge_rules.py`.
"""
UNKNOWN: Final = "application/octet-stream"
_UTF8: Final = "; charset=utf-8"
# The `mimetypes` of Python, and with it `aws s3 sync`, read /etc/mime.types where it exists: this table does not vary.
# https://www.iana.org/assignments/media-types/media-types.xhtml
_TYPES: Final = {
    ".avif": "image/avif",
    ".css": f"text/css{_UTF8}",
    ".gif": "image/gif",
    ".html": f"text/html{_UTF8}",
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": f"text/javascript{_UTF8}",
    ".json": "application/json",
    ".mjs": f"text/javascript{_UTF8}",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": f"text/plain{_UTF8}",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": f"application/xml{_UTF8}",
}


@dataclass(frozen=True)
class Headers:
    """Headers that S3 stores with a file, and CloudFront sends."""

    type: str
    """Content-Type."""
    cache: str
    """Cache-Control."""

    @property
    def kept(self) -> bool:
        """Whether the file never changes under its name."""
        return self.cache == KEPT


def headers_of(path: str, hashed: Sequence[str]) -> Headers:
    """Headers of a file; `hashed` are the patterns of `socle:site.hashed_paths`."""
    kept = any(fnmatchcase(f"/{path}", pattern) for pattern in hashed)
    return Headers(_TYPES.get(PurePosixPath(path).suffix.lower(), UNKNOWN), KEPT if kept else SHORT)
