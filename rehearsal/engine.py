"""Finds the Pulumi engine: on PATH, in our cache, from the official installer, or built with Go."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pulumi.automation import PulumiCommand
from semver import VersionInfo

from rehearsal import engine_sources
from tools.setup import SetupError, explain_error, locked

ENGINE: Final = "3.250.0"
"""The version that we install or build, and the oldest that suffices; rehearsal/engine_build/go.mod names it too."""

_CHECKOUT: Final = Path(__file__).resolve().parent.parent

Origin = Literal["PATH", "cache", "installer", "Go build"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A Pulumi engine that is ready to run."""

    command: Path
    """The `pulumi` executable."""
    version: str
    """Its version, without a leading v."""
    origin: Origin
    """Where this call of `find` got it."""

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The variables to add to `environ` so that `pulumi` is this engine, with this checkout's Python."""
        path = os.pathsep.join([str(self.command.parent), environ.get("PATH", os.defpath)])
        return {"PATH": path, engine_sources.CHECKOUT: str(_CHECKOUT), "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def automation(self) -> PulumiCommand:
        """The same engine for the Automation API; runs it once, 0.2 s, to read its version."""
        return PulumiCommand() if self.origin == "PATH" else PulumiCommand(root=str(self.command.parent.parent))


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where engines are kept for all checkouts: SOCLE_CACHE, else `socle` in XDG_CACHE_HOME or ~/.cache."""
    if environ.get("SOCLE_CACHE"):
        return Path(environ["SOCLE_CACHE"]).absolute()
    home = environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    return Path(environ.get("XDG_CACHE_HOME") or Path(home, ".cache")) / "socle"


def find(cache: Path | None = None) -> Engine:
    """An engine, installed or built into `cache` (`cache_folder()` when omitted) if there is none; else `SetupError`.

    Takes 0.2 s with an engine on PATH, nothing with one in the cache, about 3 minutes on 2 cores for a Go build.
    """
    return _on_path() or _in_cache(cache or cache_folder())


def suffices(version: str) -> bool:
    """Whether an engine of this version understands our programs: the same major version as ours, and not older."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        return False
    given, oldest = VersionInfo(*(int(part) for part in match.groups())), VersionInfo.parse(ENGINE)
    return given.major == oldest.major and given >= oldest


def version_of(command: Path) -> str:
    """What `pulumi version` answers, without the v; empty when it does not run."""
    environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run([command, "version"], env=environ, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().removeprefix("v")


def _on_path() -> Engine | None:
    found = shutil.which("pulumi")
    if found is None:
        return None
    version = version_of(Path(found))
    if suffices(version) and shutil.which(engine_sources.LANGUAGE_HOST):
        return Engine(command=Path(found), version=version, origin="PATH")
    lack = "comes without its language hosts" if suffices(version) else f"is {version or 'not runnable'}"
    print(f"Engine: {found} {lack}, a complete {ENGINE} or newer 3.x is needed: looking elsewhere", flush=True)
    return None


def _in_cache(cache: Path) -> Engine:
    """The engine of `cache`, fetched first when it is not there."""
    engines = cache / "engine"
    command = engines / ENGINE / "bin" / "pulumi"
    origin: Origin = "cache"
    try:
        if not command.exists():
            engines.mkdir(parents=True, exist_ok=True)
            with locked(engines, "Engine: another process is fetching it, waiting for it"):
                if not command.exists():
                    origin = _fetch(engines, engines / ENGINE)
    except OSError as error:
        remedy = "name a folder of yours with 400 MB free, for example `SOCLE_CACHE=/var/tmp/socle make test`"
        raise SetupError(explain_error(error, cache, remedy)) from error
    return Engine(command=command, version=ENGINE, origin=origin)


def _fetch(engines: Path, root: Path) -> Origin:
    """Fetch an engine beside `root`, try it, and only then give it that name: a killed fetch leaves no half engine."""
    start = time.monotonic()
    for leftover in engines.glob(".fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=engines, prefix=".fetch-") as staging:
        origin = engine_sources.fetch(ENGINE, Path(staging, "engine"))
        version = version_of(Path(staging, "engine", "bin", "pulumi"))
        if version != ENGINE:
            raise SetupError(
                f"the engine from {origin} does not run in {engines} (it answers {version or 'nothing'!r}): "
                "name a folder that allows programs, for example `SOCLE_CACHE=/var/tmp/socle make test`"
            )
        shutil.rmtree(root, ignore_errors=True)
        Path(staging, "engine").rename(root)
    print(f"Engine: pulumi {ENGINE} is in {root} ({origin}, {time.monotonic() - start:.0f} s)", flush=True)
    return origin


def main() -> int:
    """Exit code: 0 when an engine is ready, 2 after a sentence that says why not."""
    try:
        engine = find()
    except SetupError as reason:
        print(f"Engine: {reason}", file=sys.stderr)
        return 2
    print(f"Engine: pulumi {engine.version} ({engine.command})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
