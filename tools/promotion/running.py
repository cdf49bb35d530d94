"""What a stack runs of what is promoted, read from its state; pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from components.versions import CHARTS
from settings import Versions
from tools.pulumi_cli import Resource, name_of

_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_CLUSTER: Final = "kubernetes:postgresql.cnpg.io/v1:Cluster"
_REDIS: Final = "socle:index:Redis$kubernetes:apps/v1:StatefulSet"
_APPLICATIONS: Final[Mapping[str, str]] = {
    f"socle:index:{component}$kubernetes:apps/v1:Deployment": name
    for component, name in (("F1Vote", "f1-vote"), ("UsersApi", "users-api"), ("WebFrontend", "web-frontend"))
}
"""Applications by the types in the URN of their Deployment, whose container has their name."""
# How a state marks a secret: https://www.pulumi.com/docs/iac/adopting-pulumi/import/#secrets
_MARK: Final = "4dabf18193072939515e22adb298388d"


class Unreadable(Exception):  # noqa: N818 (reads as what it is)
    """The state does not say which version something has; the text is what, in its own words."""


def running(resources: Iterable[Resource]) -> Versions:
    """Versions in the resources of a state. Raises `Unreadable` where one is not there or is encrypted."""
    charts: dict[str, str] = {}
    programs: dict[str, str] = {}
    images: dict[str, str] = {}
    for each in resources:
        # What is replaced stays in the state until it is deleted.
        if each.get("delete"):
            continue
        inputs: Mapping[str, Any] = each.get("inputs") or {}
        kinds = _kinds(each)
        if each["type"] == _RELEASE:
            chart = str(_at(each, inputs, "chart")).rpartition("/")[2]
            if chart in CHARTS:
                charts[chart] = str(_at(each, inputs, "version"))
            programs |= _of_chart(chart, each, inputs)
        elif each["type"] == _CLUSTER:
            programs["postgresql"] = _tag(each, _at(each, inputs, "spec", "imageName"))
        elif kinds.endswith(_REDIS):
            programs["redis"] = _tag(each, _image(each, inputs, "redis"))
        for kind, name in _APPLICATIONS.items():
            if kinds.endswith(kind):
                images[name] = _image(each, inputs, name)
    return Versions(charts, programs, images)


def _kinds(resource: Resource) -> str:
    """Types of a resource and of what it is in, from the outside in."""
    return str(resource["urn"]).split("::")[2]


def _of_chart(chart: str, resource: Resource, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Programs whose version is among the values of a chart."""
    if chart in ("vaultwarden", "velero"):
        found = {chart: str(_at(resource, inputs, "values", "image", "tag"))}
        if chart == "velero":
            (plugin,) = _at(resource, inputs, "values", "initContainers")
            found["velero-plugin-for-aws"] = _tag(resource, plugin["image"])
        return found
    return {}


def _image(resource: Resource, inputs: Mapping[str, Any], container: str) -> str:
    containers: Sequence[Any] = _at(resource, inputs, "spec", "template", "spec", "containers")
    for each in containers:
        if each["name"] == container:
            return str(each["image"])
    raise Unreadable(f"{name_of(resource)} has no container {container}")


def _at(resource: Resource, inputs: Mapping[str, Any], *path: str) -> Any:
    found: Any = inputs
    for step in path:
        inner = cast(dict[str, Any], found) if isinstance(found, dict) else {}
        if step not in inner or _is_secret(inner[step]):
            why = "encrypted" if step in inner else "missing"
            raise Unreadable(f"{'.'.join(path)} of {name_of(resource)} is {why}")
        found = inner[step]
    return found


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and _MARK in value


def _tag(resource: Resource, image: Any) -> str:
    tag = str(image).partition("@")[0].rpartition("/")[2].partition(":")[2]
    if not tag:
        raise Unreadable(f"the image of {name_of(resource)} has no tag")
    return tag
