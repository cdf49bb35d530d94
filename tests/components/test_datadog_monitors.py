"""What alerts the team in Datadog: the questions, their grammar, and what a message says."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.addons.datadog_checks import CHECKS
from components.datadog_monitors import DatadogMonitors, DatadogMonitorsArgs, app_url, mention, message
from components.monitor import Levels, Monitor
from components.monitor_list import plan_monitors
from components.watched import Watched
from tests.conftest import Declare, Plan

MONITOR = "datadog:index/monitor:Monitor"
DASHBOARD = "datadog:index/dashboard:Dashboard"
EVERYTHING: dict[str, Any] = {
    "cluster_name": "plain",
    "namespaces": ("users-api", "ingress"),
    "api_namespace": "users-api",
    "database_namespace": "database",
    "database_backup_hours": 24,
    "backup_schedule": "velero-daily",
}
QUESTIONS = {
    *("service-availability", "node-not-ready", "http-500", "response-time", "requests-per-second"),
    *("node-cpu", "node-memory", "pods-per-node", "database-connections", "database-queries"),
    *("backup-age", "database-backup-age", "certificate-expiry"),
}


def planned(**changes: Any) -> dict[str, Monitor]:
    choices: dict[str, Any] = {**EVERYTHING, **changes}
    return {each.key: each for each in plan_monitors(Watched(**choices))}


BY_KEY = planned()
MONITORS = list(BY_KEY.values())
each_monitor = pytest.mark.parametrize("monitor", MONITORS, ids=lambda each: each.key)

# https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor , https://docs.datadoghq.com/metrics/advanced-filtering/
WINDOW = r"(?:avg|sum|max|min)\(last_(?:\d+m|\d+h|\d+d)\)"
TAG = r"[a-z][a-z0-9_]*:[A-Za-z0-9_./*-]+"
CONDITION = rf"(?:{TAG}|[a-z_]+ IN \([a-z0-9,-]+\)|\({TAG}(?: OR {TAG})+\))"
METRIC = (
    rf"(?:avg|sum|max|min):[a-z][a-z0-9_.]+\{{{CONDITION}(?: AND {CONDITION})*\}}"
    r"(?: by \{[a-z_]+(?:,[a-z_]+)*\})?(?:\.as_(?:count|rate)\(\))?"
)
TERM = rf"(?:{METRIC}|default_zero\({METRIC}\)|cutoff_max\({METRIC}, \d+\)|\d+)"
QUERY = re.compile(rf"{WINDOW}:{TERM}(?: [-+*/] {TERM})* (?:<|<=|>|>=) -?\d+(?:\.\d+)?")


def args(**changes: Any) -> DatadogMonitorsArgs:
    choices: dict[str, Any] = {**EVERYTHING, "runbook_url": "https://forge.example/runbooks/", **changes}
    return DatadogMonitorsArgs(**choices)


def declared(declare: Declare, **changes: Any) -> Plan:
    def path(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"url": "/dashboard/abc"}

    return declare(lambda: DatadogMonitors("monitors", args(**changes)), outputs={DASHBOARD: path})


def minutes(window: str) -> int:
    amount, unit = re.findall(r"last_(\d+)([mhd])", window)[0]
    return int(amount) * {"m": 1, "h": 60, "d": 1440}[unit]


def test_every_question_of_the_platform_is_asked():
    assert set(BY_KEY) == QUESTIONS
    assert len(plan_monitors(Watched(**EVERYTHING))) == len(QUESTIONS)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"api_namespace": None}, {"response-time", "requests-per-second"}),
        ({"ingress": "nginx"}, {"response-time", "requests-per-second", "http-500"}),
        ({"backup_schedule": None}, {"backup-age"}),
        ({"database_backup_hours": None}, {"database-backup-age"}),
        ({"certificates": False}, {"certificate-expiry"}),
        ({"database_namespace": None}, {"database-connections", "database-queries", "database-backup-age"}),
    ],
)
def test_what_is_not_there_is_not_asked_about(changes: dict[str, Any], missing: set[str]):
    assert QUESTIONS - planned(**changes).keys() == missing


@each_monitor
def test_queries_follow_the_grammar_of_datadog(monitor: Monitor):
    assert QUERY.fullmatch(monitor.query), monitor.query


@pytest.mark.parametrize(
    "wrong",
    [
        "avg(last_5m):system.cpu.idle{a:b} > 1",
        "avg(last_5m):avg:system.cpu.idle{a:b, c:d} > 1",
        "avg(last_5m):avg:system.cpu.idle{a:b AND c:d > 1",
        "avg(last_5m):avg:system.cpu.idle{a:b} by host > 1",
        "avg(5m):avg:system.cpu.idle{a:b} > 1",
        "avg(last_5m):avg:system.cpu.idle{a:b}",
    ],
)
def test_the_grammar_of_this_test_refuses_what_datadog_refuses(wrong: str):
    assert not QUERY.fullmatch(wrong)


@each_monitor
def test_parentheses_close(monitor: Monitor):
    for opening, closing in ("()", "{}"):
        assert monitor.query.count(opening) == monitor.query.count(closing)


@each_monitor
def test_every_metric_is_asked_of_this_cluster_only(monitor: Monitor):
    scopes = re.findall(r"[a-z0-9_]\{([^}]+)\}", monitor.expression)
    metrics = [scope for scope in scopes if ":" in scope]
    assert metrics
    assert all(scope.startswith("kube_cluster_name:plain") for scope in metrics)


@each_monitor
def test_both_sides_of_a_fraction_have_the_same_groups(monitor: Monitor):
    groups = re.findall(r" by (\{[a-z_,]+\})", monitor.expression)
    assert len(set(groups)) <= 1
    if groups:
        assert len(groups) == len(re.findall(r"(?:avg|sum|max|min):", monitor.expression))


@each_monitor
def test_the_level_of_the_query_is_the_critical_one(monitor: Monitor, declare: Declare):
    made = declared(declare).of(MONITOR)[f"monitors-{monitor.key}"]
    assert made["query"] == monitor.query
    assert made["query"].endswith(f" {monitor.comparator} {made['monitorThresholds']['critical']}")
    assert made["monitorThresholds"]["warning"] == f"{monitor.levels.warning:g}"
    assert made["type"] == "query alert"


@each_monitor
def test_counts_are_summed_because_datadog_evaluates_them_so(monitor: Monitor):
    # https://docs.datadoghq.com/monitors/guide/as-count-in-monitor-evaluations/
    assert ("as_count()" in monitor.expression) == monitor.window.startswith("sum(")


@each_monitor
def test_silence_lasts_twice_the_window_before_it_alerts(monitor: Monitor):
    if monitor.no_data_minutes is not None:
        assert monitor.no_data_minutes >= 2 * minutes(monitor.window)


def test_silence_alerts_where_it_is_a_failure_itself():
    loud = {each.key for each in MONITORS if each.no_data_minutes is not None}
    assert loud == {
        *("service-availability", "node-not-ready", "database-queries"),
        *("backup-age", "database-backup-age", "certificate-expiry"),
    }


def test_a_node_that_the_autoscaler_removes_alerts_nobody():
    grouped_by_node = {"node-cpu", "node-memory", "pods-per-node"}
    assert all(BY_KEY[key].no_data_minutes is None for key in grouped_by_node)
    assert " by " not in BY_KEY["node-not-ready"].expression


def test_the_agent_collects_every_metric_of_a_program_that_is_asked_about():
    asked = {
        metric
        for each in MONITORS
        for metric in re.findall(r"(?:avg|sum|max|min):([a-z0-9_.]+)\{", each.expression)
        if not metric.startswith(("kubernetes_state.", "system."))
    }
    assert asked == {
        # https://github.com/DataDog/integrations-core/blob/master/traefik_mesh/metadata.csv
        *("traefik_mesh.service.requests.count", "traefik_mesh.service.request.duration.seconds.sum"),
        *("traefik_mesh.service.request.duration.seconds.count", "cert_manager.certificate.overdue"),
        *("velero.backup.age", "database.backup.age", "database.connections", "database.max_connections"),
        *("database.commits.count", "database.rollbacks.count"),
    }
    for metric in asked:
        program, _, name = metric.partition(".")
        file = "openmetrics.yaml" if program == "database" else f"{program}.yaml"
        if program != "traefik_mesh":
            assert f'"{name.removesuffix(".count")}"' in CHECKS[file]


# Values of these tags that are there as long as nothing is wrong; a series of any other one appears with a fault.
HEALTHY = {"status": {"true"}, "condition": {"ready"}, "pod_phase": {"running"}}


def faults_asked_for(expression: str) -> set[str]:
    found = re.findall(r"\b(status|condition|pod_phase|code):([\w*]+)", expression)
    return {value for tag, value in found if value not in HEALTHY.get(tag, set())}


@each_monitor
def test_silence_alerts_only_where_there_is_a_value_in_health(monitor: Monitor):
    if monitor.no_data_minutes is not None:
        assert not faults_asked_for(monitor.expression)


def test_a_query_on_a_fault_is_recognised_as_one():
    assert faults_asked_for("sum:m{condition:ready AND (status:false OR status:unknown)}") == {"false", "unknown"}
    assert faults_asked_for(BY_KEY["http-500"].expression) == {"5*"}


def test_nodes_that_are_not_ready_are_all_less_those_that_are():
    # https://docs.datadoghq.com/integrations/kubernetes_state_core/ : only the status that a node has is sent.
    every, ready = BY_KEY["node-not-ready"].expression.split(" - ")
    assert every == "sum:kubernetes_state.node.by_condition{kube_cluster_name:plain AND condition:ready}"
    assert ready == every.replace("}", " AND status:true}")


@pytest.mark.parametrize("hours", [6, 24, 168])
def test_a_new_stack_has_a_day_beyond_the_schedule_for_its_first_backup(hours: int):
    assert planned(backup_hours=hours)["backup-age"].no_data_minutes == (hours + 24) * 60


def test_the_first_backup_of_the_database_is_made_at_once_whatever_its_schedule():
    assert planned(database_backup_hours=168)["database-backup-age"].no_data_minutes == 180


def test_a_database_without_a_backup_has_no_age_instead_of_one_since_1970():
    expression = BY_KEY["database-backup-age"].expression
    [limit] = re.findall(r"cutoff_max\(.*, (\d+)\)", expression)
    years = int(limit) / (365 * 86400)
    assert 20 < years < 50


def test_backups_are_late_after_one_missed_and_critical_after_two():
    daily = {key: BY_KEY[key].levels for key in ("backup-age", "database-backup-age")}
    assert all((levels.warning, levels.critical) == (26, 50) for levels in daily.values())
    six_hourly = planned(backup_hours=6)
    assert six_hourly["backup-age"].levels == Levels(warning=8, critical=14)
    assert six_hourly["database-backup-age"].levels == Levels(warning=26, critical=50)


def test_only_the_backups_of_the_schedule_count():
    assert "schedule:velero-daily" in BY_KEY["backup-age"].expression


# Messages


def test_a_message_says_how_much_what_to_do_and_tells_slack():
    text = message(BY_KEY["node-cpu"], args())
    assert text == (
        "A node has no CPU left: {{value}} % of the CPU (critical > 90, warning > 80).\n"
        "What to do: https://forge.example/runbooks/node-cpu.md\n"
        "@slack-alertes"
    )


def test_a_message_says_what_silence_means():
    assert "{{#is_no_data}}Nothing is measured any more" in message(BY_KEY["backup-age"], args())


def test_slack_is_told_by_channel():
    assert mention("#ops") == "@slack-ops"


@pytest.mark.parametrize(
    ("site", "url"), [("datadoghq.eu", "https://app.datadoghq.eu"), ("us5.datadoghq.com", "https://us5.datadoghq.com")]
)
def test_people_open_datadog_in_their_region(site: str, url: str):
    assert app_url(site) == url


# Resources


def test_every_monitor_is_made_once_under_its_key(declare: Declare):
    made = declared(declare, tags={"stack": "test"}).of(MONITOR)
    assert set(made) == {f"monitors-{key}" for key in QUESTIONS}
    for key in QUESTIONS:
        monitor = made[f"monitors-{key}"]
        assert monitor["name"] == f"[plain] {BY_KEY[key].title}"
        assert monitor["message"] == message(BY_KEY[key], args())
        assert monitor["tags"] == ["stack:test"]
        assert monitor["notifyNoData"] is (BY_KEY[key].no_data_minutes is not None)
        assert monitor.get("noDataTimeframe") == BY_KEY[key].no_data_minutes


def test_a_recovery_level_reaches_datadog(declare: Declare):
    made = declared(declare).of(MONITOR)
    assert made["monitors-node-cpu"]["monitorThresholds"] == {
        "critical": "90",
        "warning": "80",
        "criticalRecovery": "80",
        "warningRecovery": "70",
    }
    assert set(made["monitors-http-500"]["monitorThresholds"]) == {"critical", "warning"}


def test_new_members_of_a_group_get_time_to_start(declare: Declare):
    made = declared(declare).of(MONITOR)
    assert made["monitors-node-cpu"]["newGroupDelay"] == 300
    assert made["monitors-certificate-expiry"]["newGroupDelay"] == 3600
    assert "newGroupDelay" not in made["monitors-node-not-ready"]


def test_the_dashboard_shows_every_monitor(declare: Declare):
    board = declared(declare).one(DASHBOARD)
    shown = {each["alertGraphDefinition"]["alertId"] for each in board["widgets"]}
    assert shown == {f"monitors-{key}-id" for key in QUESTIONS}
    assert board["layoutType"] == "ordered"


def test_the_component_says_where_the_dashboard_is(declare: Declare):
    urls: list[str] = []

    def program() -> pulumi.Output[None]:
        made = DatadogMonitors("monitors", args())
        return made.dashboard_url.apply(urls.append)

    path: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {"url": "/dashboard/abc"}  # noqa: E731
    declare(program, outputs={DASHBOARD: path})
    assert urls == ["https://app.datadoghq.eu/dashboard/abc"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"namespaces": ()}, "namespaces must name at least one namespace, got none"),
        ({"runbook_url": "docs/runbooks"}, "runbook_url must start with 'https://', got 'docs/runbooks'"),
        ({"slack_channel": "alertes"}, "slack_channel must start with '#', such as '#alertes', got 'alertes'"),
        ({"slack_channel": "#"}, "slack_channel must start with '#', such as '#alertes', got '#'"),
    ],
)
def test_what_would_alert_nobody_or_send_people_nowhere_is_refused(changes: dict[str, Any], expected: str):
    with pytest.raises(ValueError, match=re.escape(expected)):
        args(**changes)


@pytest.mark.parametrize(
    ("key", "levels", "side"),
    [
        ("node-cpu", Levels(warning=90, critical=80), "below"),
        ("node-cpu", Levels(warning=80, critical=90, critical_recovery=95), "below"),
        ("certificate-expiry", Levels(warning=7, critical=14), "above"),
    ],
)
def test_levels_that_datadog_would_refuse_are_refused(key: str, levels: Levels, side: str):
    expected = f"levels of '{key}' must have warning {side} critical and each recovery {side} its level"
    with pytest.raises(ValueError, match=re.escape(expected)):
        replace(BY_KEY[key], levels=levels)
