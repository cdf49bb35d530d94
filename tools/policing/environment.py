"""The Python of the policy pack: `policy/.venv`, made once, and the option with which the engine takes the pack."""

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tools.sentences import errors
from tools.setup import ROOT, SetupError, explain, locked, make_venv, pip_options, run, uv_environment

PACK: Final = "policy"
_REQUIREMENTS: Final = "requirements.txt"
_STAMP: Final = ".socle"


def ready(root: Path = ROOT, environ: Mapping[str, str] = os.environ) -> Path:
    """The pack's Python, made where it is not there or not up to date. Raises `SetupError`, `OSError`."""
    folder = root / PACK
    venv = folder / ".venv"
    python, stamp = venv / "bin" / "python", venv / _STAMP
    wanted = _wanted(folder)
    if _is(stamp, wanted) and python.exists():
        return python
    with locked(folder, "Set-up: another one is at work on the policy pack, waiting for it"):
        if not _is(stamp, wanted) or not python.exists():
            _install(folder, venv, dict(environ))
            stamp.write_text(wanted, encoding="utf-8")
    return python


def _wanted(folder: Path) -> str:
    version = ".".join(map(str, sys.version_info[:2]))
    return f"{version} {folder} {hashlib.sha256((folder / _REQUIREMENTS).read_bytes()).hexdigest()}"


def _is(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def _install(folder: Path, venv: Path, environ: dict[str, str]) -> None:
    errors().print(f"Set-up: packages of the policy pack into {PACK}/.venv, once", markup=False)
    make_venv(venv, environ)
    python, requirements = str(venv / "bin" / "python"), ["-r", str(folder / _REQUIREMENTS)]
    _, listing = run([sys.executable, "-m", "pip", "config", "list"], environ)
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python, *requirements]
    code, _ = run(uv, uv_environment(pip_options(listing), environ))
    if code:
        code, output = run([python, "-m", "pip", "install", "-q", *requirements], environ)
        if code:
            raise SetupError(explain(f"fetching the packages of {PACK}/{_REQUIREMENTS}", output, folder))


def options(root: Path = ROOT, make: Callable[[Path], Path] = ready) -> list[str]:
    """Options that make the engine keep the rules; none, after a sentence, where the pack's Python cannot be made."""
    try:
        make(root)
    except (SetupError, OSError) as reason:
        errors().print(
            f"Policies: the engine runs without the rules of {PACK}/ ({reason}); `make policy` evaluates them",
            markup=False,
        )
        return []
    return ["--policy-pack", str(root / PACK)]
