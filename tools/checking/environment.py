"""The Python of Checkov: made once for all checkouts, apart from the program's, whose packages it cannot share."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rehearsal.engine import cache_folder
from tools.environments import digest_of, programs_of
from tools.setup import SetupError, explain_error

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
_REMEDY: Final = "free 200 MB there, or name another folder with SOCLE_CACHE"


def ready(
    requirements: Path = REQUIREMENTS, cache: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Path:
    """Checkov's command, installed where it is not: 200 MB in the cache, in seconds. Raises `SetupError`."""
    shelf = (cache or cache_folder(environ)) / "checkov"
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        return programs_of(shelf / digest_of(requirements), requirements, "Checkov", environ) / "checkov"
    except OSError as error:
        raise SetupError(f"Checkov: {explain_error(error, shelf, _REMEDY)}") from None
