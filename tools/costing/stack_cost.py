"""What a stack costs before and after what its preview plans."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from settings import read_stack
from tools.changes.model import Preview
from tools.changes.model import Resource as Previewed
from tools.costing.estimate import Estimate, estimate
from tools.costing.price_table import PRICES, PriceTable, read_prices
from tools.costing.reading import COSTS
from tools.costing.resource import Resource
from tools.costing.shown import Costed
from tools.costing.sleepers import sleepers
from tools.costing.usage import Usage, read_usage
from tools.setup import ROOT


def prices_for(stack: str, folder: Path = ROOT, region: str = "", prices: Path = PRICES) -> tuple[PriceTable, str]:
    """The prices of a stack's region, or another, and what to say of their age. Raises `CostsRefused`."""
    table = read_prices(region or read_stack(stack, folder).region, prices)
    return table, table.age(date.today())


def usage_of(stack: str, costs: Path = COSTS) -> Usage:
    """What a stack is assumed to use. Raises `CostsRefused`."""
    return read_usage(stack, costs)


def costed(preview: Preview, usage: Usage, table: PriceTable, *, deployed: bool) -> Costed:
    """A stack after its preview; and before, if that began with what is `deployed`."""
    before = bill(preview.resources_before(), usage, table) if deployed else None
    return Costed(preview.stack, before, bill(preview.resources_after(), usage, table))


def bill(found: Iterable[Previewed], usage: Usage, table: PriceTable) -> Estimate:
    """What resources of a preview cost."""
    resources = [Resource(each.urn, each.type, each.name, each.inputs, each.parent, each.links) for each in found]
    return estimate(resources, usage, table, sleepers(resources, usage))
