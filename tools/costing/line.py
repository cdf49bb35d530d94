"""A line of a bill."""

from dataclasses import dataclass
from typing import Literal

Class = Literal["priced", "free", "usage", "unpriced"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one thing costs a month, in USD without tax."""

    what: str
    """The thing, as a bill names it."""
    resource: str
    """Name of the resource that it comes from."""
    type: str
    """Type of that resource."""
    kind: Class
    """`priced` by the clock or by its size, `usage` by an assumption, `free`, or `unpriced`: nobody knows."""
    usd: float = 0.0
    """To be expected; 0 when nobody knows, which is no price."""
    low: float | None = None
    """At best; as expected when omitted."""
    high: float | None = None
    """At worst; as expected when omitted."""
    why: str = ""
    """The assumption, or what is missing."""
    aws: bool = True
    """Whether AWS bills it; somebody else does otherwise."""

    @property
    def lowest(self) -> float:
        """At best."""
        return self.usd if self.low is None else self.low

    @property
    def highest(self) -> float:
        """At worst."""
        return self.usd if self.high is None else self.high
