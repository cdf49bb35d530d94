"""Reads every stack file as its program would, and prints all that is wrong with any of them at once."""

import sys
from collections.abc import Sequence
from pathlib import Path

from settings import SettingsError, overlapping_stacks, parse, read_stack_file


def problems_of(paths: Sequence[Path]) -> list[str]:
    """One sentence a mistake, in the order of `paths`; networks are compared once every file is right by itself."""
    problems: list[str] = []
    for path in paths:
        try:
            parse(read_stack_file(path))
        except SettingsError as error:
            problems += [line if line.startswith(path.name) else f"{path.name}: {line}" for line in error.problems]
    return problems or overlapping_stacks(paths)


def main(folder: Path = Path()) -> int:
    """Exit code: 0 when every stack file is right, 2 otherwise."""
    paths = sorted(folder.glob("Pulumi.*.yaml"))
    problems = problems_of(paths)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"Stack files: {', '.join(path.name for path in paths)} are right")
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
