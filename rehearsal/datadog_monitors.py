"""What Datadog refuses in a monitor: its type, the grammar of its query, levels that do not fit it, its message.

https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from rehearsal.check import Problem
from rehearsal.wire import UNKNOWN, Properties, object_in

_METRIC: Final = ("metric alert", "query alert")
_WITHOUT_THRESHOLD: Final = ("composite", "service check")
_TYPES: Final = (
    *_METRIC,
    *_WITHOUT_THRESHOLD,
    "audit alert",
    "ci-pipelines alert",
    "ci-tests alert",
    "cost alert",
    "data-quality alert",
    "database-monitoring alert",
    "error-tracking alert",
    "event alert",
    "event-v2 alert",
    "log alert",
    "network-path alert",
    "network-performance alert",
    "process alert",
    "rum alert",
    "slo alert",
    "trace-analytics alert",
)
_COMPARED: Final = re.compile(r"^(?P<query>.+?)\s*(?P<operator>>=|<=|==|!=|>|<)\s*(?P<number>-?\d+(\.\d+)?)\s*$", re.S)
_WINDOW: Final = r"last_\d+(mo|[mhdw])"
_TIME: Final = re.compile(
    rf"^\s*((avg|sum|min|max|percentile)\({_WINDOW}\)"
    rf"|(change|pct_change)\((avg|sum|min|max)\({_WINDOW}\),\s*{_WINDOW}(_ago)?\)):(?P<rest>.+)$",
    re.S,
)
_SERIES: Final = re.compile(r"\b(avg|sum|min|max|count|p\d{2}):[a-zA-Z][\w.]*\{[^{}]*\}")
_SERVICE: Final = re.compile(r'^"[\w.\-]+"(\.over\(.+\))(\.exclude\(.+\))?(\.by\(.+\))?\.last\(\d+\)(\.\w+\(.*\))?\s*$')
_COMPOSITE: Final = re.compile(r"^[\s()!&|\d]+$")
_BLOCK: Final = re.compile(r"\{\{([#^/])\s*(\w+)")
_MISSING_DATA: Final = ("show_no_data", "show_and_notify_no_data", "resolve", "default")
_CLOSING: Final = {")": "(", "}": "{", "]": "["}


def check(inputs: Properties) -> Iterator[Problem]:
    """What Datadog would refuse; values that are not known yet are not judged."""
    type_, query, message = inputs["type"], inputs["query"], inputs["message"]
    if type_ is not UNKNOWN and type_ not in _TYPES:
        yield Problem("type", f"expected one of {', '.join(_TYPES)}, got {type_!r}")
    elif UNKNOWN not in (type_, query):
        yield from _query(str(type_), str(query), object_in(inputs, "monitorThresholds"))
    if message is not UNKNOWN:
        yield from _message(str(message))
    yield from _options(inputs)


def _query(type_: str, query: str, levels: Properties) -> Iterator[Problem]:
    bracket = _unbalanced(query)
    if bracket:
        yield Problem("query", f"a bracket {bracket} has no partner in {query!r}")
    elif type_ == "service check" and not _SERVICE.match(query):
        yield Problem(
            "query", f'expected a form such as "check".over("tag:value").last(2).count_by_status(), got {query!r}'
        )
    elif type_ == "composite" and not _COMPOSITE.match(query):
        yield Problem("query", f"expected ids of monitors joined by && and ||, got {query!r}")
    elif type_ not in _WITHOUT_THRESHOLD:
        compared = _COMPARED.match(query)
        if compared is None:
            yield Problem("query", f"expected a comparison with a number at its end, got {query!r}")
            return
        if type_ in _METRIC:
            yield from _metric(compared["query"])
        yield from _levels(compared["operator"], float(compared["number"]), levels)


def _metric(query: str) -> Iterator[Problem]:
    timed = _TIME.match(query)
    if timed is None:
        yield Problem("query", f"expected a window of time first, such as avg(last_5m):, got {query!r}")
    elif not _SERIES.search(timed["rest"]) and "(" not in timed["rest"]:
        yield Problem("query", f"expected a series such as avg:system.load.1{{*}} after the window, got {query!r}")


def _levels(operator: str, number: float, levels: Properties) -> Iterator[Problem]:
    known = {name: float(value) for name, value in levels.items() if value is not UNKNOWN and _is_number(value)}
    for name, value in levels.items():
        if value is not UNKNOWN and not _is_number(value) and not name.endswith("Query"):
            yield Problem(f"monitorThresholds.{name}", f"expected a number, got {value!r}")
    if levels and "critical" not in levels and "criticalQuery" not in levels:
        yield Problem("monitorThresholds.critical", "missing, Alert status is required beside other levels")
    if known.get("critical", number) != number:
        yield Problem(
            "monitorThresholds.critical",
            f"Alert threshold ({known['critical']:g}) does not match that used in the query ({number:g})",
        )
    if operator in ("==", "!="):
        return
    upwards = operator in (">", ">=")
    for name, above in (("warning", "critical"), ("criticalRecovery", "critical"), ("warningRecovery", "warning")):
        if name not in known or above not in known:
            continue
        if known[name] >= known[above] if upwards else known[name] <= known[above]:
            side = "below" if upwards else "above"
            problem = f"expected a level {side} {above}, which is {known[above]:g}, got {known[name]:g}"
            yield Problem(f"monitorThresholds.{name}", problem)


def _message(message: str) -> Iterator[Problem]:
    """Every `{{#is_alert}}` needs its `{{/is_alert}}`."""
    opened: list[str] = []
    for match in _BLOCK.finditer(message):
        sign, name = match.groups()
        if sign != "/":
            opened.append(name)
        elif not opened or opened.pop() != name:
            yield Problem("message", f"{{{{/{name}}}}} closes nothing that is open")
            return
    if opened:
        yield Problem("message", f"{{{{#{opened[-1]}}}}} is never closed")


def _options(inputs: Properties) -> Iterator[Problem]:
    priority, missing = inputs.get("priority"), inputs.get("onMissingData")
    if priority not in (None, UNKNOWN) and str(priority) not in "12345":
        yield Problem("priority", f"expected 1 to 5, got {priority!r}")
    if missing not in (None, UNKNOWN, *_MISSING_DATA):
        yield Problem("onMissingData", f"expected one of {', '.join(_MISSING_DATA)}, got {missing!r}")
    if missing is not None and inputs.get("notifyNoData"):
        yield Problem("onMissingData", "excludes notifyNoData")
    if inputs.get("newGroupDelay") is not None and inputs.get("newHostDelay") is not None:
        yield Problem("newGroupDelay", "excludes newHostDelay")


def _is_number(value: Any) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", str(value)) is not None


def _unbalanced(text: str) -> str:
    """The first bracket without a partner, outside quotes; empty when all have one."""
    opened: list[str] = []
    for character in re.sub(r"'[^']*'|\"[^\"]*\"", "", text):
        if character in _CLOSING.values():
            opened.append(character)
        elif character in _CLOSING and (not opened or opened.pop() != _CLOSING[character]):
            return character
    return opened[-1] if opened else ""
