"""What a change costs, for the rule on the budget, as the report of its preview has it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from tools.changes.model import Diagnostic, Preview
from tools.changes.summaries import CostSummary
from tools.costing.kept import Known, known
from tools.costing.reading import COSTS
from tools.costing.summary import cost_summary
from tools.setup import ROOT


def cost_of(
    preview: Preview,
    stack: str,
    *,
    deployed: bool,
    folder: Path = ROOT,
    costs: Path = COSTS,
    ask: Callable[[Iterable[str], Path], Known] = known,
) -> CostSummary | Diagnostic | None:
    """What a stack costs before and after a preview; a warning says why where nothing can be estimated.

    A preview of what is `deployed` knows what there is. Before any other, a stack costs what it was deployed with, or,
    where nobody kept that, as much as afterwards: nobody can say that the change adds anything.
    """
    everybody = [file.name.split(".")[1] for file in folder.glob("Pulumi.*.yaml")]
    facts = ask(everybody, folder)
    found = cost_summary(preview, stack, folder, costs, lambda _, __: facts)
    if deployed or not isinstance(found, CostSummary):
        return found
    total = facts.deployed.get(stack)
    return replace(found, before=total.eur_month if total else found.after)
