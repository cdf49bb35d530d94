"""What a price may hang on, apart from the resource itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.costing.line import Class, Line
from tools.costing.price_table import PriceTable
from tools.costing.resource import Resource, Stack
from tools.costing.usage import HOURS_PER_WEEK, Usage


@dataclass(frozen=True)
class Context:
    """The stack, the assumptions and the prices."""

    stack: Stack
    usage: Usage
    table: PriceTable
    sleepers: Mapping[str, float] = field(default_factory=dict[str, float])
    """Hours a week for which machines and node groups run that a schedule sends to sleep, by URN."""

    def awake(self, resource: Resource) -> float:
        """Share of the month in which a machine, or the nodes of a group, run."""
        return self.sleepers.get(resource.urn, HOURS_PER_WEEK) / HOURS_PER_WEEK

    def line(self, resource: Resource, what: str, kind: Class, usd: float = 0.0, **more: Any) -> Line:
        """A line for a resource."""
        return Line(what=what, resource=resource.name, type=resource.type, kind=kind, usd=usd, **more)

    def by_the_hour(self, resource: Resource, what: str, price: str, count: float = 1) -> Line:
        """Something that is billed by the hour, all month long."""
        return self._looked_up(resource, what, "priced", price, lambda: self.table.monthly(price) * count)

    def by_amount(
        self, resource: Resource, what: str, price: str, amount: float, *, assumed: str = "", **more: Any
    ) -> Line:
        """Something that is billed by its size, or by what is used of it if that is `assumed`."""
        kind: Class = "usage" if assumed else "priced"
        return self._looked_up(resource, what, kind, price, lambda: self.table.usd(price) * amount, why=assumed, **more)

    def _looked_up(
        self, resource: Resource, what: str, kind: Class, price: str, cost: Callable[[], float], **more: Any
    ) -> Line:
        try:
            return self.line(resource, what, kind, cost(), **more)
        except KeyError:
            return self.line(resource, what, "unpriced", why=f"the table of {self.table.region} lacks {price}")


Rule = Callable[[Resource, Context], list[Line]]
"""What a resource of a type costs."""
