"""The values that we give to charts, against the charts themselves: their schema, and every key that they have."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

from tests.components.chart_cases import CASES as CHART_CASES

CHARTS = Path(__file__).parents[3] / "shared" / "charts"
pytestmark = pytest.mark.skipif(not CHARTS.is_dir(), reason=f"the charts' values and schemas are not at {CHARTS}")

CASES = [
    pytest.param(chart, values, id=f"{chart}-{label}")
    for chart, case in CHART_CASES.items()
    for label, values in case.rendered.items()
]

Tree = Mapping[str, Any]
DEEPEST = 40
"""Levels after which a definition that contains itself is no longer followed."""


def schema_of(chart: str) -> dict[str, Any]:
    """Schema of a chart, with what it refers to within itself put into place; empty for a chart without one."""
    file = CHARTS / chart / "values.schema.json"
    if not file.is_file():
        return {}
    # Some name no draft that exists; the newest judges them all.
    schema = {key: value for key, value in json.loads(file.read_text()).items() if key != "$schema"}
    return in_place(schema, schema)


def defaults_of(chart: str) -> dict[str, Any]:
    return yaml.safe_load((CHARTS / chart / "values.yaml").read_text())


def in_place(schema: Any, root: Tree, depth: int = 0) -> Any:
    """Put definitions where they are referred to; drop those of Kubernetes' own fields, on the network."""
    if isinstance(schema, dict):
        tree = cast(dict[str, Any], schema)
        reference = str(tree.get("$ref", ""))
        found: Any = root
        for step in reference.removeprefix("#/").split("/") if reference.startswith("#/") and depth < DEEPEST else ():
            found = found[step]
        inner: dict[str, Any] = {} if found is root else in_place(found, root, depth + 1)
        kept = {key: value for key, value in tree.items() if key not in ("$ref", "$defs")}
        return inner | {key: in_place(value, root, depth + 1) for key, value in kept.items()}
    if isinstance(schema, list):
        return [in_place(each, root, depth + 1) for each in cast(list[Any], schema)]
    return schema


def merged(defaults: dict[str, Any], values: Tree) -> dict[str, Any]:
    """What Helm validates: the chart's values, overlaid with ours."""
    result = dict(defaults)
    for key, value in values.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = merged(cast(dict[str, Any], below), cast(Tree, value)) if both else value
    return result


def unknown_keys(chart: str, values: Tree, defaults: Any, schema: Tree, path: str = "") -> Iterator[str]:
    """Keys of `values` that neither the chart's own values nor its schema have."""
    properties = cast(Tree, schema.get("properties", {}))
    known: Tree = cast(Tree, defaults) if isinstance(defaults, dict) else {}
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        if key not in known and key not in properties:
            yield here
        elif isinstance(value, dict) and here not in CHART_CASES[chart].passed_on:
            below = cast(Tree, properties.get(key) or schema.get("additionalProperties") or {})
            yield from unknown_keys(chart, cast(Tree, value), known.get(key), below, here)


def misspell(values: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every copy of `values` with one key misspelt, with the path of that key."""
    for key, value in values.items():
        yield key, {(f"{k}X" if k == key else k): v for k, v in values.items()}
        if isinstance(value, dict):
            for path, changed in misspell(cast(dict[str, Any], value)):
                yield f"{key}.{path}", {**values, key: changed}


@pytest.mark.parametrize(("chart", "values"), CASES)
def test_the_schema_of_the_chart_accepts_our_values(chart: str, values: dict[str, Any]):
    jsonschema.validate(merged(defaults_of(chart), values), schema_of(chart))


def test_the_schema_refuses_a_value_of_the_wrong_kind():
    wrong = merged(defaults_of("traefik"), {"podDisruptionBudget": {"enabled": "yes"}})
    with pytest.raises(jsonschema.ValidationError, match="'yes' is not of type 'boolean'"):
        jsonschema.validate(wrong, schema_of("traefik"))


@pytest.mark.parametrize(("chart", "values"), CASES)
def test_the_chart_has_every_key_that_we_set(chart: str, values: dict[str, Any]):
    unknown = set(unknown_keys(chart, values, defaults_of(chart), schema_of(chart)))
    assert unknown == CHART_CASES[chart].in_comments
    commented = {
        line.strip("# ").partition(":")[0] for line in (CHARTS / chart / "values.yaml").read_text().splitlines()
    }
    assert {key.rpartition(".")[2] for key in unknown} <= commented


@pytest.mark.parametrize(("chart", "values"), CASES)
def test_a_key_that_we_misspell_would_be_found(chart: str, values: dict[str, Any]):
    defaults, schema = defaults_of(chart), schema_of(chart)
    unseen = [
        path
        for path, wrong in misspell(values)
        if not any(path.startswith(f"{free}.") for free in CHART_CASES[chart].passed_on)
        and not list(unknown_keys(chart, wrong, defaults, schema))
    ]
    assert unseen == []


@pytest.mark.parametrize("chart", CHART_CASES)
def test_our_pin_is_the_chart_that_these_tests_read(chart: str):
    read = yaml.safe_load((CHARTS / chart / "chart.yaml").read_text())["version"]
    assert CHART_CASES[chart].pin.version == read
