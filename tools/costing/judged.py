"""What the budget says to estimates, with what is known of everybody's stacks."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.costing.gate import Verdict, judge
from tools.costing.kept import Known
from tools.costing.money import Money
from tools.costing.shown import Costed
from tools.setup import ROOT


def judged(
    found: Sequence[Costed], money: Money, known: Known, everybody: Iterable[str], folder: Path = ROOT
) -> tuple[Verdict, list[str], dict[str, float]]:
    """The verdict, sentences about what it rests on, and USD a month of every stack; of AWS's bill alone."""
    said = list(known.said)
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for each in found:
        after[each.stack] = each.after.usd - each.after.elsewhere
        total = known.deployed.get(each.stack)
        if each.before is not None:
            before[each.stack] = each.before.usd - each.before.elsewhere
        elif total is not None:
            before[each.stack] = total.usd
        else:
            # Nobody can say that the change adds anything.
            before[each.stack] = after[each.stack]
            said.append(f"{each.stack}: what it costs now is not known: `make cost STACK={each.stack} REAL=1` looks")
    others = known.others(after, everybody, folder)
    if not known.beside_states:
        said += [
            f"{stack}: counts with {total.eur_month:.2f} EUR, estimated here on {total.at[:10]}"
            for stack, total in others.items()
            if total and total.at
        ]
    spent = {stack: total.usd if total else None for stack, total in others.items()}
    totals = {**after, **{stack: usd for stack, usd in spent.items() if usd}}
    return judge(money, before, after, spent), said, totals
