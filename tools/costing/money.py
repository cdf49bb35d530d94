"""EUR from USD, taxes, and what the team may spend."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.costing.reading import COSTS, Table, read

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0)]


class Vat(Table):
    """Value added tax."""

    rate: Share


class Exchange(Table):
    """What a EUR costs."""

    usd_per_eur: Rate
    band: tuple[Rate, Rate]
    """The rates at which the budget is tried as well: dear EUR last."""
    dated: date
    source: str


class Budget(Table):
    """What the team may spend in a month."""

    eur_per_month: Rate
    includes_vat: bool
    warn_from: Share
    """Share of it from which on to warn."""


class Money(Table):
    """The file `costs/money.yaml`."""

    budget: Budget
    vat: Vat
    exchange: Exchange

    def eur(self, usd: float, *, vat: bool | None = None, rate: float | None = None) -> float:
        """EUR for USD, at the rate or another, with the tax if the budget includes it or if told so."""
        taxed = self.budget.includes_vat if vat is None else vat
        return usd / (rate or self.exchange.usd_per_eur) * (1 + self.vat.rate if taxed else 1)

    def spread(self, usd: float) -> "Spread":
        """A sum in every form in which it is shown."""
        low, high = sorted(self.exchange.band)
        return Spread(
            usd=usd,
            eur=self.eur(usd, vat=False),
            eur_with_vat=self.eur(usd, vat=True),
            # A cheap EUR makes USD dear.
            lowest=self.eur(usd, rate=high),
            highest=self.eur(usd, rate=low),
        )


@dataclass(frozen=True)
class Spread:
    """A sum a month."""

    usd: float
    eur: float
    """Without tax."""
    eur_with_vat: float
    lowest: float
    """EUR at the end of the band where a EUR buys most, taxed as the budget is."""
    highest: float
    """At the other end."""


def read_money(folder: Path = COSTS) -> Money:
    """Budget, tax and exchange. Raises `CostsRefused` naming the key, what it holds and what it may."""
    return read(Money, folder / "money.yaml")
