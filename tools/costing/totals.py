"""What each stack costs a month, kept beside the states for the budget that they share."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tools.costing.estimate import Estimate
from tools.costing.money import Money
from tools.state.objects import Objects

KIND = "costs"


@dataclass(frozen=True)
class Total:
    """What a stack costs a month by the last estimate."""

    usd: float
    """What AWS bills, without tax."""
    elsewhere_usd: float
    """What others bill, such as Datadog."""
    eur_month: float
    """What AWS bills, in EUR, taxed as the budget is."""
    at: str
    """When that was estimated."""


def total_of(estimate: Estimate, money: Money, now: datetime | None = None) -> Total:
    """The sums of an estimate."""
    aws = estimate.usd - estimate.elsewhere
    moment = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Total(round(aws, 4), round(estimate.elsewhere, 4), round(money.eur(aws), 2), moment)


def store(objects: Objects, stack: str, total: Total) -> None:
    """Keep the cost of a stack; may raise what `tools.account.Failure` names."""
    body = json.dumps({"stack": stack, **total.__dict__}).encode()
    objects.write(objects.backend.own_key(KIND, f"{stack}.json"), body)


def stored(objects: Objects, stacks: Iterable[str]) -> dict[str, Total | None]:
    """The cost of these stacks; None where nobody has kept any, or where it cannot be read."""
    return {stack: _total(objects, stack) for stack in stacks}


def forget(objects: Objects, stack: str) -> None:
    """A stack that is gone costs nothing."""
    objects.delete(objects.backend.own_key(KIND, f"{stack}.json"))


def _total(objects: Objects, stack: str) -> Total | None:
    found = objects.read(objects.backend.own_key(KIND, f"{stack}.json"))
    return None if found is None else read_total(found.body)


def read_total(body: bytes) -> Total | None:
    """A cost as it was kept; None when that cannot be read."""
    try:
        document: Mapping[str, Any] = json.loads(body)
        return Total(
            float(document["usd"]),
            float(document["elsewhere_usd"]),
            float(document["eur_month"]),
            str(document["at"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
