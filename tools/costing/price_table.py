"""The dated list prices of a region."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from tools.costing.reading import COSTS, CostsRefused, Table, named, read

PRICES: Final = COSTS / "prices"
AGING: Final = timedelta(days=90)
"""From this age on a table is called old."""
TOO_OLD: Final = timedelta(days=365)
"""From this age on it is refused: AWS changes prices and adds charges, as it did for public addresses in 2024."""
Confidence = Literal["high", "medium", "low"]
Usd = Annotated[float, Field(ge=0)]


class Price(Table):
    """What a unit costs."""

    usd: Usd
    per: str
    """The unit: hour, month, gb, gb-month, thousand and so on."""
    source: str
    confidence: Confidence


class Instance(Table):
    """What an hour of a machine costs."""

    hour: Usd
    """On demand."""
    spot: tuple[Usd, Usd] | None = None
    """In the cheapest and in the dearest zone; None where nobody looked."""
    source: str
    confidence: Confidence


class PriceTable(Table):
    """List prices of a region, in USD without taxes."""

    region: str
    dated: date
    hours_per_month: Annotated[float, Field(gt=0)]
    sources: dict[str, str]
    instances: dict[str, Instance]
    spot_ceiling: Annotated[float, Field(gt=0, le=1)]
    """What spot may rise to, as a share of the price on demand."""
    prices: dict[str, Price]

    @model_validator(mode="after")
    def _sourced(self) -> "PriceTable":
        for name, price in {**self.prices, **self.instances}.items():
            if price.source not in self.sources:
                raise ValueError(f"expected {name} to name one of the sources {', '.join(self.sources)}")
        return self

    def usd(self, name: str) -> float:
        """Price of a unit. Raises `KeyError` when the table lacks it."""
        return self.prices[name].usd

    def monthly(self, name: str) -> float:
        """Price of a month of something that is billed by the hour. Raises `KeyError` when the table lacks it."""
        return self.prices[name].usd * self.hours_per_month

    def age(self, today: date) -> str:
        """What to say of its age; empty while it is young. Raises `CostsRefused` when it is too old to be used."""
        age = today - self.dated
        name = named(PRICES / f"{self.region}.yaml")
        if age >= TOO_OLD:
            limit = f"and prices of {TOO_OLD.days} days or more are not used"
            raise CostsRefused([f"{name}: dated {self.dated}, {age.days} days ago, {limit}: `make prices` renews it"])
        if age < -timedelta(days=1):
            raise CostsRefused([f"{name}: dated {self.dated}, which is in the future: see this machine's clock"])
        return f"{name} is {age.days} days old: `make prices` renews it" if age >= AGING else ""


def read_prices(region: str, folder: Path = PRICES) -> PriceTable:
    """The table of a region. Raises `CostsRefused` with the regions that there are."""
    file = folder / f"{region}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.yaml"))) or "none"
        raise CostsRefused(
            [
                f"aws:region: there is no table of prices for {region}, only for {known}: "
                f"`make prices REGION={region}` makes one"
            ]
        )
    table = read(PriceTable, file)
    if table.region != region:
        raise CostsRefused([f'{named(file)}: region: expected {region}, as the file is called, got "{table.region}"'])
    return table
