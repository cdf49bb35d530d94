"""Which stacks a change can touch: `python -m tools.touched --since origin/main`."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from tools.sentences import BAD_INPUT, refuse
from tools.setup import ROOT

_OWN: Final = (
    re.compile(r"Pulumi\.(?P<stack>[^./]+)\.yaml"),
    re.compile(r"versions/(?P<stack>[^./]+)\.yaml"),
    re.compile(r"costs/usage\.(?P<stack>[^./]+)\.yaml"),
)
"""Files of one stack."""
_PROGRAM: Final = (
    *("__main__.py", "Pulumi.yaml", "requirements.txt"),
    *("ansible/", "components/", "functions/", "settings/", "stack/"),
)
"""Files and folders of which all stacks are made; the rest is tools, tests, pages and documents."""
_JUDGES: Final = ("costs/", "policy/")
"""What judges every stack: the stacks stay as they are, and what is said of them changes."""


def touched(changed: Iterable[str], stacks: Sequence[str]) -> list[str]:
    """Those of the stacks whose preview may say something else after a change of these files."""
    found: set[str] = set()
    for path in changed:
        own = next((match for pattern in _OWN if (match := pattern.fullmatch(path))), None)
        if own:
            found |= {own["stack"]}.intersection(stacks)
        elif path.startswith((*_PROGRAM, *_JUDGES)):
            return sorted(stacks)
    return sorted(found)


def changed_since(reference: str, folder: Path = ROOT) -> list[str]:
    """Files that differ between the working tree and where it left a branch; raises `ValueError` if git knows none."""
    git = shutil.which("git") or "git"
    done = subprocess.run(
        [git, "diff", "--name-only", "--no-renames", "--merge-base", reference, "--"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"git does not know how this differs from {reference} ({done.stderr.strip()})")
    return done.stdout.splitlines()


def stacks_since(reference: str | None, stacks: Sequence[str], folder: Path = ROOT) -> list[str]:
    """Those of the stacks that the change since a branch can touch; all without a branch to compare with."""
    if not reference:
        return sorted(stacks)
    return touched(changed_since(reference, folder), stacks)


def main(
    since: Annotated[
        str | None, typer.Option(help="Branch or commit to compare with; all stacks when omitted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the stacks that a change can touch, one a line."""
    stacks = sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))
    try:
        found = stacks_since(since, stacks)
    except ValueError as error:
        raise refuse(f"--since: {error}: fetch it with `git fetch`, or name another", BAD_INPUT) from None
    typer.echo(json.dumps(found) if as_json else "\n".join(found))


if __name__ == "__main__":
    typer.run(main)
