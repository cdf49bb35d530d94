"""A small site that tests build, publish and take back."""

import contextlib
import functools
import io
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from awscli.clidriver import create_clidriver

from tests.site.cloud import BUCKET, SiteCloud
from tests.state.cloud import PARIS
from tools import publish, unpublish
from tools.site.built import STAMP, digest_of_sources
from tools.site.means import Means
from tools.site.place import Place
from tools.site.smoke import until_well
from tools.site.upload import Done
from tools.smoke_tests.finding import Finding

PAGE = '<!doctype html><html><link href="{base}assets/site.{sheet}.css"><body><h1>{text}</h1></body></html>\n'


def pages(sheet: str = "aaa", base: str = "/", **texts: str) -> dict[str, str]:
    """Files of a site: a first page, a 404 page, one page for each of `texts`, and their style."""
    named = {f"{name}/index.html": PAGE.format(base=base, sheet=sheet, text=text) for name, text in texts.items()}
    return {
        "index.html": PAGE.format(base=base, sheet=sheet, text="first"),
        "404.html": PAGE.format(base=base, sheet=sheet, text="nothing here"),
        "rss.xml": "<rss/>\n",
        f"assets/site.{sheet}.css": f"/* {sheet} */\n",
        **named,
    }


@functools.cache
def _driver(endpoint: str) -> Any:
    del endpoint  # a driver keeps that of its first run
    return create_clidriver()


def aws_here(arguments: Sequence[str]) -> Done:
    """The real `aws`, without a process of its own for each of its runs: starting one takes longer than its work."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = _driver(os.environ["AWS_ENDPOINT_URL"]).main(list(arguments))
    return Done(code or 0, said.getvalue())


def _without_waiting(_: float) -> None:
    """For caches that are ready."""


def at_once(address: str, etag: str) -> list[Finding]:
    """The smoke test without patience: the edge of these tests needs none."""
    return until_well(address, etag, minutes=0)


@dataclass
class Desk:
    """Where a person stands who publishes."""

    source: Path
    """Sources of the site, built in `dist`."""
    cloud: SiteCloud
    url: str
    lasting: bool = False
    means: Means = Means()  # noqa: RUF009 (frozen, and replaced below)

    def __post_init__(self) -> None:
        (self.source / "src").mkdir(parents=True, exist_ok=True)
        (self.source / "src" / "page.astro").write_text("first", encoding="utf-8")
        given = Means(aws=aws_here, smoke=at_once, sleep=_without_waiting)
        self.means = replace(given, place=self.find, source=self.source)

    @property
    def place(self) -> Place:
        return Place("staging", BUCKET, PARIS, self.cloud.distribution, self.url, lasting=self.lasting)

    def find(self, _: str) -> Place:
        return self.place

    def build(self, files: dict[str, str], base: str = "/") -> None:
        """What `npm run build` leaves: these files, and a stamp."""
        dist = self.source / "dist"
        for old in sorted(dist.rglob("*"), reverse=True) if dist.exists() else ():
            old.rmdir() if old.is_dir() else old.unlink()
        for path, text in files.items():
            (dist / path).parent.mkdir(parents=True, exist_ok=True)
            (dist / path).write_text(text, encoding="utf-8")
        stamp = {"site": self.url, "base": base, "sources": digest_of_sources(self.source)}
        (dist / STAMP).write_text(json.dumps(stamp), encoding="utf-8")

    def touch(self, moment: float | None = None) -> None:
        """Date all built files: now, unless told."""
        moment = time.time() if moment is None else moment
        for file in (self.source / "dist").rglob("*"):
            os.utime(file, (moment, moment))

    def publish(self, release: str = "", preview: str = "", *, dry_run: bool = False, take_over: bool = False) -> None:
        publish.run("staging", preview=preview, release=release, dry_run=dry_run, take_over=take_over, means=self.means)

    def unpublish(
        self, release: str = "", preview: str = "", *, dry_run: bool = False, take_over: bool = False
    ) -> None:
        unpublish.run(
            "staging", preview=preview, release=release, dry_run=dry_run, take_over=take_over, means=self.means
        )

    def release(self, name: str, files: dict[str, str]) -> None:
        """Build and publish."""
        self.build(files)
        self.publish(name)

    def given(self, **means: object) -> None:
        """Work with other means."""
        self.means = replace(self.means, **means)  # pyright: ignore[reportArgumentType] (tests know what they give)

    def read(self, path: str) -> requests.Response:
        """What a visitor gets."""
        return requests.get(f"{self.url}{path}", timeout=10)
