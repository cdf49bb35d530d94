"""The Python of the policy pack: `policy/.venv`, made once, and the option with which the engine takes the pack."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tools.environments import programs_of
from tools.sentences import errors
from tools.setup import ROOT, SetupError

PACK: Final = "policy"
_REQUIREMENTS: Final = "requirements.txt"


def ready(root: Path = ROOT, environ: Mapping[str, str] = os.environ) -> Path:
    """The pack's Python, made where it is not there or not up to date. Raises `SetupError`, `OSError`."""
    folder = root / PACK
    return programs_of(folder / ".venv", folder / _REQUIREMENTS, "the policy pack", environ) / "python"


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
