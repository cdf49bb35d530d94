"""The forms that a stack may have: with the cluster that it has or on K3s, awake or asleep at night."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from settings import read_stack
from tools.changes.model import Preview
from tools.costing.pairs import ASLEEP_HOURS, Variant
from tools.costing.price_table import PriceTable
from tools.costing.stack_cost import bill
from tools.costing.usage import Usage
from tools.sleeping.awake import SCHEDULE

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_KIND: Final = "cluster.kind"


def forms(
    stack: str,
    folder: Path,
    preview: Callable[[Mapping[str, Any]], Preview],
    usage: Usage,
    prices: PriceTable,
    *,
    tried: Mapping[str, Any] = NOTHING,
) -> list[Variant]:
    """A stack in its forms, each with what AWS bills of it. Raises `SettingsError`.

    Asleep it is by its own schedule, where it has one. Settings that are `tried`, by dotted key, hold in every form.
    """
    cluster = read_stack(stack, folder).cluster
    changes: dict[str, Mapping[str, Any]] = {"": {}}
    if cluster:
        kind = str(tried.get(_KIND, cluster.kind))
        changes = {f"({kind})": {}}
        if kind == "eks":
            changes["(k3s)"] = {_KIND: "k3s"}
    asleep = usage.model_copy(update={"awake_hours_per_week": ASLEEP_HOURS})
    found: list[Variant] = []
    for form, change in changes.items():
        resources = list(preview({**tried, **change}).resources_after())
        unplanned = [each for each in resources if each.type != SCHEDULE]
        for words, made_of, assumed in (("", unplanned, usage), (" asleep at night", resources, asleep)):
            cost = bill(made_of, assumed, prices)
            found.append(Variant(stack, f"{form}{words}".strip(), cost.usd - cost.elsewhere))
    return found
