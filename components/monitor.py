"""One question that Datadog asks, as a plain record; this module creates no resource."""

from dataclasses import dataclass
from typing import Literal

Comparator = Literal[">", ">=", "<"]


@dataclass(frozen=True, kw_only=True)
class Levels:
    """From which value on somebody is told."""

    warning: float
    """Somebody looks at it in the daytime."""
    critical: float
    """Somebody looks at it now."""
    warning_recovery: float | None = None
    """Value at which a warning ends; omitted, as soon as the level is no longer reached."""
    critical_recovery: float | None = None
    """The same for `critical`; a gap keeps an alert from coming and going with every measurement."""


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """One question that Datadog asks every minute.

    Written as https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor says:
    `time aggregation(window):expression comparator critical level`.
    """

    key: str
    """Its name, and that of its page in `docs/runbooks`."""
    title: str
    """What is wrong when it alerts."""
    window: str
    """How the values of a window become one, such as `avg(last_10m)`."""
    expression: str
    """What is measured."""
    unit: str
    """Unit of the value, as the message says it."""
    comparator: Comparator
    """How the value is compared with the levels."""
    levels: Levels
    """Values that alert."""
    no_data_minutes: int | None = None
    """Minutes of silence after which it alerts too; None where silence is no failure."""
    new_group_delay_seconds: int = 300
    """Seconds that a new node, pod or certificate has before it is judged."""

    def __post_init__(self) -> None:
        """Refuse levels in the wrong order, which Datadog would refuse at deployment."""
        given, sign = self.levels, -1 if self.comparator == "<" else 1
        ordered = sign * given.warning < sign * given.critical
        pairs = ((given.warning_recovery, given.warning), (given.critical_recovery, given.critical))
        if not ordered or any(back is not None and sign * back >= sign * level for back, level in pairs):
            first, then = ("below", "below") if sign > 0 else ("above", "above")
            raise ValueError(
                f"levels of {self.key!r} must have warning {first} critical and each recovery {then} its level, "
                f"got {given}"
            )

    @property
    def query(self) -> str:
        """The monitor in Datadog's own words."""
        return f"{self.window}:{self.expression} {self.comparator} {self.levels.critical:g}"
