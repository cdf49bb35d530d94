"""Pythons beside the program's, for what brings packages that do not go together with its own; each is made once."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.sentences import errors
from tools.setup import SetupError, explain, locked, make_venv, pip_options, run, uv_environment

_STAMP: Final = ".socle"
_VERSION: Final = ".".join(map(str, sys.version_info[:2]))


def programs_of(venv: Path, requirements: Path, called: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Folder of the programs of an environment that has these packages, made where it is not there or out of date.

    Takes seconds the first time, and the network. Raises `SetupError`, `OSError`.
    """
    stamp, wanted = venv / _STAMP, f"{_VERSION} {venv} {digest_of(requirements)}"
    if not _is(stamp, wanted):
        with locked(venv.parent, f"Set-up: another one is at work on {called}, waiting for it"):
            if not _is(stamp, wanted):
                errors().print(f"Set-up: packages of {called} into {venv}, once", markup=False)
                _install(venv, requirements, called, dict(environ))
                stamp.write_text(wanted, encoding="utf-8")
    return venv / "bin"


def digest_of(requirements: Path) -> str:
    """What a file of requirements has, and for which Python."""
    return hashlib.sha256(_VERSION.encode() + requirements.read_bytes()).hexdigest()[:16]


def _is(stamp: Path, wanted: str) -> bool:
    return (
        stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and (stamp.parent / "bin" / "python").exists()
    )


def _install(venv: Path, requirements: Path, called: str, environ: dict[str, str]) -> None:
    make_venv(venv, environ)
    python, wanted = str(venv / "bin" / "python"), ["-r", str(requirements)]
    _, listing = run([sys.executable, "-m", "pip", "config", "list"], environ)
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python, *wanted]
    code, _ = run(uv, uv_environment(pip_options(listing), environ))
    if code:
        code, output = run([python, "-m", "pip", "install", "-q", "--retries", "1", *wanted], environ)
        if code:
            raise SetupError(explain(f"fetching the packages of {called}", output, venv.parent))
