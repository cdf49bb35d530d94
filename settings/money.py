"""The sections about money: what AWS tells the team about the bill, and when the machines of a stack sleep."""

import zoneinfo
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, ValidationInfo, field_validator

from settings.kinds import Email, Expected, Section, refuse, text

# One notification tells ten addresses and one topic:
# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_NotificationWithSubscribers.html
_MOST_EMAILS: Final = 10
_SHORTEST_DAY: Final = 60
# What goes to sleep in several steps has done so before midnight, when another day begins.
_LATEST: Final = "23:00"


def _clock_time(value: Any) -> str:
    return text(value, r"(?:[01]\d|2[0-3]):[0-5]\d")


def _time_zone(value: Any) -> str:
    known = zoneinfo.available_timezones()
    # A system without the zones' rules cannot tell: AWS checks the name as well.
    if text(value, r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*") not in known and known:
        raise ValueError(value)
    return value


ClockTime = Annotated[str, PlainValidator(_clock_time), Expected('a time of day in quotes such as "07:00"')]
TimeZone = Annotated[str, PlainValidator(_time_zone), Expected("a time zone such as Europe/Paris")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order in which Python counts them."""


class Budget(Section):
    """What AWS tells the team about the bill: at 80 % and 100 % of a monthly sum, and when 100 % is forecast."""

    usd_per_month: int = Field(ge=1, le=1_000_000)
    """The sum in USD, taxes included, as AWS bills: 150 EUR are 165 USD at the lowest rate of `costs/money.yaml`."""
    emails: tuple[Email, ...] = Field(min_length=1, max_length=_MOST_EMAILS)
    """Who is told; nobody has to confirm."""
    scope: Literal["stack", "project", "account"]
    """Whose costs count: by the tag `stack` or `project`, which the payer's account has to activate first, or all of
    the account, with what no tag reaches such as traffic and taxes."""
    topic: bool = False
    """Also write to an encrypted SNS topic that chats and programs may read; its key costs 1 USD a month."""
    anomaly_usd: int | None = Field(default=None, ge=1, le=100_000)
    """Tell of unusual costs of that many USD or more, once a day; not at all when omitted."""
    activate_tags: bool = False
    """Activate the tags `project` and `stack` for bills: in the payer's account alone, a day after they were first
    seen; one stack of all does it."""

    @field_validator("anomaly_usd")
    @classmethod
    def _tagged(cls, usd: int | None, info: ValidationInfo) -> int | None:
        if usd is not None and info.data.get("scope") == "account":
            refuse(
                "expected none, because scope is account, for which AWS has one monitor that it makes by itself, "
                f"got {usd}"
            )
        return usd


class Sleep(Section):
    """When machines run; at all other times those of node groups and of K3s are off."""

    awake_days: tuple[Weekday, ...] = Field(default=WEEKDAYS[:5], min_length=1)
    """Days of the week with machines; those not listed are slept through."""
    awake_from: ClockTime
    """When machines start."""
    awake_until: ClockTime
    """When they stop: an hour later or more, 23:00 at the latest."""
    timezone: TimeZone = "Europe/Paris"
    """Where it is that time; summer time is followed."""

    @field_validator("awake_until")
    @classmethod
    def _after(cls, until: str, info: ValidationInfo) -> str:
        start: str = info.data.get("awake_from", "00:00")
        if until > _LATEST or minutes(until) < minutes(start) + _SHORTEST_DAY:
            refuse(f'expected a time from an hour after awake_from "{start}" to "{_LATEST}", got "{until}"')
        return until

    def is_awake(self, moment: datetime) -> bool:
        """Whether machines run at a moment."""
        there = moment.astimezone(zoneinfo.ZoneInfo(self.timezone))
        now = f"{there:%H:%M}"
        return WEEKDAYS[there.weekday()] in self.awake_days and self.awake_from <= now < self.awake_until


def minutes(time: str) -> int:
    """Minutes since midnight of a time of day such as `07:30`."""
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)
