"""Whether Renovate finds what is pinned."""

import json
import re
from typing import Any

import pytest

from components import versions
from rehearsal.engine import ENGINE
from tests.pipelines.conftest import ROOT
from tests.pipelines.test_forms import ACTIONLINT

RENOVATE: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
BY_PIN = {each["description"].removeprefix("The pin "): each for each in RENOVATE["customManagers"]}
BY_HAND = {"postgresql-ha-chart", "kubernetes", "kubernetes-1.35", "cluster-autoscaler", "cluster-autoscaler-1.35"}
"""Pins without a newer version to look for, or that follow the Kubernetes version, which a person raises."""


def found(manager: dict[str, Any]) -> list[str]:
    """Versions that a manager finds in its files, as Renovate does; its groups are those of JavaScript."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in manager["managerFilePatterns"]]
    patterns: list[str] = [pattern.replace("(?<", "(?P<") for pattern in manager["matchStrings"]]
    matches = [match for text in texts for pattern in patterns for match in re.finditer(str(pattern), text)]
    return [match["currentValue"] for match in matches]


@pytest.mark.parametrize("name", [name for name in BY_PIN if name.isupper()])
def test_a_pin_is_found_with_its_version(name: str) -> None:
    assert found(BY_PIN[name]) == [getattr(versions, name).version]


def test_the_engine_and_actionlint_are_found() -> None:
    rest = {each["depNameTemplate"]: found(each) for name, each in BY_PIN.items() if not name.isupper()}
    assert rest == {"pulumi/pulumi": [ENGINE], "github.com/rhysd/actionlint": [ACTIONLINT]}


def test_every_pin_is_renewed_or_known_to_be_raised_by_hand() -> None:
    ours = {getattr(versions, name) for name in BY_PIN if name.isupper()}
    left = {name for name, pin in versions.PINS.items() if pin not in ours and not name.startswith("eks-")}
    assert left == BY_HAND


def test_nothing_is_merged_by_itself() -> None:
    assert RENOVATE["automerge"] is False
    assert not any(rule.get("automerge") for rule in RENOVATE["packageRules"])
