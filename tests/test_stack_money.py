"""What the sections about money add to a whole stack."""

import json

import pytest

from tests.conftest import Declare
from tests.stack_examples import ANSWERS, Raw, declare_stack, of_file, only, staging

SLEEP = {"awake_from": "07:00", "awake_until": "20:00", "awake_days": ["mon"]}
BUDGET = {"usd_per_month": 165, "emails": ["team@devu42.fr"], "scope": "account", "topic": True}
SCHEDULE = "aws:scheduler/schedule:Schedule"


def with_sections(raw: Raw) -> Raw:
    return only(raw, "network", "cluster") | {"socle:sleep": json.dumps(SLEEP), "socle:budget": json.dumps(BUDGET)}


@pytest.mark.parametrize("kind", ["eks", "k3s"])
def test_both_sections_add_their_component_and_the_topic_is_told(kind: str, declare: Declare) -> None:
    raw = with_sections(staging(cluster={"kind": kind, "api_cidrs": ["203.0.113.0/24"] if kind == "eks" else []}))
    made = declare_stack(declare, raw, ANSWERS)
    assert {"SleepSchedule sleep", "Budget budget"} <= made.top()
    assert made.outputs["budget_topic"] == "arn:aws:mock:::budget-topic"


def test_node_groups_wake_with_the_sizes_of_the_settings(declare: Declare) -> None:
    schedules = declare_stack(declare, with_sections(staging()), ANSWERS).plan.of(SCHEDULE)
    assert schedules.keys() == {"sleep-main-up", "sleep-main-down"}
    sizes = json.loads(schedules["sleep-main-up"]["target"]["input"])["ScalingConfig"]
    assert sizes == {"MinSize": 2, "DesiredSize": 2}


def test_how_many_nodes_run_is_left_to_the_schedule(declare: Declare) -> None:
    group = "eks:index:ManagedNodeGroup"
    assert declare_stack(declare, with_sections(staging()), ANSWERS).plan.one(group)["ignoreScalingChanges"] is True
    without = only(staging(), "network", "cluster")
    assert not declare_stack(declare, without, ANSWERS).plan.one(group).get("ignoreScalingChanges")


def test_neither_bastion_nor_nat_instance_sleeps(declare: Declare) -> None:
    raw = with_sections(of_file("staging") | staging(cluster={"kind": "k3s", "api_cidrs": []}))
    plan = declare_stack(declare, raw, ANSWERS).plan
    called = {id_ for each in plan.of(SCHEDULE).values() for id_ in json.loads(each["target"]["input"])["InstanceIds"]}
    agents = {f"main-main-{number}-spot-t4g-medium-id" for number in (1, 2)}
    assert called == {"main-server-1-id", *agents}
