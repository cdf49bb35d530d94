"""What Datadog refuses in a dashboard: https://docs.datadoghq.com/api/latest/dashboards/#create-a-new-dashboard."""

import difflib
import json
from collections.abc import Iterator
from typing import Any, Final

from rehearsal.check import Problem
from rehearsal.wire import UNKNOWN, Path, Properties, dotted, is_list, is_object

_LAYOUTS: Final = ("ordered", "free")
_CONTAINERS: Final = ("group", "split_group")
_WITH_REQUESTS: Final = (
    "change",
    "distribution",
    "geomap",
    "heatmap",
    "list_stream",
    "query_table",
    "query_value",
    "scatterplot",
    "sunburst",
    "timeseries",
    "toplist",
    "treemap",
)
_WIDGETS: Final = (
    *_CONTAINERS,
    *_WITH_REQUESTS,
    "alert_graph",
    "alert_value",
    "check_status",
    "event_stream",
    "event_timeline",
    "free_text",
    "funnel",
    "hostmap",
    "iframe",
    "image",
    "log_stream",
    "manage_status",
    "note",
    "powerpack",
    "run_workflow",
    "servicemap",
    "slo",
    "slo_list",
    "topology_map",
    "trace_service",
)


def check(inputs: Properties) -> Iterator[Problem]:
    """What would be refused in a dashboard that is written in the provider's own properties."""
    if inputs["layoutType"] not in (UNKNOWN, *_LAYOUTS):
        yield Problem("layoutType", f"expected one of {', '.join(_LAYOUTS)}, got {inputs['layoutType']!r}")


def check_json(inputs: Properties) -> Iterator[Problem]:
    """What would be refused in a dashboard that is given as JSON."""
    text = inputs["dashboard"]
    if text is UNKNOWN:
        return
    try:
        document: Any = json.loads(str(text))
    except ValueError as error:
        yield Problem("dashboard", f"expected JSON, got {error}")
        return
    for path, reason in _mistakes(document):
        yield Problem(dotted(("dashboard", *path)), reason)


def _mistakes(document: Any) -> Iterator[tuple[Path, str]]:
    if not is_object(document):
        yield (), "expected an object"
        return
    for key in ("title", "layout_type", "widgets"):
        if not document.get(key) and not (key == "widgets" and is_list(document.get(key))):
            yield (key,), "missing, it is required"
    layout = document.get("layout_type")
    if layout and layout not in _LAYOUTS:
        yield ("layout_type",), f"expected one of {', '.join(_LAYOUTS)}, got {layout!r}"
    reflow = document.get("reflow_type")
    if reflow is not None and (layout == "free" or reflow not in ("auto", "fixed")):
        yield ("reflow_type",), f"expected auto or fixed, for an ordered layout alone, got {reflow!r}"
    yield from _widgets(document.get("widgets") or [], layout == "free" or reflow == "fixed", ("widgets",))
    for index, variable in enumerate(document.get("template_variables") or []):
        if not is_object(variable) or not variable.get("name"):
            yield ("template_variables", index, "name"), "missing, it is required"


def _widgets(widgets: Any, placed: bool, path: Path) -> Iterator[tuple[Path, str]]:
    if not is_list(widgets):
        yield path, f"expected a list, got {widgets!r}"
        return
    for index, widget in enumerate(widgets):
        here = (*path, index)
        definition = widget.get("definition") if is_object(widget) else None
        if not is_object(definition):
            yield (*here, "definition"), "missing, it is required"
            continue
        if placed and not is_object(widget.get("layout")):
            yield (*here, "layout"), "missing, this layout needs x, y, width and height"
        yield from _definition(definition, (*here, "definition"))


def _definition(definition: Properties, path: Path) -> Iterator[tuple[Path, str]]:
    type_ = str(definition.get("type", ""))
    if type_ not in _WIDGETS:
        near = difflib.get_close_matches(type_, _WIDGETS, n=1)
        yield (*path, "type"), f"no widget has the type {type_!r}" + (f", did you mean {near[0]}?" if near else "")
    elif type_ == "group":
        if definition.get("layout_type") != "ordered":
            yield (*path, "layout_type"), "a group is ordered"
        yield from _widgets(definition.get("widgets"), False, (*path, "widgets"))
    elif type_ in _WITH_REQUESTS:
        requests: Any = definition.get("requests")
        if not requests:
            yield (*path, "requests"), "missing, it is required"
        for index, request in enumerate(requests if is_list(requests) else []):
            yield from _request(request, (*path, "requests", index))


def _request(request: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Each query needs a name and a source, and a formula may name these alone."""
    queries: list[Any] = request.get("queries") or [] if is_object(request) else []
    for index, query in enumerate(queries):
        for key in ("name", "data_source"):
            if not query.get(key):
                yield (*path, "queries", index, key), "missing, it is required"
    if is_object(request) and request.get("formulas") and not queries:
        yield (*path, "queries"), "missing, the formulas have nothing to work on"
