"""The forms that a stack may have: with the cluster that it has or on K3s, awake or asleep at night."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from settings import read_stack
from tools.changes.model import Preview
from tools.costing.pairs import ASLEEP_HOURS, Variant
from tools.costing.price_table import PriceTable
from tools.costing.stack_cost import bill
from tools.costing.usage import Usage


def forms(
    stack: str, folder: Path, preview: Callable[[Mapping[str, Any]], Preview], usage: Usage, prices: PriceTable
) -> list[Variant]:
    """A stack in its forms, each with what AWS bills of it. Raises `SettingsError`."""
    cluster = read_stack(stack, folder).cluster
    changes: dict[str, Mapping[str, Any]] = {"": {}}
    if cluster:
        changes = {f"({cluster.kind})": {}}
        if cluster.kind == "eks" and cluster.k3s:
            changes["(k3s)"] = {"cluster.kind": "k3s"}
    asleep = usage.model_copy(update={"awake_hours_per_week": ASLEEP_HOURS})
    found: list[Variant] = []
    for form, change in changes.items():
        resources = list(preview(change).resources_after())
        for words, assumed in (("", usage), (" asleep at night", asleep)):
            cost = bill(resources, assumed, prices)
            found.append(Variant(stack, f"{form}{words}".strip(), cost.usd - cost.elsewhere))
    return found
