"""The Kubernetes objects of a stack as files, so that other programs can read them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tools.changes.masks import UNKNOWN, Masks

_PREFIX: Final = "kubernetes:"
_CHART: Final = f"{_PREFIX}helm.sh/"
"""A chart's objects are rendered by Helm, in the cluster's provider: here there are its values alone."""


def written(stack: str, raw: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write each object into a file of `folder`: what it is called, by the name of its file.

    No secret is in them: those of the settings are stand-ins here, and those that the program draws are not drawn.
    Takes seconds, most of them to import the SDKs.
    """
    from tools.permissions.mock_engine import objects  # noqa: PLC0415 (late: the SDKs take seconds)

    names: dict[str, str] = {}
    for type_, name, inputs in objects(raw, stack):
        if not type_.startswith(_PREFIX) or type_.startswith(_CHART):
            continue
        file = f"{len(names):03}.yaml"
        names[file] = f"{type_} {name}"
        text = yaml.safe_dump(rendered(type_, name, inputs), sort_keys=False, allow_unicode=True)
        (folder / file).write_text(text, encoding="utf-8")
    return names


def rendered(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """An object as Kubernetes reads it, from its inputs on the mock engine, under its own name or the resource's."""
    known = cast(dict[str, Any], Masks().value(_plain(dict(inputs)), type_))
    metadata = known.get("metadata")
    given = cast(dict[str, Any], metadata) if isinstance(metadata, dict) else {}
    return {**known, "metadata": {"name": name, **given}}


def _plain(value: Any) -> Any:
    """A value without the engine's wrapping; one secret in it makes the whole input one, so that is not kept."""
    from pulumi.output import Unknown  # noqa: PLC0415 (late: the SDKs take seconds)
    from pulumi.runtime import rpc  # noqa: PLC0415 (likewise)

    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(each) for each in cast(list[Any], value)]
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        if rpc.is_rpc_secret(entries):
            return _plain(rpc.unwrap_rpc_secret(entries))
        return {key: _plain(each) for key, each in entries.items()}
    return value
