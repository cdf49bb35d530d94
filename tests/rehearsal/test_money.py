"""A budget and a schedule of sleep, through the real engine, checked against AWS's own schemas."""

import json
from typing import Any

import pytest

from rehearsal.world import Thing
from tests.rehearsal.checkouts import Checkout, Config, of_type
from tests.rehearsal.simulation import Stack

SCHEDULE = "aws:scheduler/schedule:Schedule"
BUDGET = "aws:budgets/budget:Budget"
SLEEP = {"awake_from": "07:00", "awake_until": "20:00"}
MONEY = {
    "usd_per_month": 165,
    "emails": ["team@devu42.fr"],
    "scope": "stack",
    "topic": True,
    "anomaly_usd": 10,
    "activate_tags": True,
}
WINDOW = {"mode": "OFF"}
TARGET = {"arn": "arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "roleArn": "arn:aws:iam::123456789012:role/it"}


def _with_money(kind: str) -> Any:
    def edit(config: Config) -> None:
        config["socle:cluster"]["kind"] = kind
        config |= {"socle:sleep": SLEEP, "socle:budget": MONEY}
        # Alerts and applications have no part in it.
        for section in ("monitoring", "users_api", "database", "backups"):
            config.pop(f"socle:{section}")

    return edit


def _parameters(cloud: dict[str, Thing]) -> dict[str, Any]:
    return {name: json.loads(each.inputs["target"]["input"]) for name, each in of_type(cloud, SCHEDULE).items()}


@pytest.mark.usefixtures("engine")
def test_node_groups_are_called_by_their_names_and_all_goes_again(checkout: Checkout) -> None:
    checkout.edit("staging", _with_money("eks"))
    up = checkout.must("up", "staging")
    cloud = checkout.cloud("staging")
    (group,) = of_type(cloud, "aws:eks/nodeGroup:NodeGroup").values()
    calls = _parameters(cloud)
    assert set(calls) == {"sleep-main-up", "sleep-main-down", "sleep-main-down-again"}
    for call in calls.values():
        assert (call["ClusterName"], call["NodegroupName"]) == ("socle-staging", group.inputs["nodeGroupName"])
    assert calls["sleep-main-up"]["ScalingConfig"] == {"MinSize": 2, "DesiredSize": 2}
    assert len(of_type(cloud, BUDGET)) == 1
    assert "budget_topic" in up.result["outputs"]
    assert checkout.must("up", "staging").changes == {}
    checkout.must("destroy", "staging")
    assert checkout.cloud("staging") == {}


@pytest.mark.usefixtures("engine")
def test_machines_of_k3s_are_called_by_their_ids_but_the_bastion(checkout: Checkout) -> None:
    checkout.edit("staging", _with_money("k3s"))
    checkout.must("up", "staging")
    cloud = checkout.cloud("staging")
    machines = of_type(cloud, "aws:ec2/instance:Instance")
    called = {id_ for call in _parameters(cloud).values() for id_ in call["InstanceIds"]}
    assert called == {each.id for name, each in machines.items() if "bastion" not in name}
    assert set(_parameters(cloud)) == {
        f"sleep-{part}-{way}" for part in ("servers", "agents") for way in ("up", "down")
    }


@pytest.mark.parametrize(
    ("type_", "inputs", "place"),
    [
        (BUDGET, {"budgetType": "COSTS", "timeUnit": "MONTHLY"}, "budgetType: AWS has no COSTS, did you mean COST"),
        (BUDGET, {"budgetType": "COST", "timeUnit": "MONTH"}, "timeUnit: AWS has no MONTH, "),
        (
            SCHEDULE,
            {"scheduleExpression": "cron(0 7 * * ? *)", "target": TARGET, "flexibleTimeWindow": {"mode": "NONE"}},
            "flexibleTimeWindow.mode: expected one of ",
        ),
        (
            SCHEDULE,
            {
                "scheduleExpression": "cron(0 7 * * ? *)",
                "flexibleTimeWindow": WINDOW,
                "target": {**TARGET, "retryPolicy": {"maximumRetryAttempts": 500}},
            },
            "maximumRetryAttempts",
        ),
        (
            "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
            {"monitorType": "TAGS"},
            "monitorType: expected one of ",
        ),
        (
            "aws:costexplorer/anomalySubscription:AnomalySubscription",
            {"frequency": "HOURLY", "monitorArnLists": [], "subscribers": []},
            "frequency: expected one of ",
        ),
        (
            "aws:costexplorer/costAllocationTag:CostAllocationTag",
            {"tagKey": "a", "status": "On"},
            "status: AWS has no On, ",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused(aws: Stack, type_: str, inputs: dict[str, Any], place: str) -> None:
    assert any(place in problem for problem in aws.problems(type_, inputs))
