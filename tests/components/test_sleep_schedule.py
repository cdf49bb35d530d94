import json
from typing import Any

import pytest

from components.sleep_schedule import SleepingGroup, SleepSchedule, SleepScheduleArgs, plan_steps
from tests.conftest import Declare, Plan

GROUP = SleepingGroup(
    cluster_name="socle-test", name="nodes-1f2e", arn="arn:aws:eks:r:1:nodegroup/n", min_size=1, desired_size=2
)
HOURS: dict[str, Any] = {
    "awake_days": ("mon", "fri"),
    "awake_from": 7 * 60,
    "awake_until": 20 * 60 + 30,
    "timezone": "Europe/Paris",
    "account_id": "123456789012",
    "region": "eu-west-3",
}
K3S: dict[str, Any] = {"machines": {"servers": {"server-1": "i-1"}, "agents": {"main-1": "i-2", "main-2": "i-3"}}}
EKS: dict[str, Any] = {"node_groups": {"main": GROUP}}
SCHEDULE = "aws:scheduler/schedule:Schedule"


def made(declare: Declare, **more: Any) -> Plan:
    return declare(lambda: SleepSchedule("sleep", SleepScheduleArgs(**{**HOURS, **more})))


def calls(plan: Plan) -> dict[str, tuple[str, str, Any]]:
    """When each schedule calls what, with which parameters."""
    return {
        name: (each["scheduleExpression"], each["target"]["arn"], json.loads(each["target"]["input"]))
        for name, each in plan.of(SCHEDULE).items()
    }


def test_servers_start_before_agents_and_stop_after_them(declare: Declare) -> None:
    start, stop = (f"arn:aws:scheduler:::aws-sdk:ec2:{verb}Instances" for verb in ("start", "stop"))
    servers, agents = {"InstanceIds": ["i-1"]}, {"InstanceIds": ["i-2", "i-3"]}
    assert calls(made(declare, **K3S)) == {
        "sleep-servers-up": ("cron(0 7 ? * MON,FRI *)", start, servers),
        "sleep-agents-up": ("cron(5 7 ? * MON,FRI *)", start, agents),
        "sleep-agents-down": ("cron(30 20 ? * MON,FRI *)", stop, agents),
        "sleep-servers-down": ("cron(35 20 ? * MON,FRI *)", stop, servers),
    }


def test_node_groups_go_to_zero_and_back_to_their_sizes(declare: Declare) -> None:
    call = "arn:aws:scheduler:::aws-sdk:eks:updateNodegroupConfig"
    named = {"ClusterName": "socle-test", "NodegroupName": "nodes-1f2e"}
    assert calls(made(declare, **EKS)) == {
        "sleep-main-up": (
            "cron(0 7 ? * MON,FRI *)",
            call,
            {**named, "ScalingConfig": {"MinSize": 1, "DesiredSize": 2}},
        ),
        "sleep-main-down": (
            "cron(30 20 ? * MON,FRI *)",
            call,
            {**named, "ScalingConfig": {"MinSize": 0, "DesiredSize": 0}},
        ),
    }


def test_an_autoscaler_that_woke_a_node_is_sent_to_sleep_again(declare: Declare) -> None:
    found = calls(made(declare, **EKS, autoscaled=True))
    assert found["sleep-main-down-again"] == ("cron(0 21 ? * MON,FRI *)", *found["sleep-main-down"][1:])


def test_every_call_is_on_time_or_not_at_all_and_in_the_right_time_zone(declare: Declare) -> None:
    for each in made(declare, **K3S).of(SCHEDULE).values():
        assert each["scheduleExpressionTimezone"] == "Europe/Paris"
        assert each["flexibleTimeWindow"] == {"mode": "OFF"}
        assert each["target"]["retryPolicy"] == {"maximumEventAgeInSeconds": 1200, "maximumRetryAttempts": 10}
        assert each["groupName"] == "sleep-group"
        assert each["target"]["roleArn"] == "arn:aws:mock:::sleep-role"


def test_the_role_serves_the_schedules_of_this_group_alone(declare: Declare) -> None:
    (statement,) = json.loads(made(declare, **K3S).one("aws:iam/role:Role")["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": ["sts:AssumeRole"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceArn": "arn:aws:mock:::sleep-group"}
        },
    }


def test_the_role_may_start_and_stop_these_machines_and_nothing_else(declare: Declare) -> None:
    (statement,) = json.loads(made(declare, **K3S).one("aws:iam/rolePolicy:RolePolicy")["policy"])["Statement"]
    assert statement["Action"] == ["ec2:StartInstances", "ec2:StopInstances"]
    assert statement["Resource"] == [f"arn:aws:ec2:eu-west-3:123456789012:instance/i-{i}" for i in (1, 2, 3)]


def test_the_role_may_resize_these_node_groups_and_nothing_else(declare: Declare) -> None:
    (statement,) = json.loads(made(declare, **EKS).one("aws:iam/rolePolicy:RolePolicy")["policy"])["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["eks:UpdateNodegroupConfig"], [GROUP.arn])


def test_a_part_without_machines_is_not_called() -> None:
    args = SleepScheduleArgs(**HOURS, machines={"servers": {"server-1": "i-1"}, "agents": {}})
    assert {step.name for step in plan_steps(args)} == {"servers-up", "servers-down"}


def test_each_schedule_says_what_it_is_about(declare: Declare) -> None:
    said = {name: each["description"] for name, each in made(declare, **K3S, **EKS).of(SCHEDULE).items()}
    assert said["sleep-agents-up"] == "starts: main-1, main-2"
    assert said["sleep-main-down"] == "stops: main"


def test_more_machines_than_a_description_holds_are_counted(declare: Declare) -> None:
    agents = {f"main-{i}": f"i-{i}" for i in range(100)}
    said = made(declare, machines={"agents": agents}).of(SCHEDULE)["sleep-agents-down"]["description"]
    assert said == "stops: 100 machines"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"awake_days": ()}, "awake_days must name at least one day, got none"),
        ({"awake_from": 1300}, "awake_from and awake_until must satisfy .*, got 1300 and 1230"),
        ({"awake_until": 1400}, "awake_from and awake_until must satisfy .* <= 1380, got 420 and 1400"),
        ({"machines": {"agents": {}}}, "machines or node_groups must name something that sleeps, got none"),
    ],
)
def test_a_schedule_that_could_not_work_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SleepScheduleArgs(**{**HOURS, **K3S, **wrong})
