"""A table of prices with what AWS's files say, in the order and with the comments that it has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from tools.costing.price_table import PriceTable

SOURCE: Final = "offers"
_ENTRY: Final = re.compile(r"^  (?P<name>[\w.-]+): \{(?P<key>usd|hour): (?P<usd>[\d.]+)(?P<rest>.*)\}$")
_SAME: Final = 1e-9


@dataclass(frozen=True)
class Move:
    """A price that is another than it was."""

    name: str
    old: float
    new: float

    @property
    def percent(self) -> float:
        """How much more it is; of what was free, 100."""
        return (self.new / self.old - 1) * 100 if self.old else 100.0


def moves(table: PriceTable, found: Mapping[str, float]) -> list[Move]:
    """What differs from the table, by name."""
    old = {name: each.usd for name, each in table.prices.items()}
    old |= {name: each.hour for name, each in table.instances.items()}
    both = sorted(old.keys() & found.keys())
    return [Move(name, old[name], found[name]) for name in both if _differs(old[name], found[name])]


def renewed(text: str, found: Mapping[str, float], today: date, address: str) -> str:
    """The file with these prices in it, dated, and where they were read."""
    lines: list[str] = []
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if line.startswith("dated:"):
            lines.append(f"dated: {today}")
        elif line.startswith(f"  {SOURCE}: "):
            continue
        elif line == "sources:":
            lines += [line, f"  {SOURCE}: {address}/offers/v1.0/aws/index.json ({today})"]
        elif entry and entry["name"] in found:
            lines.append(_entry(entry, found[entry["name"]]))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def elsewhere(text: str, region: str, found: Mapping[str, float], kept: set[str]) -> str:
    """The file of one region as that of another: without spot, and without what is neither found nor `kept`."""
    lines: list[str] = []
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if entry and entry["name"] not in found and entry["name"] not in kept:
            continue
        shown = f"region: {region}" if line.startswith("region:") else re.sub(r", spot: \[[^]]*\]", "", line)
        lines.append(re.sub(r"Europe \(Paris\)", region, shown))
    return "\n".join(lines) + "\n"


def _entry(entry: re.Match[str], usd: float) -> str:
    rest = entry["rest"]
    if "spot:" not in rest:  # of spot the files say nothing, so the source of that stays
        rest = re.sub(r"source: [\w-]+", f"source: {SOURCE}", rest)
        rest = re.sub(r"confidence: \w+", "confidence: high", rest)
    return f"  {entry['name']}: {{{entry['key']}: {usd:.10g}{rest}}}"


def _differs(old: float, new: float) -> bool:
    return abs(old - new) > _SAME
