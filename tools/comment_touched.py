"""Tells a merge request what it would change, of the stacks that it touches: `python -m tools.comment_touched`."""

from typing import Annotated

import typer

from tools import preview_comment, preview_report
from tools.preview_touched import Means, plan


def run(since: str, means: Means | None = None) -> None:
    """Post the comment; a stack that was to be previewed and left no report is told as failed."""
    means = means or Means()
    found = plan(since, means)
    folder = means.folder / preview_report.FOLDER
    preview_comment.run(folder, found.now, dry_run=False, means=preview_comment.Means(means.environ), later=found.later)


def main(
    since: Annotated[str, typer.Option(help="Branch or commit that the change began at.")] = "origin/main",
) -> None:
    """Write the comment on the merge request of this pipeline, or bring it up to date."""
    run(since)


if __name__ == "__main__":
    typer.run(main)
