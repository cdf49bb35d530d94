"""Hours a week that machines run, by the schedules that a stack declares."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.sleep_schedule import cron
from tools.costing.resource import UNKNOWN, Resource
from tools.sleeping.awake import SCHEDULE, awake_hours, minutes_of, sleepers, stack_awake_hours

MINUTES = st.lists(st.integers(0, 7 * 24 * 60 - 1), max_size=20)
DAYS: Any = st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)
MACHINE = Resource("urn:server", "aws:ec2/instance:Instance", "server", {})
NODES = Resource("urn:nodes", "aws:eks/nodeGroup:NodeGroup", "main-nodes", {}, parent="urn:group")


def schedule(name: str, line: str, call: str, of: str, parameters: Any = UNKNOWN, **more: Any) -> Resource:
    target = {"arn": f"arn:aws:scheduler:::aws-sdk:{call}", "input": parameters}
    inputs = {"scheduleExpression": line, "target": target, **more}
    return Resource(f"urn:{name}", SCHEDULE, name, inputs, links={"target": (of,)})


def of_machine(**more: Any) -> list[Resource]:
    return [
        MACHINE,
        schedule("up", "cron(0 7 ? * MON-FRI *)", "ec2:startInstances", MACHINE.urn),
        schedule("down", "cron(0 20 ? * MON-FRI *)", "ec2:stopInstances", MACHINE.urn, **more),
    ]


@given(MINUTES, MINUTES)
def test_no_week_is_shorter_than_nothing_or_longer_than_itself(starts: list[int], stops: list[int]) -> None:
    assert 0 <= awake_hours(starts, stops) <= 168


@given(st.sets(st.integers(0, 10079), min_size=1), st.sets(st.integers(0, 10079), min_size=1))
def test_what_is_not_awake_is_asleep(starts: set[int], stops: set[int]) -> None:
    starts -= stops
    if starts:
        asleep = awake_hours(sorted(stops), sorted(starts))
        assert awake_hours(sorted(starts), sorted(stops)) + asleep == pytest.approx(168)


@given(MINUTES, MINUTES, st.integers(0, 10079))
def test_when_the_week_begins_does_not_matter(starts: list[int], stops: list[int], later: int) -> None:
    moved = awake_hours([at + later for at in starts], [at + later for at in stops])
    assert moved == pytest.approx(awake_hours(starts, stops))


@given(DAYS, st.integers(0, 22 * 60), st.data())
def test_lines_of_the_component_give_its_hours(days: set[Any], start: int, data: st.DataObject) -> None:
    stop = data.draw(st.integers(start + 1, 23 * 60))
    up, down = minutes_of(cron(start, days)), minutes_of(cron(stop, days))
    assert up is not None
    assert down is not None
    assert awake_hours(up, down) == pytest.approx(len(days) * (stop - start) / 60)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("cron(0 7 ? * MON-FRI *)", 5),
        ("cron(0 7 * * ? *)", 7),
        ("cron(0/20 7-8 ? * SUN,SAT *)", 12),
        ("cron(*/30 * ? * 2 *)", 48),
    ],
)
def test_weekly_lines_are_read(line: str, count: int) -> None:
    found = minutes_of(line)
    assert found is not None
    assert len(set(found)) == count


@pytest.mark.parametrize(
    "line",
    [
        *(
            "rate(1 hour)",
            "at(2026-12-24T18:00:00)",
            "cron(0 7 1 * ? *)",
            "cron(0 7 ? 6 MON *)",
            "cron(0 25 ? * MON *)",
        ),
        *("cron(0 7 ? * MON 2027)", "cron(0 7 ? * LUN *)", "cron(0 7 ? * FRI#2 *)", "cron(0/0 7 ? * MON *)", ""),
    ],
)
def test_lines_that_are_not_weekly_are_left_out(line: str) -> None:
    assert minutes_of(line) is None


def test_a_machine_that_a_schedule_stops_sleeps() -> None:
    assert sleepers(of_machine()) == {MACHINE.urn: 65.0}
    assert stack_awake_hours(of_machine()) == 65.0


def test_a_schedule_that_is_off_stops_nothing() -> None:
    assert sleepers(of_machine(state="DISABLED")) == {}
    assert stack_awake_hours(of_machine(state="DISABLED")) == 168


RESIZE = "eks:updateNodegroupConfig"


def test_a_node_group_sleeps_by_the_sizes_that_it_gets() -> None:
    def to(desired: int) -> str:
        return json.dumps({"ScalingConfig": {"MinSize": 0, "DesiredSize": desired}})

    found = sleepers(
        [
            NODES,
            schedule("sleep-main-up", "cron(0 8 ? * MON *)", RESIZE, "urn:group", to(2)),
            schedule("sleep-main-down", "cron(0 18 ? * MON *)", RESIZE, "urn:group", to(0)),
            schedule("sleep-main-down-again", "cron(30 18 ? * MON *)", RESIZE, "urn:group", to(0)),
        ]
    )
    assert found == {NODES.urn: 10.0}


def test_a_preview_that_knows_neither_ids_nor_links_is_read_by_descriptions() -> None:
    found = sleepers(
        [
            NODES,
            MACHINE,
            schedule("up", "cron(0 8 ? * MON *)", RESIZE, "", description="starts: nodes"),
            schedule("down", "cron(0 18 ? * MON *)", RESIZE, "", description="stops: nodes"),
        ]
    )
    assert found == {NODES.urn: 10.0}
