"""Which machines a schedule can send to sleep."""

from collections.abc import Iterable
from typing import Final

from tools.costing.resource import Resource
from tools.costing.rules.machines import INSTANCE, NODES
from tools.costing.usage import HOURS_PER_WEEK, Usage

SLEEPY: Final = (NODES, INSTANCE)
"""Node groups go to zero, machines by themselves stop. The instance that translates addresses stays, and so do control
planes, load balancers, addresses and disks of machines that stop."""


def sleepers(resources: Iterable[Resource], usage: Usage) -> list[str]:
    """URNs of the machines that sleep when a stack's assumptions say that they are awake for less than a whole week."""
    if usage.awake_hours_per_week >= HOURS_PER_WEEK:
        return []
    return [each.urn for each in resources if each.type in SLEEPY]
