"""Where a comment stands and what it is of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Forge = Literal["github", "gitlab"]
Subject = Literal["preview", "drift"]

LIMITS: Final[Mapping[Forge, int]] = {"github": 60_000, "gitlab": 900_000}
"""Characters of a comment, well below what each forge refuses."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The run that a comment tells of."""

    forge: Forge
    project: str
    """Path of the project at the forge."""
    merge_request: int
    """Number of the merge request or pull request; of a drift, that of the issue, or 0."""
    sha: str
    """Commit that was previewed."""
    pipeline: int
    """Number of the pipeline or run; a later one has a higher number."""
    job_url: str = ""
    report_url: str = ""
    """Of the full report, which nothing is left out of."""
    valid_at: str = ""
    """Moment of which the comment tells; that of the oldest report when omitted."""
    subject: Subject = "preview"
    later: Sequence[str] = ()
    """Stacks that the change touches too and that are previewed after the merge, as production is."""
