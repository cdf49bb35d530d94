"""Which pairs of stacks fit: in which forms they are tried, and with which other settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.costing.priced import checkout, preview, row, servers
from tools import cost
from tools.changes.model import Preview
from tools.cost import Asked, Means

HOUR = 0.0752 * 730
"""USD a month of one machine that is always awake."""
DISK = 20 * 0.0928
SCHEDULE = "aws:scheduler/schedule:Schedule"


def planned(stack: str, hours: int) -> Preview:
    """One machine that a schedule starts on Mondays and stops `hours` later."""
    calls = {"starts": "cron(0 0 ? * MON *)", "stops": f"cron(0 {hours} ? * MON *)"}
    steps = [
        row(
            "create",
            f"sleep-{verb}",
            SCHEDULE,
            new={
                "description": f"{verb}: server-0",
                "scheduleExpression": at,
                "target": {
                    "arn": f"arn:aws:scheduler:::aws-sdk:ec2:{'startInstances' if verb == 'starts' else 'stop'}"
                },
            },
        )
        for verb, at in calls.items()
    ]
    machine = {"instanceType": "t4g.large", "rootBlockDevice": {"volumeSize": 20}}
    return preview(stack, row("create", "main-server-0", new=machine), *steps)


def pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str], found: Any, **asked: Any) -> dict[tuple[str, str], float]:
    """USD a month of each pair."""
    folder = checkout(tmp_path)
    given = Asked(stacks=("staging", "prod"), pairs=True, json=True, **asked)
    assert cost.run(given, Means(preview=found, folder=folder, costs=folder / "costs")) == 0
    return {(each["pair"][0], each["pair"][1]): each["usd"] for each in json.loads(capsys.readouterr().out)}


def test_a_stack_with_a_schedule_sleeps_by_it_and_is_tried_awake_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(stack: str, changes: Mapping[str, Any]) -> Preview:
        return planned(stack, 21) if stack == "staging" else servers(stack, 0)

    usd = pairs(tmp_path, capsys, found, compare="usage.cross_zone_gb=0")
    assert usd["staging (k3s)", "prod (eks)"] == pytest.approx(HOUR + DISK)
    assert usd["staging (k3s) asleep at night", "prod (eks)"] == pytest.approx(HOUR * 21 / 168 + DISK)


def test_other_settings_are_tried_of_all_stacks_or_of_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def found(stack: str, changes: Mapping[str, Any]) -> Preview:
        seen.append((stack, dict(changes)))
        return servers(stack, 1)

    settings = "network.zones=2 prod/cluster.kind=k3s prod/cluster.labels.a.b/role=x"
    assumptions = "usage.cross_zone_gb=0 prod/usage.awake_hours_per_week=84"
    usd = pairs(tmp_path, capsys, found, compare=f"{settings} {assumptions}")
    of_prod = {"network.zones": 2, "cluster.kind": "k3s", "cluster.labels.a.b/role": "x"}
    assert seen == [("staging", {"network.zones": 2}), ("prod", of_prod)]
    assert {name for pair in usd for name in pair if "asleep" not in name} == {"staging (k3s)", "prod (k3s)"}
    assert usd["staging (k3s)", "prod (k3s)"] == pytest.approx(HOUR * 1.5 + 2 * DISK)
