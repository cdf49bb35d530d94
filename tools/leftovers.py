"""Lists what a stack still has in AWS, what it costs and how it goes: `python -m tools.leftovers STACK`."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tools import prices
from tools.account import Account
from tools.left import balancers, ec2, logs, records, tagged
from tools.left.item import Item
from tools.owner import Owner, read_owner
from tools.sentences import FAILED, sentences


def find(account: Account, owner: Owner) -> list[Item]:
    """Everything that is left, the dearest first; what costs an unknown sum comes before what is free."""
    found: dict[tuple[str, str], Item] = {}

    def add(items: Sequence[Item]) -> None:
        for item in items:
            found.setdefault((item.type, item.id), item)

    add(ec2.left(account, owner))
    vpcs = frozenset(item.id for item in found.values() if item.type == "ec2:vpc")
    add(list(balancers.left(account, owner, vpcs)))
    add(list(logs.left(account, owner)))
    add(list(tagged.left(account, owner)))
    add(list(tagged.roles(account, owner)))
    add(list(records.left(account, owner)))
    return sorted(found.values(), key=lambda item: -(0.001 if item.price.usd is None else item.price.usd))


def report(owner: Owner, items: Sequence[Item]) -> dict[str, Any]:
    """The list for programs."""
    return {
        "stack": owner.stack,
        "region": owner.region,
        "left": [item.as_json() for item in items],
        "usd_a_month": round(_sum(items), 2),
        "without_a_known_price": sum(item.price.usd is None for item in items),
    }


def table(items: Sequence[Item]) -> Table:
    """The list for people."""
    rows = Table("what", "why it is the stack's", "USD a month", box=None, padding=(0, 2, 0, 0))
    rows.columns[2].justify = "right"
    for item in items:
        cost = "unknown" if item.price.usd is None else f"{item.price.usd:.2f}"
        shown = f"{item.type} [bold]{_escaped(item.id)}[/]"
        rows.add_row(
            f"{shown} {_escaped(item.name)}".strip(), _escaped(item.reason), f"{cost}\n[dim]{item.price.basis}[/]"
        )
    return rows


def show(console: Console, owner: Owner, items: Sequence[Item]) -> None:
    """Print what is left, its sum and the commands that delete it."""
    if not items:
        console.print(f"{owner.stack}: nothing is left in AWS ({owner.region} and what has no region)")
        return
    console.print(table(items))
    unknown = sum(item.price.usd is None for item in items)
    console.print(
        f"\n{owner.stack}: {len(items)} things are left, {_sum(items):.2f} USD a month"
        f"{f', and {unknown} of unknown price' if unknown else ''}"
        f" (list prices of {prices.REGION}, read {prices.dated()}, without taxes and free allowances)"
    )
    console.print(
        "While the stack is up, this is what it has. After a destroy, these commands delete it, in this order:"
    )
    order = [*(kind.type for kind in ec2.KINDS)]
    # Load balancers and what costs most first; inside EC2 what others hang on last.
    for item in sorted(items, key=lambda each: order.index(each.type) if each.type in order else -1):
        console.print(f"  {item.command}", markup=False, soft_wrap=True)


def _sum(items: Sequence[Item]) -> float:
    return sum(item.price.usd or 0.0 for item in items)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the list for programs.")] = False,
    region: Annotated[str | None, typer.Option(help="Look in this region; the file may be gone then.")] = None,
) -> None:
    """List what a stack still has in AWS: exit code 0 when nothing is left, 1 when something is."""
    with sentences(stack, f"make leftovers STACK={stack}"):
        owner = read_owner(stack, region)
        items = find(Account(), owner)
        if as_json:
            print(json.dumps(report(owner, items), indent=2))
        else:
            show(Console(highlight=False), owner, items)
    raise typer.Exit(FAILED if items else 0)


if __name__ == "__main__":
    typer.run(main)
