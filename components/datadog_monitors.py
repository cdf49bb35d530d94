"""Monitors and the dashboard in Datadog."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.datadog_resources import DatadogDashboard, DatadogMonitor, Inputs
from components.monitor import Levels, Monitor
from components.monitor_list import plan_monitors
from components.watched import Watched

# An alert that nobody took on comes again.
_REMIND_MINUTES = 120


@dataclass(frozen=True, kw_only=True)
class DatadogMonitorsArgs(Watched):
    """Inputs of `DatadogMonitors`, besides what is watched."""

    runbook_url: str
    """Where people read `docs/runbooks`; the page of a monitor is `<runbook_url>/<key>.md`."""
    slack_channel: str = "#alertes"
    """Slack channel that is told; Datadog's Slack integration must know it, in its one workspace."""
    site: str = "datadoghq.eu"
    """Datadog's region."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of monitors and dashboard."""

    def __post_init__(self) -> None:
        """Refuse what would send people, or messages, nowhere."""
        super().__post_init__()
        if not self.runbook_url.startswith("https://"):
            raise ValueError(f"runbook_url must start with 'https://', got {self.runbook_url!r}")
        if not self.slack_channel.startswith("#") or len(self.slack_channel) == 1:
            raise ValueError(f"slack_channel must start with '#', such as '#alertes', got {self.slack_channel!r}")


class DatadogMonitors(pulumi.ComponentResource):
    """What alerts the team, each with two levels and its page of instructions, and one dashboard that shows all of it.

    Costs nothing beyond the agents. Takes the Datadog provider of its `opts.providers`; opens nothing.
    """

    monitor_ids: Mapping[str, pulumi.Output[str]]
    """Ids in Datadog, by key of the monitor."""
    dashboard_url: pulumi.Output[str]
    """Page of the dashboard."""

    def __init__(self, name: str, args: DatadogMonitorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:DatadogMonitors", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        monitors = plan_monitors(args)
        made = {each.key: _monitor(f"{name}-{each.key}", each, args, child) for each in monitors}
        ids = {key: monitor.id.apply(str) for key, monitor in made.items()}
        dashboard = DatadogDashboard(
            f"{name}-dashboard",
            {
                "title": f"{args.cluster_name}: what is watched",
                "description": "One graph per monitor; its line is the level that alerts. Made by Pulumi, changes are "
                "undone.",
                "layoutType": "ordered",
                "widgets": [_graph(each, ids[each.key]) for each in monitors],
            },
            child,
        )
        self.monitor_ids = ids
        self.dashboard_url = pulumi.Output.concat(app_url(args.site), dashboard.url)
        self.register_outputs({"monitor_ids": self.monitor_ids, "dashboard_url": self.dashboard_url})


def app_url(site: str) -> str:
    """Where people open Datadog: https://docs.datadoghq.com/getting_started/site/ ."""
    return f"https://app.{site}" if site.count(".") == 1 else f"https://{site}"


def mention(channel: str) -> str:
    """How a message reaches Slack: https://docs.datadoghq.com/integrations/slack/#mention-syntax-in-monitor-alerts ."""
    return f"@slack-{channel.removeprefix('#')}"


def message(monitor: Monitor, args: DatadogMonitorsArgs) -> str:
    """What somebody reads at night: what is wrong, how much, and what to do."""
    silent = "{{#is_no_data}}Nothing is measured any more, which is a failure too.\n{{/is_no_data}}"
    return (
        f"{monitor.title}: {{{{value}}}} {monitor.unit} (critical {monitor.comparator} {monitor.levels.critical:g}, "
        f"warning {monitor.comparator} {monitor.levels.warning:g}).\n"
        f"{silent if monitor.no_data_minutes else ''}"
        f"What to do: {args.runbook_url.rstrip('/')}/{monitor.key}.md\n"
        f"{mention(args.slack_channel)}"
    )


def _monitor(name: str, monitor: Monitor, args: DatadogMonitorsArgs, opts: pulumi.ResourceOptions) -> DatadogMonitor:
    inputs: dict[str, Any] = {
        # The name that people read in Slack.
        "name": f"[{args.cluster_name}] {monitor.title}",
        "type": "query alert",
        "query": monitor.query,
        "message": message(monitor, args),
        "monitorThresholds": _thresholds(monitor.levels),
        "notifyNoData": monitor.no_data_minutes is not None,
        "noDataTimeframe": monitor.no_data_minutes,
        "newGroupDelay": monitor.new_group_delay_seconds if " by {" in monitor.expression else None,
        # A node that started a minute ago has no full window, and may be the one that fails.
        "requireFullWindow": False,
        "renotifyInterval": _REMIND_MINUTES,
        "renotifyStatuses": ["alert", "no data"] if monitor.no_data_minutes else ["alert"],
        "includeTags": True,
        "tags": [f"{key}:{value}" for key, value in args.tags.items()],
    }
    return DatadogMonitor(name, inputs, opts)


def _thresholds(levels: Levels) -> Inputs:
    given = {
        "critical": levels.critical,
        "warning": levels.warning,
        "criticalRecovery": levels.critical_recovery,
        "warningRecovery": levels.warning_recovery,
    }
    return {name: f"{level:g}" for name, level in given.items() if level is not None}


def _graph(monitor: Monitor, monitor_id: pulumi.Output[str]) -> Inputs:
    return {
        "alertGraphDefinition": {
            "title": f"{monitor.title} ({monitor.unit})",
            "alertId": monitor_id,
            "vizType": "timeseries",
            "liveSpan": "1d",
        }
    }
