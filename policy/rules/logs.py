"""Logs: how long they are kept, and CloudTrail."""

from collections.abc import Iterator
from typing import Final

from policy.rules.model import Context, Resource, on

_LONGEST: Final = 90
_AUDIT: Final = ("/aws/eks/", "/aws/cloudtrail")
_SHORTEST_AUDIT: Final = 30


@on("aws:cloudwatch/logGroup:LogGroup")
def retention(group: Resource, context: Context) -> Iterator[str]:
    """Entries are deleted some day, those that tell who did what not too soon."""
    days = int(group.at("retentionInDays", default=0))
    name = str(group.at("name", default=""))
    if days == 0:
        yield "retentionInDays is not set, so that it is kept and paid for ever"
    elif days > _LONGEST:
        yield f"retentionInDays is {days}, expected {_LONGEST} at most"
    elif context.production and days < _SHORTEST_AUDIT and name.startswith(_AUDIT):
        yield f"retentionInDays is {days}, expected {_SHORTEST_AUDIT} at least of what tells who did what in production"


@on("aws:cloudtrail/trail:Trail")
def trail(trail_: Resource, _: Context) -> Iterator[str]:
    """A trail sees every region, and nobody edits what it wrote."""
    if not trail_.yes("isMultiRegionTrail"):
        yield "isMultiRegionTrail is not true"
    if not trail_.yes("enableLogFileValidation"):
        yield "enableLogFileValidation is not true"
    if not trail_.yes("enableLogging", default=True):
        yield "enableLogging is false"


CHECKS: Final = {"LOG-01": (retention,), "LOG-02": (trail,)}
