"""What a smoke test found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    """What was asked, as a person reads it."""
    good: bool
    said: str
    """What was answered; where it is bad, with what to do."""
