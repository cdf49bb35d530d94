"""Volumes that a cluster makes of claims: the code shows how large they are, and no EBS volume."""

import re
from typing import Any, Final, cast

from tools.costing.context import Context, Rule
from tools.costing.line import Line
from tools.costing.resource import Resource

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)(Mi|Gi|Ti)")
_GIB: Final = {"Mi": 1 / 1024, "Gi": 1.0, "Ti": 1024.0}
# Where the charts that we use keep the size of their claims, and the number of pods that have one each.
_POSTGRESQL_HA: Final = "postgresql-ha"


def gib(size: Any) -> float | None:
    """GiB of a Kubernetes quantity such as 8Gi; None when it is none or not known."""
    found = _SIZE.fullmatch(str(size))
    return float(found[1]) * _GIB[found[2]] if found else None


def claim(resource: Resource, at: Context) -> list[Line]:
    """A claim."""
    return [_volumes(resource, at, resource.value("spec", "resources", "requests", "storage"), 1)]


def stateful_set(resource: Resource, at: Context) -> list[Line]:
    """A claim for each pod and each template."""
    count = resource.number("spec", "replicas", default=1)
    found = cast(list[dict[str, Any]], resource.value("spec", "volumeClaimTemplates") or [])
    sizes = [_requested(each) for each in found]
    return [_volumes(resource, at, size, count) for size in sizes] or [
        at.line(resource, resource.name, "free", why="runs on the nodes")
    ]


def postgresql(resource: Resource, at: Context) -> list[Line]:
    """A claim for each instance of CloudNativePG, and one for its log of changes if that is apart."""
    count = resource.number("spec", "instances", default=1)
    lines = [_volumes(resource, at, resource.value("spec", "storage", "size"), count)]
    if resource.value("spec", "walStorage"):
        lines.append(_volumes(resource, at, resource.value("spec", "walStorage", "size"), count))
    return lines


def release(resource: Resource, at: Context) -> list[Line]:
    """A Helm release, with the claims of the charts that have some."""
    chart = str(resource.value("chart") or "").rpartition("/")[2]
    if chart == _POSTGRESQL_HA:
        count = resource.number("values", "postgresql", "replicaCount", default=3)
        size = resource.value("values", "persistence", "size")
        return [_volumes(resource, at, size, count)]
    return [at.line(resource, f"chart {resource.name}", "free", why="runs on the nodes")]


def _requested(template: dict[str, Any]) -> Any:
    return template.get("spec", {}).get("resources", {}).get("requests", {}).get("storage")


def _volumes(resource: Resource, at: Context, size: Any, count: float) -> Line:
    each = gib(size)
    what = f"volumes of {resource.name}: {count:g} x {size or '?'}"
    if each is None:
        return at.line(resource, what, "unpriced", why="its size is not known")
    return at.by_amount(resource, what, "ebs.gp3", each * count)


RULES: Final[dict[str, Rule]] = {
    "kubernetes:core/v1:PersistentVolumeClaim": claim,
    "kubernetes:apps/v1:StatefulSet": stateful_set,
    "kubernetes:postgresql.cnpg.io/v1:Cluster": postgresql,
    "kubernetes:helm.sh/v3:Release": release,
}
