"""What other settings, or other assumptions, would cost: `cluster.kind=k3s prod/usage.nat_data_gb=60`."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import yaml
from rich.markup import escape
from rich.table import Table

from tools.costing.estimate import Estimate
from tools.costing.money import Money
from tools.costing.reading import CostsRefused, checked
from tools.costing.usage import Usage

_USAGE: Final = "usage."
_OF: Final = "/"
"""Between the name of a stack and a key that is for it alone."""
_CENT: Final = 0.005


@dataclass(frozen=True)
class Changes:
    """Settings and assumptions that are tried."""

    text: str
    """As they were typed."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """By dotted key below `socle:`, after the name of a stack and a slash where it is for one alone."""
    assumptions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """By key of `costs/usage.yaml`."""

    @property
    def stacks(self) -> set[str]:
        """Stacks that are named."""
        return {stack for key in (*self.settings, *self.assumptions) if (stack := _split(key)[0])}

    def of(self, stack: str) -> "Changes":
        """Those for one stack."""
        return replace(self, settings=_of(self.settings, stack), assumptions=_of(self.assumptions, stack))

    def assumed(self, usage: Usage) -> Usage:
        """The assumptions with these in their place. Raises `CostsRefused`."""
        return checked(Usage, {**usage.model_dump(), **self.assumptions}, "COMPARE: usage")


def changes_in(text: str) -> Changes:
    """What a person typed. Raises `CostsRefused` where that is no setting with a value."""
    settings: dict[str, Any] = {}
    assumptions: dict[str, Any] = {}
    for each in _words(text):
        key, sign, value = each.partition("=")
        if not (sign and key and value and all(key.split("."))):
            raise CostsRefused([f'COMPARE: expected settings such as "cluster.kind=k3s", got "{each}"'])
        read = _value(each, value)
        stack, setting = _split(key)
        if setting.startswith(_USAGE):
            assumptions[(f"{stack}{_OF}" if stack else "") + setting.removeprefix(_USAGE)] = read
        else:
            settings[key] = read
    if not settings and not assumptions:
        raise CostsRefused(['COMPARE: expected settings such as "cluster.kind=k3s", got nothing'])
    return Changes(text, settings, assumptions)


def differences(before: Estimate, after: Estimate) -> list[tuple[str, float, float]]:
    """What differs: its name with USD before and after, the greatest difference first."""
    old, new = _by_what(before), _by_what(after)
    found = [(what, old.get(what, 0.0), new.get(what, 0.0)) for what in {**old, **new}]
    return sorted((each for each in found if abs(each[2] - each[1]) >= _CENT), key=lambda each: -abs(each[2] - each[1]))


def compared(stack: str, changes: Changes, before: Estimate, after: Estimate, money: Money) -> Table:
    """A table of what differs, with the sums."""
    title = escape(f"{stack}: USD a month as it is, and with {changes.text}")
    shown = Table("What", "As it is", "Changed", "Difference", title=title, title_justify="left")
    for column in (1, 2, 3):
        shown.columns[column].justify = "right"
    for what, old, new in differences(before, after):
        shown.add_row(escape(what), f"{old:.2f}", f"{new:.2f}", f"{new - old:+.2f}")
    shown.add_section()
    for name, eur in (("all, USD without VAT", False), ("all of AWS, EUR with VAT", True)):
        old, new = (money.eur(e.usd - e.elsewhere, vat=True) if eur else e.usd for e in (before, after))
        shown.add_row(name, f"{old:.2f}", f"{new:.2f}", f"{new - old:+.2f}")
    return shown


def _of(values: Mapping[str, Any], stack: str) -> dict[str, Any]:
    split = ((*_split(key), value) for key, value in values.items())
    return {setting: value for of, setting, value in split if of in ("", stack)}


def _split(key: str) -> tuple[str, str]:
    """The stack that a key is for alone, or nothing, and the setting; labels of nodes may have a slash too."""
    stack, sign, setting = key.partition(_OF)
    return (stack, setting) if sign and not set(stack) & {".", ":"} else ("", key)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise CostsRefused([f"COMPARE: {str(error).lower()}, got {text!r}"]) from None


def _value(each: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise CostsRefused([f'COMPARE: expected a value as in a stack file, got "{each}"']) from None


def _by_what(estimate: Estimate) -> dict[str, float]:
    sums: dict[str, float] = {}
    for line in estimate.lines:
        sums[line.what] = sums.get(line.what, 0.0) + line.usd
    return sums
