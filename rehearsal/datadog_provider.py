"""Simulated `datadog` provider: monitors, dashboards and Slack channels, checked as Datadog's API checks them."""

import secrets
import string
from collections.abc import Iterator
from typing import Any, Final

from rehearsal import datadog_dashboards, datadog_monitors
from rehearsal.check import Problem
from rehearsal.small_provider import Kind, Made, SmallProvider
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import World

_LETTERS: Final = string.ascii_lowercase + string.digits


class SimulatedDatadog(SmallProvider):
    """Takes what Datadog would take, from whoever has its two keys."""

    def __init__(self, world: World, package: str) -> None:
        super().__init__(world, package, _KINDS)

    def refuse_config(self, config: Properties) -> list[Problem]:
        if str(config.get("validate", "true")).lower() == "false" or (config.get("apiKey") and config.get("appKey")):
            return []
        return [Problem("", "apiKey and appKey must be set, unless validate is false")]


def _number() -> str:
    return str(100_000_000 + secrets.randbelow(900_000_000))


def _monitor(inputs: Properties) -> Made:
    return Made(_number(), {})


def _dashboard(inputs: Properties) -> Made:
    id_ = "-".join("".join(secrets.choice(_LETTERS) for _ in range(3)) for _ in range(3))
    return Made(id_, {"url": f"/dashboard/{id_}"})


def _downtime(inputs: Properties) -> Made:
    return Made(f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-11ee-8b2d-{secrets.token_hex(6)}", {})


def _channel(inputs: Properties) -> Made:
    return Made(f"{inputs['accountName']}:{inputs['channelName']}", {})


def _check_channel(inputs: Properties) -> Iterator[Problem]:
    name: Any = inputs["channelName"]
    if name is not UNKNOWN and not str(name).startswith("#"):
        yield Problem("channelName", f"expected a name that begins with #, got {name!r}")


_KINDS: Final = {
    "datadog:index/monitor:Monitor": Kind(make=_monitor, check=datadog_monitors.check, fixed=("type",)),
    "datadog:index/dashboardJson:DashboardJson": Kind(make=_dashboard, check=datadog_dashboards.check_json),
    "datadog:index/dashboard:Dashboard": Kind(make=_dashboard, check=datadog_dashboards.check, fixed=("layoutType",)),
    "datadog:index/downtimeSchedule:DowntimeSchedule": Kind(make=_downtime),
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": Kind(make=_downtime, fixed=("type",)),
    "datadog:slack/channel:Channel": Kind(make=_channel, check=_check_channel, fixed=("accountName", "channelName")),
}
