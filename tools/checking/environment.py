"""The Python of Checkov: made once for all checkouts, apart from the program's, whose packages it cannot share."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rehearsal.engine import cache_folder
from tools.sentences import errors
from tools.setup import SetupError, explain, explain_error, locked, make_venv, pip_options, run, uv_environment

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
_STAMP: Final = ".socle"
_REMEDY: Final = "free 200 MB there, or name another folder with SOCLE_CACHE"


def ready(
    requirements: Path = REQUIREMENTS, cache: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Path:
    """Checkov's command, installed where it is not: 200 MB in the cache, in seconds. Raises `SetupError`."""
    shelf = (cache or cache_folder(environ)) / "checkov"
    version = ".".join(map(str, sys.version_info[:2]))
    venv = shelf / f"{version}-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]}"
    command, stamp = venv / "bin" / "checkov", venv / _STAMP
    if stamp.exists() and command.exists():
        return command
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        with locked(shelf, "Set-up: another one is installing Checkov, waiting for it"):
            if not (stamp.exists() and command.exists()):
                _install(requirements, venv, dict(environ))
                stamp.touch()
    except OSError as error:
        raise SetupError(f"Checkov: {explain_error(error, shelf, _REMEDY)}") from None
    return command


def _install(requirements: Path, venv: Path, environ: dict[str, str]) -> None:
    errors().print("Set-up: Checkov and what it brings into the cache of all checkouts, once", markup=False)
    make_venv(venv, environ)
    python, wanted = str(venv / "bin" / "python"), ["-r", str(requirements)]
    _, listing = run([sys.executable, "-m", "pip", "config", "list"], environ)
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python, *wanted]
    code, _ = run(uv, uv_environment(pip_options(listing), environ))
    if code:
        code, output = run([python, "-m", "pip", "install", "-q", "--retries", "1", *wanted], environ)
        if code:
            raise SetupError(f"Checkov: {explain('fetching its packages', output, venv)}")
