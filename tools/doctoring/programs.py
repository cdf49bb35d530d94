"""Checks of the engine and of the providers' versions: pinned, installed, and those that wrote the state."""

import re
import shutil
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from semver import VersionInfo

from rehearsal.engine import ENGINE, cache_folder, suffices, version_of
from tools.doctoring.finding import Finding
from tools.doctoring.scene import Scene
from tools.setup import ROOT

_PIN: Final = re.compile(r"^(pulumi(?:-[a-z-]+)?)==(\S+)", re.MULTILINE)
_PROVIDER: Final = "pulumi:providers:"
_SET_UP: Final = "`make check` installs what is pinned"


def engine(scene: Scene) -> Iterator[Finding]:
    """Whether there is an engine that understands the programs and the state; none is fetched."""
    command = _command(scene.environ)
    version = version_of(command) if command else ""
    if not suffices(version):
        yield Finding(
            "engine",
            "broken",
            f"{command} is {version or 'not runnable'}, {ENGINE} or newer is needed" if command else "there is none",
            f"`make preview STACK={scene.stack}` fetches it",
        )
        return
    manifest: dict[str, Any] = (scene.deployment or {}).get("manifest") or {}
    wrote = str(manifest.get("version") or "").removeprefix("v")
    if wrote and _newer(wrote, version):
        yield Finding(
            "engine",
            "warning",
            f"is {version}, and the state was last written by {wrote}",
            "work from a checkout that is as new, for example after `git pull`",
        )
        return
    yield Finding("engine", "ok", f"pulumi {version}" + (f", the state was last written by {wrote}" if wrote else ""))


def plugins(scene: Scene) -> Iterator[Finding]:
    """Whether the providers are those that are pinned, and not older than those that wrote the state."""
    pins = dict(_PIN.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")))
    wrong = [f"{name} {_installed(name) or 'missing'}" for name, pin in pins.items() if _installed(name) != pin]
    if wrong:
        yield Finding("plugins", "broken", f"installed are others than pinned ({', '.join(wrong)})", _SET_UP)
        return
    older = [
        f"{name} {version}"
        for name, version in sorted(_wrote(scene).items())
        if name in pins and _newer(version, pins[name])
    ]
    if older:
        yield Finding(
            "plugins",
            "warning",
            f"the state was written with newer ones than are pinned here ({', '.join(older)})",
            "work from a checkout that is as new, for example after `git pull`",
        )
        return
    yield Finding("plugins", "ok", f"{len(pins)} are installed as they are pinned")


def _command(environ: Mapping[str, str]) -> Path | None:
    found = shutil.which("pulumi", path=environ.get("PATH"))
    if found and suffices(version_of(Path(found))):
        return Path(found)
    cached = cache_folder(environ) / "engine" / ENGINE / "bin" / "pulumi"
    return cached if cached.exists() else Path(found) if found else None


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _wrote(scene: Scene) -> dict[str, str]:
    """Versions of the providers that the state names, by the package of each."""
    found: dict[str, str] = {}
    resources: list[dict[str, Any]] = (scene.deployment or {}).get("resources") or []
    for each in resources:
        type_ = str(each.get("type", ""))
        inputs: dict[str, Any] = each.get("inputs") or {}
        version = inputs.get("version")
        if type_.startswith(_PROVIDER) and version:
            name = f"pulumi-{type_.removeprefix(_PROVIDER)}"
            found[name] = max(found.get(name, ""), str(version), key=_sortable)
    return found


def _newer(one: str, other: str) -> bool:
    return _sortable(one) > _sortable(other)


def _sortable(version: str) -> VersionInfo:
    try:
        return VersionInfo.parse(version)
    except (ValueError, TypeError):
        return VersionInfo(0)
