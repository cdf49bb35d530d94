"""The question that the engine asks about a resource before it acts, and the answer."""

from dataclasses import dataclass
from typing import Final

from rehearsal.wire import Properties

DEFAULTS: Final = "__defaults"
"""Input that lists the properties which the provider filled in by itself, as the real bridged providers keep it."""


class Refusal(Exception):  # noqa: N818 (reads as what it is: the cloud says no)
    """The simulated cloud refuses an operation; the text is what the user reads."""


@dataclass(frozen=True)
class Declared:
    """The resource that a request is about."""

    urn: str
    type: str
    name: str
    config: Properties
    """Configuration of the provider instance that it belongs to."""
    proposed_name: str
    """Physical name by the project's autonaming pattern, empty where the engine proposes none."""


@dataclass(frozen=True)
class Problem:
    """Why inputs are refused."""

    property: str
    reason: str

    def sentence(self) -> str:
        """The problem as the user reads it."""
        return f"{self.property}: {self.reason}" if self.property else self.reason


@dataclass(frozen=True)
class Checked:
    """The answer to a check."""

    inputs: Properties
    """The inputs with the provider's defaults filled in."""
    problems: list[Problem]
    finding: Properties
    """What was checked against what, for the summary of the command."""
