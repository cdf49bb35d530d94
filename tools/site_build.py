"""Builds the site for a stack and checks it: `python -m tools.site_build [--stack STACK] [--preview NAME]`."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.site.built import SOURCE
from tools.site.means import find_url, site_sentences
from tools.site.place import preview_prefix

INSTALLED: Final = "node_modules/.socle-installed"
"""Holds the digest of the lock file that was installed."""
LEAST_NODE: Final = 20
_NOBODY: Final = "https://www.example.com"

Npm = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs `npm` with arguments and more variables, and shows what it prints; its exit code."""


def npm(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """The `npm` of this machine, in the folder of the site."""
    environ = {**os.environ, "ASTRO_TELEMETRY_DISABLED": "1", **variables}
    return subprocess.run(["npm", *arguments], cwd=SOURCE, env=environ, check=False).returncode  # noqa: S607 (npm is where Node is)


def node() -> str:
    """Version of Node, such as v20.20.2; empty when there is none."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        return ""
    return subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()


@dataclass(frozen=True)
class Means:
    """What a build works with, so that tests can give it others."""

    npm: Npm = npm
    node: Callable[[], str] = node
    url: Callable[[str], str] = find_url
    """Address of a stack's site."""
    source: Path = SOURCE


def run(stack: str, *, preview: str, verbs: Sequence[str], means: Means | None = None) -> None:
    """Install what is locked, and run scripts of the site's package.json; raises `typer.Exit` at the first failure."""
    means = means or Means()
    version = means.node()
    if not version.startswith("v") or int(version[1:].split(".")[0]) < LEAST_NODE:
        raise refuse(
            f"the site is built by Node {LEAST_NODE} or newer, found {version or 'none'}: install it", BAD_INPUT
        )
    variables = _variables(stack, preview, means) if "build" in verbs else {}
    _install(means)
    for verb in verbs:
        if code := means.npm(["run", "--silent", verb], variables):
            raise refuse(f"`npm run {verb}` failed in site/: see above", code)


def _variables(stack: str, preview: str, means: Means) -> dict[str, str]:
    if not stack:
        if preview:
            raise refuse("PREVIEW needs a STACK: `make site STACK=staging PREVIEW=mr-42`", BAD_INPUT)
        return {"SITE_URL": _NOBODY, "SITE_BASE": "/"}
    with site_sentences(stack, f"make site STACK={stack}"):
        return {"SITE_URL": means.url(stack), "SITE_BASE": f"/{preview_prefix(preview) if preview else ''}"}


def _install(means: Means) -> None:
    source: Path = means.source
    mark, wanted = source / INSTALLED, hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    if means.npm(["ci"], {}):
        raise refuse("`npm ci` failed in site/: see above, a registry may be out of reach", FAILED)
    mark.parent.mkdir(exist_ok=True)
    mark.write_text(wanted, encoding="utf-8")


def main(
    verbs: Annotated[list[str], typer.Argument(help="Scripts of site/package.json, in order.")],
    stack: Annotated[str, typer.Option(help="Build for the address of this stack.")] = "",
    preview: Annotated[str, typer.Option(help="Build for /previews/NAME/, such as mr-42.")] = "",
) -> None:
    """Install what is locked and run scripts of the site, such as build, check, scan and test."""
    run(stack, preview=preview, verbs=verbs)


if __name__ == "__main__":
    typer.run(main)
