"""What can go wrong with a state, as the tests make it happen: the table of docs/state-faults.md is rendered from here.

A row lives in `tests/state/fault_rows/<topic>.yaml`, a list of mappings, one file for each topic:

    - id: lock-of-a-killed-update
      fault: the engine is killed with SIGKILL in the middle of an update
      sees: 'staging: <holder> on <host> holds the lock since <age> ...'
      type: ["make unlock STACK=staging", "make up STACK=staging"]
      lost: nothing

`sees` is a sentence of what the command really prints; `<word>` in it stands for what differs from run to run, white
space for any white space. `type` is what the person types then, in that order. `lost` says what could not be brought
back.

Exactly one test claims each row, by its id as a plain string, and proves it with what really happened:

    fault("lock-of-a-killed-update").prove(output, typed=["make unlock STACK=staging", ...], lost=[])

After a change: `python -m tests.state.faults --write`.
"""

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
ROWS: Final = Path(__file__).parent / "fault_rows"
PAGE: Final = ROOT / "docs" / "state-faults.md"
NOTHING: Final = "nothing"
_PLACE: Final = re.compile(r"<[a-z ]+>")
_CLAIM: Final = re.compile(r"\bfault\(\s*\"([a-z0-9-]+)\"\s*\)")
_HEAD: Final = (
    "# When something goes wrong with a state\n\n"
    "Each row is a test that makes it happen, with the real engine on a bucket of a simulated S3. The test compares "
    "what is printed and what is lost with this table, which `python -m tests.state.faults --write` renews. `<word>` "
    "stands for what differs from case to case.\n\n"
    "| fault | what you see | what you type | what is lost |\n|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Fault:
    """One row of the table."""

    id: str
    fault: str
    """What happened, in a few words."""
    sees: str
    """A sentence that is printed, with `<word>` for what differs."""
    type: tuple[str, ...]
    """What one types then, in this order."""
    lost: str
    """What could not be brought back: `nothing`, or what it is."""

    def prove(self, output: str, *, typed: Sequence[str], lost: Collection[str]) -> None:
        """Fail unless the row says what happened: `output` was printed, `typed` was run and `lost` is not there."""
        wanted = _pattern(self.sees)
        assert wanted.search(" ".join(output.split())), f"{self.id}: expected {self.sees!r} in\n{output}"
        assert len(typed) == len(self.type), f"{self.id}: typed {list(typed)}, the row has {list(self.type)}"
        for was, told in zip(typed, self.type, strict=True):
            assert _pattern(told).fullmatch(" ".join(was.split())), f"{self.id}: typed {was!r}, the row has {told!r}"
        assert bool(lost) == (self.lost != NOTHING), f"{self.id}: {list(lost)} lost, the row has {self.lost!r}"


def faults() -> list[Fault]:
    """All rows: the files by name, in each as they stand."""
    found: list[Fault] = []
    for file in sorted(ROWS.glob("*.yaml")):
        rows: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or []
        for row in cast(list[dict[str, Any]], rows):
            given: dict[str, Any] = {**row, "type": tuple(row["type"])}
            found.append(Fault(**given))
    return found


def fault(name: str) -> Fault:
    """The row with this id."""
    return next(each for each in faults() if each.id == name)


def claims() -> list[str]:
    """Ids of rows that tests claim, once for each claim."""
    here = Path(__file__)
    files = [file for file in sorted((ROOT / "tests").rglob("test_*.py")) if file != here]
    return [name for file in files for name in _CLAIM.findall(file.read_text(encoding="utf-8"))]


def page() -> str:
    """The page of the documents."""
    return _HEAD + "".join(_line(each) for each in faults())


def _line(each: Fault) -> str:
    cells = (each.fault, f"`{each.sees}`", "<br>".join(f"`{command}`" for command in each.type), each.lost)
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |\n"


def _pattern(text: str) -> re.Pattern[str]:
    """What matches a text on one line, whatever stands where it has `<word>`."""
    plain = _PLACE.split(" ".join(text.split()))
    return re.compile(".+?".join(re.escape(part) for part in plain))


def main(arguments: Sequence[str]) -> int:
    """Print the page, or write it with `--write`."""
    if list(arguments) == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
