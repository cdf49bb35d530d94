import json
from typing import Any

import pytest

from components.budget import BUDGETS, Budget, BudgetArgs
from components.encrypted_topic import key_policy, topic_policy
from tests.conftest import Declare, Plan

BUDGET = "aws:budgets/budget:Budget"
ACCOUNT = "123456789012"
GIVEN: dict[str, Any] = {
    "usd_per_month": 165,
    "emails": ("team@example.org",),
    "scope": "stack",
    "project": "socle",
    "stack": "staging",
    "account_id": ACCOUNT,
}


def made(declare: Declare, **more: Any) -> Plan:
    return declare(lambda: Budget("budget", BudgetArgs(**{**GIVEN, **more})))


def test_it_warns_at_80_and_100_percent_and_when_100_is_forecast(declare: Declare) -> None:
    budget = made(declare).one(BUDGET)
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("165", "USD", "MONTHLY")
    common = {"comparisonOperator": "GREATER_THAN", "thresholdType": "PERCENTAGE"}
    people = {"subscriberEmailAddresses": ["team@example.org"], "subscriberSnsTopicArns": []}
    assert budget["notifications"] == [
        {"notificationType": kind, "threshold": percent, **common, **people}
        for kind, percent in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
    ]


@pytest.mark.parametrize(
    ("scope", "filters"),
    [
        ("stack", [{"name": "TagKeyValue", "values": ["user:stack$staging"]}]),
        ("project", [{"name": "TagKeyValue", "values": ["user:project$socle"]}]),
        ("account", []),
    ],
)
def test_costs_count_by_the_tag_that_the_scope_names(declare: Declare, scope: str, filters: list[Any]) -> None:
    assert made(declare, scope=scope).one(BUDGET)["costFilters"] == filters


def test_without_options_there_is_nothing_but_the_budget(declare: Declare) -> None:
    assert {type_ for type_ in made(declare).types if type_.startswith("aws:")} == {BUDGET}


def test_a_topic_is_encrypted_and_told_along_with_people(declare: Declare) -> None:
    plan = made(declare, topic=True)
    assert plan.one("aws:sns/topic:Topic")["kmsMasterKeyId"] == "arn:aws:mock:::budget-key"
    told = [each["subscriberSnsTopicArns"] for each in plan.one(BUDGET)["notifications"]]
    assert told == [["arn:aws:mock:::budget-topic"]] * 3
    assert plan.one("aws:kms/key:Key")["enableKeyRotation"] is True


def test_only_budgets_of_this_account_write_to_the_topic() -> None:
    allow, deny = json.loads(topic_policy("arn:topic", ACCOUNT, BUDGETS))["Statement"]
    assert allow["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert allow["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"},
    }
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_key_is_used_by_budgets_of_this_account_and_kept_by_its_administrators() -> None:
    keep, use = json.loads(key_policy(ACCOUNT, BUDGETS))["Statement"]
    assert not {action for action in keep["Action"] if "crypt" in action or "Generate" in action or "*" in action}
    assert use["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert use["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_unusual_costs_are_told_once_a_day_from_a_sum_on(declare: Declare) -> None:
    plan = made(declare, anomaly_usd=10)
    monitor = plan.one("aws:costexplorer/anomalyMonitor:AnomalyMonitor")
    assert monitor["monitorType"] == "CUSTOM"
    given = {key: value for key, value in json.loads(monitor["monitorSpecification"]).items() if value}
    assert given == {"Tags": {"Key": "stack", "MatchOptions": None, "Values": ["staging"]}}
    told = plan.one("aws:costexplorer/anomalySubscription:AnomalySubscription")
    assert told["frequency"] == "DAILY"
    assert told["monitorArnLists"] == ["arn:aws:mock:::budget-monitor"]
    assert told["subscribers"] == [{"type": "EMAIL", "address": "team@example.org"}]
    assert told["thresholdExpression"]["dimension"]["values"] == ["10"]


def test_tags_are_activated_when_asked_for(declare: Declare) -> None:
    tags = made(declare, activate_tags=True).of("aws:costexplorer/costAllocationTag:CostAllocationTag")
    assert {each["tagKey"]: each["status"] for each in tags.values()} == {"project": "Active", "stack": "Active"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"usd_per_month": 0}, "usd_per_month must be 1 or more, got 0"),
        ({"emails": ()}, "emails must be 1 to 10 addresses, got 0"),
        ({"emails": tuple(f"{i}@example.org" for i in range(11))}, "emails must be 1 to 10 addresses, got 11"),
        ({"anomaly_usd": 0}, "anomaly_usd must be 1 or more, .* got 0 with stack"),
        ({"anomaly_usd": 5, "scope": "account"}, "left out when scope is account, got 5 with account"),
    ],
)
def test_what_would_tell_nobody_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        BudgetArgs(**{**GIVEN, **wrong})
