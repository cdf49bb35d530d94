"""A budget and a schedule of sleep, checked against AWS's own schemas; `test_stacks_rise.py` has them in stacks."""

from typing import Any

import pytest

from tests.rehearsal.simulation import Stack

SCHEDULE = "aws:scheduler/schedule:Schedule"
BUDGET = "aws:budgets/budget:Budget"
WINDOW = {"mode": "OFF"}
TARGET = {"arn": "arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "roleArn": "arn:aws:iam::123456789012:role/it"}


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
