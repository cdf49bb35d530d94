import json
import re
from typing import Any

import pytest

from rehearsal.datadog_provider import SimulatedDatadog
from rehearsal.wire import UNKNOWN, Properties, to_struct
from rehearsal.world import World
from tests.rehearsal.simulation import CALLER, Requests, Stack

MONITOR = "datadog:index/monitor:Monitor"
DASHBOARD = "datadog:index/dashboardJson:DashboardJson"
CHANNEL = "datadog:slack/channel:Channel"
QUERY = "avg(last_5m):avg:system.cpu.user{env:prod} by {host} > 90"
SERVICE = '"kubernetes_state.node.ready".over("env:prod").by("node").last(4).count_by_status()'


@pytest.fixture
def datadog(world: World) -> Stack:
    return Stack(SimulatedDatadog(world, "pulumi-datadog"))


def _monitor(**changes: Any) -> Properties:
    inputs: Properties = {
        "name": "CPU",
        "type": "query alert",
        "query": QUERY,
        "message": "{{#is_alert}}busy{{/is_alert}} @slack-alertes",
        "monitorThresholds": {"critical": "90", "warning": "80"},
    }
    return {**inputs, **changes}


def test_a_monitor_gets_a_number_and_keeps_it(datadog: Stack) -> None:
    made = datadog.create(MONITOR, "cpu", "", **_monitor())
    assert re.fullmatch(r"\d{9}", made["id"])
    changed = _monitor(name="Processor")
    assert datadog.diff(MONITOR, "cpu", "", **changed).replaces == set()
    assert datadog.update(MONITOR, "cpu", "", **changed)["name"] == "Processor"


@pytest.mark.parametrize(
    "inputs",
    [
        _monitor(),
        _monitor(query="change(avg(last_5m),last_1h):sum:shop.hits{*} < -5.5", monitorThresholds={"critical": "-5.5"}),
        _monitor(query="avg(last_4h):anomalies(avg:a.b{*}, 'basic', 2) >= 1", monitorThresholds={"critical": "1.0"}),
        _monitor(query="min(last_10m):sum:a.b{x:y} / sum:a.c{x:y} * 100 < 20", monitorThresholds={"critical": "20"}),
        _monitor(type="service check", query=SERVICE, monitorThresholds={"critical": "3", "ok": "1"}),
        _monitor(type="composite", query="123 && !(456 || 789)", monitorThresholds=UNKNOWN),
        _monitor(type="log alert", query='logs("status:(error").index("*").rollup("count").last("5m") > 90'),
        _monitor(query=UNKNOWN, message=UNKNOWN, type=UNKNOWN),
    ],
)
def test_what_datadog_takes_is_no_problem(datadog: Stack, inputs: Properties) -> None:
    assert datadog.problems(MONITOR, inputs) == set()


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"type": "metric alarm"}, "type: expected one of metric alert, query alert, "),
        ({"query": "avg(last_5m):avg:system.cpu.user{*"}, "query: a bracket { has no partner"),
        ({"query": "avg(last_5m):avg:system.cpu.user{*}"}, "query: expected a comparison with a number at its end"),
        ({"query": "avg:system.cpu.user{*} > 90"}, "query: expected a window of time first, such as avg(last_5m):"),
        ({"query": "avg(last_5m):system.cpu.user > 90"}, "query: expected a series such as avg:system.load.1{*}"),
        ({"type": "service check", "query": "up"}, 'query: expected a form such as "check".over('),
        ({"type": "composite", "query": "cpu && disk"}, "query: expected ids of monitors joined by && and ||"),
        (
            {"monitorThresholds": {"critical": "95"}},
            "monitorThresholds.critical: Alert threshold (95) does not match that used in the query (90)",
        ),
        ({"monitorThresholds": {"warning": "80"}}, "monitorThresholds.critical: missing, Alert status is required"),
        (
            {"monitorThresholds": {"critical": "90", "warning": "91"}},
            "monitorThresholds.warning: expected a level below critical, which is 90, got 91",
        ),
        ({"monitorThresholds": {"critical": "much"}}, "monitorThresholds.critical: expected a number, got 'much'"),
        ({"monitorThresholds": {"critcal": "90"}}, "monitorThresholds.critcal: unknown property critcal, did you mean"),
        ({"message": "{{#is_alert}}busy"}, "message: {{#is_alert}} is never closed"),
        ({"message": "busy{{/is_alert}}"}, "message: {{/is_alert}} closes nothing that is open"),
        ({"priority": "6"}, "priority: expected 1 to 5, got '6'"),
        ({"onMissingData": "ignore"}, "onMissingData: expected one of show_no_data, "),
        ({"onMissingData": "resolve", "notifyNoData": True}, "onMissingData: excludes notifyNoData"),
        ({"query": None}, "query: missing, it is required"),
    ],
)
def test_what_datadog_refuses_in_a_monitor_is_refused(datadog: Stack, changes: Properties, beginning: str) -> None:
    (problem,) = datadog.problems(MONITOR, _monitor(**changes))
    assert problem.startswith(beginning)


def _widget(**definition: Any) -> Properties:
    return {"definition": {"type": "timeseries", "requests": [{"q": "avg:a.b{*}"}], **definition}}


def _dashboard(**changes: Any) -> Properties:
    document = {"title": "Shop", "layout_type": "ordered", "widgets": [_widget()], **changes}
    return {"dashboard": json.dumps({key: value for key, value in document.items() if value is not None})}


def test_a_dashboard_gets_an_id_in_three_parts(datadog: Stack) -> None:
    made = datadog.create(DASHBOARD, "shop", "", **_dashboard())
    assert re.fullmatch(r"[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}", made["id"])
    assert made["url"] == f"/dashboard/{made['id']}"


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"dashboard": "{"}, "dashboard: expected JSON, got Expecting property name enclosed in double quotes"),
        (_dashboard(title=None), "dashboard.title: missing, it is required"),
        (_dashboard(widgets=None), "dashboard.widgets: missing, it is required"),
        (_dashboard(layout_type="grid"), "dashboard.layout_type: expected one of ordered, free, got 'grid'"),
        (_dashboard(layout_type="free"), "dashboard.widgets[0].layout: missing, this layout needs x, y, width and"),
        (_dashboard(widgets=[{}]), "dashboard.widgets[0].definition: missing, it is required"),
        (_dashboard(widgets=[_widget(requests=[])]), "dashboard.widgets[0].definition.requests: missing, it is"),
        (
            _dashboard(widgets=[_widget(type="timeserie")]),
            "dashboard.widgets[0].definition.type: no widget has the type 'timeserie', did you mean timeseries?",
        ),
        (
            _dashboard(widgets=[_widget(requests=[{"queries": [{"name": "a"}]}])]),
            "dashboard.widgets[0].definition.requests[0].queries[0].data_source: missing, it is required",
        ),
        (
            _dashboard(widgets=[_widget(type="group", layout_type="ordered", widgets=[_widget(type="graph")])]),
            "dashboard.widgets[0].definition.widgets[0].definition.type: no widget has the type 'graph'",
        ),
        (_dashboard(template_variables=[{}]), "dashboard.template_variables[0].name: missing, it is required"),
    ],
)
def test_what_datadog_refuses_in_a_dashboard_is_refused(datadog: Stack, inputs: Properties, problem: str) -> None:
    (found,) = datadog.problems(DASHBOARD, inputs)
    assert found.startswith(problem)


def test_a_dashboard_that_is_not_known_yet_is_not_judged(datadog: Stack) -> None:
    assert datadog.problems(DASHBOARD, {"dashboard": UNKNOWN}) == set()


def test_a_slack_channel_is_known_by_account_and_name(datadog: Stack) -> None:
    channel = {"accountName": "devu42", "channelName": "#alertes", "display": {"message": True}}
    assert datadog.create(CHANNEL, "alerts", "", **channel)["id"] == "devu42:#alertes"
    assert datadog.diff(CHANNEL, "alerts", "", **{**channel, "channelName": "#autres"}).replaces == {"channelName"}
    assert datadog.problems(CHANNEL, {**channel, "channelName": "alertes"}) == {
        "channelName: expected a name that begins with #, got 'alertes'"
    }


@pytest.mark.parametrize(
    ("config", "refused"),
    [
        ({}, True),
        ({"apiKey": "a"}, True),
        ({"apiKey": "a", "appKey": "b"}, False),
        ({"apiKey": UNKNOWN, "appKey": UNKNOWN}, False),
        ({"validate": "false"}, False),
    ],
)
def test_a_provider_without_its_keys_is_refused(datadog: Stack, config: Properties, refused: bool) -> None:
    request = Requests.CheckRequest(urn="urn:pulumi:test::socle::pulumi:providers:datadog::it", news=to_struct(config))
    found = {failure.reason for failure in datadog.provider.CheckConfig(request, CALLER).failures}
    assert found == ({"apiKey and appKey must be set, unless validate is false"} if refused else set())
