"""What publishing works with, so that tests can give it others; and the way to a stack's site."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from settings import read_stack
from tools.account import GLOBAL
from tools.pulumi_cli import Pulumi
from tools.sentences import refuse, sentences
from tools.setup import ROOT
from tools.site import smoke, upload
from tools.site.built import SOURCE
from tools.site.cache import Cache
from tools.site.current import Current
from tools.site.place import Place, place_of
from tools.site.refused import SiteRefused
from tools.site.release import Releases
from tools.site.shelf import Shelf
from tools.smoke_tests.finding import Finding
from tools.state.backend import Backend
from tools.state.objects import Objects, client_of


def find_place(stack: str, folder: Path = ROOT) -> Place:
    """The place of a stack's site: its settings first, for these cost nothing to ask."""
    settings = read_stack(stack, folder)
    return place_of(stack, settings, {} if settings.site is None else Pulumi(stack).outputs())


def find_url(stack: str, folder: Path = ROOT) -> str:
    """Address of a stack's site: nothing but a file is read where the site has a name of its own."""
    site = read_stack(stack, folder).site
    return f"https://{site.domain}" if site and site.domain else find_place(stack, folder).url


@dataclass(frozen=True)
class Means:
    """What publishing and going back work with."""

    place: Callable[[str], Place] = find_place
    aws: upload.Aws = upload.aws
    smoke: Callable[[str, str], list[Finding]] = smoke.until_well
    """Asks an address for a first page with an etag."""
    sleep: Callable[[float], None] = time.sleep
    source: Path = SOURCE
    """Where the sources of the site are."""
    clients: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    """Of AWS, by service and region: making one takes longer than asking it."""

    def objects(self, place: Place) -> Objects:
        """Records in the bucket of a site."""
        return Objects(Backend(place.bucket, place.region), self._client(place, "s3", place.region))

    def shelf(self, place: Place) -> Shelf:
        """Files in the bucket of a site."""
        return Shelf(self._client(place, "s3", place.region), place.bucket, place.prefix)

    def cache(self, place: Place) -> Cache:
        """Caches of a site."""
        return Cache(self._client(place, "cloudfront", GLOBAL), place.distribution, self.sleep)

    def released(self, place: Place) -> str:
        """Etag of the released first page; empty for a preview, and where nothing was released."""
        objects = self.objects(place)
        name = None if place.prefix else Current(objects).read().pointer.release
        release = Releases(objects).read(name) if name else None
        return release.files["index.html"].etag if release else ""

    def _client(self, place: Place, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self.clients:
            self.clients[key] = client_of(Backend(place.bucket, place.region), service, region)
        return self.clients[key]


@contextmanager
def at_place(stack: str, again: str, means: Means, preview: str = "") -> Generator[Place]:
    """The place of a stack's site, or of a preview beside it; what goes wrong meanwhile is one sentence."""
    with site_sentences(stack, again):
        place = means.place(stack)
        yield place.preview(preview) if preview else place


@contextmanager
def site_sentences(stack: str, again: str) -> Generator[None]:
    """Say what went wrong with a site, and how to go on: 2 for bad input, 1 for a failure of the cloud."""
    with sentences(stack, again):
        try:
            yield
        except SiteRefused as error:
            raise refuse(str(error), error.code) from None
