"""Checks that commits have the form of Conventional Commits: `python -m tools.commit_messages --since origin/main`."""

from pathlib import Path
from typing import Annotated

import typer

from tools.releasing.commits import GitRefused, messages, wrong
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.setup import ROOT


def run(since: str, folder: Path = ROOT) -> None:
    """Check the commits since a branch or commit; raises `typer.Exit` after a line for each that has not the form."""
    try:
        found = messages(folder, since)
    except GitRefused as refused:
        raise refuse(f"SINCE: {refused}: fetch it with `git fetch`, or name another", BAD_INPUT) from None
    lines = wrong(found)
    if lines:
        raise refuse(
            "\n".join([*lines, f"{len(lines)} of {len(found)} commits: `git rebase -i {since}` rewords them"]), FAILED
        )
    after = f" since {since}" if since else ""
    typer.echo(f"{len(found)} commit{'s' * (len(found) != 1)}{after}: every message has the form")


def main(
    since: Annotated[str, typer.Option(help="Branch or commit that the change began at.")] = "origin/main",
) -> None:
    """Check the messages of the commits since a branch or commit."""
    run(since)


if __name__ == "__main__":
    typer.run(main)
