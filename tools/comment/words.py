"""Words and signs that the comment, its sections and the page have in common."""

import re
from typing import Final

from tools.changes.model import Change, Counts

SIGNS: Final = {
    "create": "+",
    "update": "~",
    "replace": "±",
    "delete": "-",
    "delete-replaced": "-",
    "import": "→",
}
UNKNOWN_SIGN: Final = "?"
_VERBS: Final = {"delete": "deletes", "replace": "replaces", "delete-replaced": "deletes"}
_REPEATED: Final = re.compile(r"\A([\w.-]+:[\w./-]+)/\w+:(\w+)\Z")


def sign(change: Change) -> str:
    """The sign of an operation, as the engine has it."""
    return SIGNS.get(change.op, UNKNOWN_SIGN)


def verb(change: Change) -> str:
    """What the change does, in a sentence."""
    return _VERBS.get(change.op, "changes")


def short(type_: str) -> str:
    """A type as the engine shows it: `aws:s3:Bucket` for `aws:s3/bucket:Bucket`."""
    return _REPEATED.sub(r"\1:\2", type_)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 stack`, `2 stacks`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def totals(counts: Counts) -> list[str]:
    """What happens to how many resources, where something does."""
    numbers = {
        "to create": counts.create,
        "to update": counts.update,
        "to replace": counts.replace,
        "to delete": counts.delete,
        "to import": counts.imported,
        "to change otherwise": counts.other,
    }
    return [f"{number:,} {what}" for what, number in numbers.items() if number]


def money(amount: float, currency: str, *, signed: bool = False) -> str:
    """A sum of a month: `12.40 EUR`, `+12.40 EUR`."""
    # Not "-0.00".
    rounded = round(amount, 2) + 0.0
    text = f"{rounded:+,.2f}" if signed and rounded else f"{rounded:,.2f}"
    return f"{text} {currency}".replace("-", "−")
