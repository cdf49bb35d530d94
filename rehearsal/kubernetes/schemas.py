"""Whether the API server would take an object: by its own OpenAPI schemas, or by those of custom resources."""

import re
from functools import cache
from typing import Any, Literal

import kubernetes_validate
from kubernetes_validate.utils import all_versions

from rehearsal.aws.document import get
from rehearsal.check import DEFAULTS, Problem
from rehearsal.kubernetes.custom_resources import custom_kind, violations
from rehearsal.wire import UNKNOWN, Path, Properties, dotted, is_list, is_object, object_in

Source = Literal["api", "custom"]
"""Where the schema of an object comes from: Kubernetes itself, or the definition of a custom resource."""

_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")  # RFC 1123, as the API server demands
_SECRET_FIELDS = ("data", "stringData")


def judge(inputs: Properties, version: str) -> tuple[list[Problem], Source]:
    """What is wrong with an object, and by which schema; `version` is the cluster's, or empty."""
    api_version, name = str(inputs.get("apiVersion")), str(inputs.get("kind"))
    known = custom_kind(api_version, name)
    if known is not None:
        return [*_bad_name(inputs), *violations(known, _set_values(inputs), _schema_version(version))], "custom"
    return [*_bad_name(inputs), *_violations(inputs, version)], "api"


def _violations(inputs: Properties, version: str) -> list[Problem]:
    try:
        kubernetes_validate.validate(_without_unknown(_set_values(inputs)), version or _newest(), strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        kind = f"{inputs.get('kind')} of {inputs.get('apiVersion')}"
        folder = "rehearsal/kubernetes/custom_resources"
        return [Problem("", f"Kubernetes has no {kind}; if it is a custom resource, list its fields in {folder}")]
    except kubernetes_validate.ValidationError as error:
        place = tuple(error.path)
        # What is required may be there without being known yet; the update, which knows it, checks again.
        if error.validator == "required" and _has_unknown_at(inputs, place):
            return []
        if inputs.get("kind") == "Secret" and place and place[0] in _SECRET_FIELDS:
            return [Problem(dotted(place), f"expected {error.validator_value}, got a value that is kept secret")]
        return [Problem(dotted(place), str(error.message))]
    return []


def _set_values(inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key != DEFAULTS}


@cache
def _newest() -> str:
    return kubernetes_validate.latest_version()


@cache
def _schema_version(version: str) -> str:
    """The version among those with schemas that applies to a cluster: the last that is not newer than it."""
    fitting = [each for each in all_versions() if not version or _numbers(each) <= _numbers(version)]
    return fitting[-1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _bad_name(inputs: Properties) -> list[Problem]:
    name = object_in(inputs, "metadata").get("name")
    if isinstance(name, str) and not _NAME.match(name):
        return [Problem("metadata.name", f"expected a lower-case RFC 1123 name, got {name!r}")]
    return []


def _has_unknown_at(inputs: Properties, path: Path) -> bool:
    holder = get(inputs, path)
    return is_object(holder) and UNKNOWN in holder.values()


def _without_unknown(value: Any) -> Any:
    """The value without what is not known yet, which cannot be judged."""
    if is_object(value):
        return {k: _without_unknown(v) for k, v in value.items() if v is not UNKNOWN}
    if is_list(value):
        return [_without_unknown(item) for item in value if item is not UNKNOWN]
    return value
