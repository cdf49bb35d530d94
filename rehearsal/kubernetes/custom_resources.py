"""The kinds of custom resources that stacks use: their fields, and what brings them into a cluster."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from referencing import Registry, Resource

from rehearsal.aws.schemas import Schema, reasons
from rehearsal.check import Problem
from rehearsal.wire import Properties, dotted, is_list, is_object

_FOLDER: Final = Path(__file__).with_name("custom_resources")
_API: Final = "https://kubernetes.io/api/_definitions.json"
_QUANTITY: Final = r"^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$"
_ALWAYS: Final[Schema] = {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
_WORDS: Final[dict[str, Schema]] = {
    **{word: {"type": word} for word in ("string", "boolean", "number", "object")},
    "any": {},
    "integer or string": {"type": ["integer", "string"]},
    "quantity": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": _QUANTITY}]},
}
_RANGE: Final = re.compile(r"integer(?: from (-?\d+))?(?: to (\d+))?")


@dataclass(frozen=True, kw_only=True)
class BroughtBy:
    """What puts the definitions of a group into a cluster."""

    chart: str | None = None
    addon: str | None = None
    """Name of an EKS add-on."""
    folder: bool = False
    """The chart has them in its folder `crds`, which Helm installs unless it is told to skip it."""
    switch: str | None = None
    """Path in the chart's values that decides whether its templates bring them."""
    by_default: bool = True
    """The switch's value in the chart itself."""
    on_uninstall: Literal["keep", "delete"]
    """Whether the definitions stay; `delete` takes every object of the group along."""

    def sentence(self) -> str:
        """What it is, for a message."""
        if self.addon:
            return f"the EKS add-on {self.addon}"
        return f"the chart {self.chart}" + (f" with {self.switch}" if self.switch and not self.by_default else "")


@dataclass(frozen=True, kw_only=True)
class CustomKind:
    """One kind of custom resource."""

    group: str
    kind: str
    version: str
    scope: Literal["Namespaced", "Cluster"]
    fields: Mapping[str, Any]
    brought_by: tuple[BroughtBy, ...]
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path to the kind of object that it names."""


@cache
def custom_kinds() -> Mapping[tuple[str, str], CustomKind]:
    """Every known kind by its apiVersion and its own name."""
    found: dict[tuple[str, str], CustomKind] = {}
    for file in sorted(_FOLDER.glob("*.yaml")):
        document: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        sources = tuple(BroughtBy(**source) for source in document["brought_by"])
        for kind, entry in document["kinds"].items():
            made = CustomKind(group=file.stem, kind=kind, brought_by=sources, **entry)
            found[f"{made.group}/{made.version}", kind] = made
    return found


def custom_kind(api_version: str, kind: str) -> CustomKind | None:
    """What is known of a kind, or None."""
    return custom_kinds().get((api_version, kind))


def violations(kind: CustomKind, inputs: Properties, version: str) -> list[Problem]:
    """What the API server would refuse in an object; `version` is the newest schema of Kubernetes that applies."""
    return [
        Problem(dotted(place), f"{reason} ({kind.kind} of {kind.group}/{kind.version})")
        for place, reason in reasons(_schema(kind.group, kind.version, kind.kind), inputs, _definitions(version))
    ]


@cache
def _schema(group: str, version: str, kind: str) -> Schema:
    whole = schema_of(custom_kinds()[f"{group}/{version}", kind].fields)
    whole["properties"] |= _ALWAYS
    return whole


@cache
def _definitions(version: str) -> "Registry[Any]":
    """The definitions of Kubernetes' own API, as kubernetes_validate carries them."""
    file = f"kubernetes-json-schema/v{version}-local-strict/_definitions.json"
    contents: Any = json.loads(resources.files("kubernetes_validate").joinpath(file).read_text(encoding="utf-8"))
    empty: Registry[Any] = Registry()
    return empty.with_resource(_API, Resource.from_contents(contents))


def schema_of(form: Any) -> Schema:
    """JSON schema of a form as the files write it; raises `ValueError` for one that they may not have."""
    if is_object(form):
        return _object(form)
    if is_list(form):
        (item,) = form
        return {"type": "array", "items": schema_of(item)}
    return _scalar(str(form))


def _object(form: Mapping[str, Any]) -> Schema:
    if set(form) == {"*"}:
        return {"type": "object", "additionalProperties": schema_of(form["*"])}
    return {
        "type": "object",
        "properties": {key.removesuffix("!"): schema_of(below) for key, below in form.items()},
        "required": [key.removesuffix("!") for key in form if key.endswith("!")],
        "additionalProperties": False,
    }


def _scalar(form: str) -> Schema:
    word, _, rest = form.partition(" ")
    limits = _RANGE.fullmatch(form)
    if limits:
        names = zip(("minimum", "maximum"), limits.groups(), strict=True)
        return {"type": "integer", **{name: int(limit) for name, limit in names if limit is not None}}
    if form in _WORDS:
        return _WORDS[form]
    if form.startswith("one of "):
        return {"enum": form.removeprefix("one of ").split(", ")}
    if form.startswith("text like "):
        return {"type": "string", "pattern": form.removeprefix("text like ")}
    if word == "kubernetes":
        package, _, name = rest.rpartition(".")
        holder = "io.k8s.apimachinery.pkg.apis" if package.startswith("meta.") else "io.k8s.api"
        return {"$ref": f"{_API}#/$defs/{holder}.{package}.{name}"}
    raise ValueError(f"expected a form of custom_resources/README.md, got {form!r}")
