"""Reads every stack file as its program would, and prints all that is wrong with any of them at once."""

import sys
from collections.abc import Sequence
from pathlib import Path

from settings import SettingsError, overlapping_stacks, read_stack
from settings.versions_file import FOLDER


def problems_of(paths: Sequence[Path]) -> list[str]:
    """One sentence a mistake, in the order of `paths`; networks are compared once every file is right by itself."""
    problems: list[str] = []
    for path in paths:
        try:
            read_stack(path.name.removeprefix("Pulumi.").removesuffix(".yaml"), path.parent)
        except SettingsError as error:
            named = (path.name, f"{FOLDER}/")
            problems += [line if line.startswith(named) else f"{path.name}: {line}" for line in error.problems]
    return problems or overlapping_stacks(paths)


def without_stack(folder: Path) -> list[str]:
    """One sentence for every file of versions that no stack reads, such as one whose name has a typing error."""
    return [
        f"{FOLDER}/{path.name}: no stack reads it, for there is no Pulumi.{path.name}: rename or delete it"
        for path in sorted((folder / FOLDER).glob("*"))
        if not (folder / f"Pulumi.{path.name}").is_file()
    ]


def main(folder: Path = Path()) -> int:
    """Exit code: 0 when every stack file is right, 2 otherwise."""
    paths = sorted(folder.glob("Pulumi.*.yaml"))
    problems = [*problems_of(paths), *without_stack(folder)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"Stack files: {', '.join(path.name for path in paths)} are right")
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
