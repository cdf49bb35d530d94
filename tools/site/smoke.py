"""Asks a published site whether it is well: its first page, headers, 404 page and a file of its style."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import requests
from rich.console import Console

from tools.site.headers import KEPT
from tools.smoke_tests.finding import Finding

MINUTES: Final = 2.0
"""How long a site may take to be well: names and caches need a moment."""
_PAUSE: Final = 5.0
_PATIENCE: Final = (5, 20)
_MOST: Final = 16 * 1024 * 1024
_HASHED: Final = re.compile(r'(?:href|src)="(/[^"]*\bassets/[^"?#]+)"')
_REQUIRED: Final = ("content-security-policy", "x-content-type-options")


@dataclass(frozen=True)
class Answer:
    """What an address answered, headers in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: str = ""
    """Why there was no answer."""


Get = Callable[[str], Answer]
"""Asks an address, and follows it nowhere."""


def get(url: str) -> Answer:
    """Ask an address over the network."""
    try:
        answer = requests.get(url, timeout=_PATIENCE, allow_redirects=False)
    except requests.exceptions.SSLError:
        return Answer(0, failure="no TLS that a browser would accept: see the certificate")
    except requests.RequestException as error:
        return Answer(0, failure=f"no answer ({type(error).__name__})")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status_code, answer.content[:_MOST], headers)


def look(address: str, etag: str, ask: Get = get) -> list[Finding]:
    """Ask everything once. `etag` is that of the released first page; empty when nobody knows it."""
    home = ask(address)
    found = [_home(address, home, etag), _closed(address, home), _missing(address, ask)]
    origin = re.match(r"https?://[^/]+", address)
    hashed = _HASHED.search(home.body.decode("utf-8", errors="replace"))
    if origin and hashed:
        found.append(_kept(origin[0] + hashed[1], ask))
    return found


def until_well(
    address: str,
    etag: str = "",
    ask: Get = get,
    *,
    minutes: float = MINUTES,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Finding]:
    """Ask until all is well or the time is over."""
    end = clock() + minutes * 60
    while True:
        found = look(address, etag, ask)
        if all(each.good for each in found) or clock() + _PAUSE > end:
            return found
        sleep(_PAUSE)


def show(found: list[Finding], console: Console) -> bool:
    """Print what was found; whether all is well."""
    for each in found:
        console.print(f"{'ok  ' if each.good else 'BAD '} {each.what}: {each.said}", markup=False)
    return all(each.good for each in found)


def _home(address: str, answer: Answer, etag: str) -> Finding:
    what = f"GET {address}"
    if answer.failure or answer.status != 200:  # noqa: PLR2004 (a status of HTTP is its own name)
        return Finding(what, good=False, said=answer.failure or f"{answer.status}, expected 200")
    kind = answer.headers.get("content-type", "nothing")
    if not kind.startswith("text/html"):
        return Finding(what, good=False, said=f"sent as {kind}, expected text/html")
    if etag and "-" not in etag and hashlib.md5(answer.body, usedforsecurity=False).hexdigest() != etag:
        return Finding(what, good=False, said="200, but not the page of this release: a cache has another one")
    return Finding(what, good=True, said="200, the page of this release" if etag else "200")


def _closed(address: str, answer: Answer) -> Finding:
    wanted = (*_REQUIRED, "strict-transport-security") if address.startswith("https:") else _REQUIRED
    missing = [name for name in wanted if not answer.headers.get(name)]
    return Finding(
        f"headers of {address}",
        good=not missing,
        said=f"no {', '.join(missing)}" if missing else "closed as they should",
    )


def _missing(address: str, ask: Get) -> Finding:
    # A name that no cache has seen.
    nowhere = f"{address}nowhere-{secrets.token_hex(4)}/"
    answer = ask(nowhere)
    good = answer.status == 404 and b"<h1" in answer.body  # noqa: PLR2004 (likewise)
    said = answer.failure or f"{answer.status}, {'with' if b'<h1' in answer.body else 'without'} a page"
    return Finding(f"GET {nowhere}", good=good, said=said if good else f"{said}, expected 404 with one")


def _kept(url: str, ask: Get) -> Finding:
    answer = ask(url)
    said = answer.failure or f"{answer.status}, Cache-Control {answer.headers.get('cache-control', 'missing')!r}"
    good = answer.status == 200 and answer.headers.get("cache-control") == KEPT  # noqa: PLR2004 (likewise)
    return Finding(f"GET {url}", good=good, said=said if good else f"{said}, expected 200 and {KEPT!r}")
