"""Which machines sleep, and for how many hours a week they are awake."""

from collections.abc import Iterable
from typing import Final

from tools.costing.resource import Resource
from tools.costing.usage import HOURS_PER_WEEK, Usage
from tools.sleeping import awake

_STAYS: Final = "bastion"
"""The way in stays awake, with the instance that translates addresses, control planes, balancers and addresses."""


def sleepers(resources: Iterable[Resource], usage: Usage) -> dict[str, float]:
    """Hours a week for which each machine and node group runs that does not run all week, by URN.

    By the stack's own schedules; without any, by what its assumptions say, which tells what a schedule would save.
    """
    known = list(resources)
    by_schedule = awake.sleepers(known)
    if by_schedule or usage.awake_hours_per_week >= HOURS_PER_WEEK:
        return by_schedule
    wanted = (each for each in known if each.type in awake.SLEEPY and _STAYS not in each.name)
    return {each.urn: usage.awake_hours_per_week for each in wanted}
