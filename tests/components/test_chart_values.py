"""The values that we give to charts, against the charts themselves: their schema, and every key that they have."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

from components import versions
from components.addons.nginx import nginx_values
from components.addons.proxy import ProxyArgs
from components.addons.traefik import traefik_values

CHARTS = Path(__file__).parents[3] / "shared" / "charts"
pytestmark = pytest.mark.skipif(not CHARTS.is_dir(), reason=f"the charts' values and schemas are not at {CHARTS}")

EVERYTHING = ProxyArgs(replicas=3, trusted_cidrs=("10.0.0.0/16",), load_balancer_hostname="lb.example")
RENDERED = {
    "traefik": [traefik_values(ProxyArgs()), traefik_values(EVERYTHING)],
    "nginx-ingress": [nginx_values(ProxyArgs()), nginx_values(EVERYTHING)],
}
CASES = [
    pytest.param(chart, values, id=f"{chart}-{label}")
    for chart, rendered in RENDERED.items()
    for label, values in zip(("least", "most"), rendered, strict=True)
]
# Below these, the chart passes on to Kubernetes or to the program whatever it is given.
PASSED_ON = {
    "traefik": {"service.spec", "resources", "ports.web.http.redirections.entryPoint"},
    "nginx-ingress": {"controller.config.entries", "controller.resources", "controller.securityContext"},
}

Tree = Mapping[str, Any]


def schema_of(chart: str) -> dict[str, Any]:
    return json.loads((CHARTS / chart / "values.schema.json").read_text())


def defaults_of(chart: str) -> dict[str, Any]:
    return yaml.safe_load((CHARTS / chart / "values.yaml").read_text())


def without_references(schema: Any) -> Any:
    """Drop what the schema fetches from the network: the definitions of Kubernetes' own fields."""
    if isinstance(schema, dict):
        tree = cast(dict[str, Any], schema)
        return {key: without_references(value) for key, value in tree.items() if key != "$ref"}
    if isinstance(schema, list):
        return [without_references(each) for each in cast(list[Any], schema)]
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
        elif isinstance(value, dict) and here not in PASSED_ON[chart]:
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
    jsonschema.validate(merged(defaults_of(chart), values), without_references(schema_of(chart)))


def test_the_schema_refuses_a_value_of_the_wrong_kind():
    wrong = merged(defaults_of("traefik"), {"podDisruptionBudget": {"enabled": "yes"}})
    with pytest.raises(jsonschema.ValidationError, match="'yes' is not of type 'boolean'"):
        jsonschema.validate(wrong, without_references(schema_of("traefik")))


@pytest.mark.parametrize(("chart", "values"), CASES)
def test_the_chart_has_every_key_that_we_set(chart: str, values: dict[str, Any]):
    assert list(unknown_keys(chart, values, defaults_of(chart), schema_of(chart))) == []


@pytest.mark.parametrize(("chart", "values"), CASES)
def test_a_key_that_we_misspell_would_be_found(chart: str, values: dict[str, Any]):
    defaults, schema = defaults_of(chart), schema_of(chart)
    unseen = [
        path
        for path, wrong in misspell(values)
        if not any(path.startswith(f"{free}.") for free in PASSED_ON[chart])
        and not list(unknown_keys(chart, wrong, defaults, schema))
    ]
    assert unseen == []


def test_our_pins_are_the_charts_that_these_tests_read():
    read = {chart: yaml.safe_load((CHARTS / chart / "chart.yaml").read_text())["version"] for chart in RENDERED}
    assert read == {"traefik": versions.TRAEFIK_CHART.version, "nginx-ingress": versions.NGINX_CHART.version}
