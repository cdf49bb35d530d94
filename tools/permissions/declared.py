"""What the stacks declare, remembered in the checkout until a source of it changes."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from settings import read_stack_file

_SOURCES: Final = ("components", "functions", "rehearsal", "settings", "stack", "versions")
"""Folders that decide what a stack declares."""


@dataclass(frozen=True)
class Declared:
    """What of AWS a stack asks for."""

    types: Sequence[str]
    """Tokens of its AWS resource types."""
    lookups: Sequence[str]
    """Tokens of its AWS look-ups."""
    attached: Sequence[str]
    """ARNs of the managed policies that its roles get."""


def stacks(folder: Path) -> list[str]:
    """Names of all stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in folder.glob("Pulumi.*.yaml"))


def declared(names: Sequence[str], folder: Path) -> dict[str, Declared]:
    """What each of these stacks declares.

    Raises `SettingsError` when a stack file is wrong.
    """
    files = [*(folder / f"Pulumi.{name}.yaml" for name in names), *sorted(_sources(folder))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))))
    for file in files:
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    remembered = folder / ".rehearsal" / "permissions" / f"{digest.hexdigest()[:24]}.json"
    if remembered.is_file():
        known: dict[str, dict[str, list[str]]] = json.loads(remembered.read_text(encoding="utf-8"))
        return {name: Declared(**fields) for name, fields in known.items()}
    from tools.permissions.mock_engine import declare  # noqa: PLC0415 (late: the SDKs take seconds)

    found = {name: Declared(**declare(read_stack_file(folder / f"Pulumi.{name}.yaml"), name)) for name in names}
    remembered.parent.mkdir(parents=True, exist_ok=True)
    for old in remembered.parent.glob("*.json"):
        old.unlink(missing_ok=True)
    # Under a name of its own first: another command may be reading.
    half = remembered.with_suffix(f".{os.getpid()}")
    half.write_text(json.dumps({name: asdict(each) for name, each in found.items()}), encoding="utf-8")
    half.replace(remembered)
    return found


def _sources(folder: Path) -> Iterator[Path]:
    yield folder / "requirements.txt"
    for name in _SOURCES:
        for file in (folder / name).rglob("*"):
            if file.suffix in (".py", ".yaml", ".js"):
                yield file
