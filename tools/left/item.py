"""One thing that is still there: what it is, why it is ours, what it costs, how it goes."""

from dataclasses import asdict, dataclass
from typing import Any

from tools.prices import Price


@dataclass(frozen=True, kw_only=True)
class Item:
    """A thing that still exists in AWS."""

    type: str
    """Service and kind, in the words of its ARN, such as `ec2:volume`."""
    id: str
    """What the deleting command takes, or as near to it as AWS says."""
    region: str
    """Where it is."""
    name: str = ""
    """What the console shows, if anything."""
    reason: str
    """Why it is taken for the stack's."""
    price: Price
    """What it costs."""
    command: str
    """What deletes it."""

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        fields = {key: value for key, value in asdict(self).items() if key != "price"}
        return {**fields, "usd_a_month": self.price.usd, "price_basis": self.price.basis}
