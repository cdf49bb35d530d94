"""Where the site of a stack is published."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from settings import Settings
from tools.site.refused import SiteFailed, SiteRefused

RESERVED: Final = ".socle/"
"""Folder of the bucket with the records of releases; the bucket's policy hides it from CloudFront."""
PREVIEWS: Final = "previews/"
"""Folder of the bucket with the sites of merge requests; S3 deletes what is in it after a while."""
# One segment of a path, without anything that an address would have to escape.
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Place:
    """Where files go, and where people find them."""

    stack: str
    bucket: str
    region: str
    """Of the bucket."""
    distribution: str
    """Id of the CloudFront distribution."""
    url: str
    """Address of the site, without a last slash."""
    hashed: tuple[str, ...] = ("/assets/*",)
    """Patterns of files whose name changes with their content."""
    lasting: bool = False
    """Whether the files outlive the stack: it is not one that comes and goes."""
    prefix: str = ""
    """Folder in the bucket, with its last slash; empty for the site itself."""

    @property
    def base(self) -> str:
        """Path of the first page."""
        return f"/{self.prefix}"

    @property
    def address(self) -> str:
        """Address of the first page, with its last slash."""
        return f"{self.url}{self.base}"

    def preview(self, name: str) -> "Place":
        """The place of a merge request's site beside this one, under a path of its own.

        Raises `SiteRefused` for a name that is no segment of a path, and on a stack whose files last: pages that
        nobody reviewed would come from the address that visitors trust.
        """
        prefix = preview_prefix(name)
        if self.lasting:
            raise SiteRefused(
                f"{self.stack}: keeps its files (socle:site.delete_contents is false), so pages that nobody reviewed "
                "do not go beside them: preview on a stack that comes and goes, such as staging"
            )
        return Place(self.stack, self.bucket, self.region, self.distribution, self.url, self.hashed, False, prefix)


def preview_prefix(name: str) -> str:
    """Folder of a merge request's site; raises `SiteRefused` for a name that is no segment of a path."""
    if not _NAME.fullmatch(name):
        raise SiteRefused(f"PREVIEW must be up to 40 lower-case letters, digits and dashes such as mr-42, got {name!r}")
    return f"{PREVIEWS}{name}/"


def place_of(stack: str, settings: Settings, outputs: Mapping[str, Any]) -> Place:
    """The place of a stack's site, from its settings and outputs; raises `SiteRefused`."""
    if settings.site is None:
        raise SiteRefused(f"{stack}: has no socle:site, so there is nowhere to publish to")
    missing = [name for name in ("bucket", "distribution", "site_url") if not outputs.get(name)]
    if missing:
        raise SiteFailed(f"{stack}: has no output {missing[0]!r} yet: `make up STACK={stack}` first")
    return Place(
        stack=stack,
        bucket=str(outputs["bucket"]),
        region=str(settings.region),
        distribution=str(outputs["distribution"]),
        url=str(outputs["site_url"]).rstrip("/"),
        hashed=tuple(settings.site.hashed_paths),
        lasting=not settings.site.delete_contents,
    )
