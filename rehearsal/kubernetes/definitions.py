"""Which kinds of custom resources a cluster knows: those whose definitions something has brought."""

from rehearsal.aws.document import get
from rehearsal.check import Refusal
from rehearsal.kubernetes.custom_resources import BroughtBy, CustomKind, custom_kind, custom_kinds
from rehearsal.wire import Properties, object_in
from rehearsal.world import Thing, World

RELEASE = "kubernetes:helm.sh/v3:Release"
_ADDON = "aws:eks/addon:Addon"
_DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"


def type_of(kind: CustomKind) -> str:
    """Pulumi's type token of a custom resource."""
    return f"kubernetes:{kind.group}/{kind.version}:{kind.kind}"


def refuse_undefined(world: World, inputs: Properties) -> None:
    """Refuse a custom resource whose kind the cluster does not know yet, as the API server does."""
    kind = custom_kind(str(inputs.get("apiVersion")), str(inputs.get("kind")))
    if kind is None or _is_defined(world, kind):
        return
    sources = " or ".join(source.sentence() for source in kind.brought_by)
    raise Refusal(
        f'no matches for kind "{kind.kind}" in version "{kind.group}/{kind.version}": {sources} brings it: '
        "let this depend on it"
    )


def refuse_lost_objects(world: World, release: Thing) -> None:
    """Refuse to uninstall a chart that would take custom resources along, which Kubernetes deletes unasked."""
    lost = [
        f"{kind.kind} {thing.id}"
        for kind in custom_kinds().values()
        if any(source.on_uninstall == "delete" and _is_of(source, release) for source in kind.brought_by)
        for thing in world.of(type_of(kind))
    ]
    if lost:
        raise Refusal(
            f"uninstalling {release.id} deletes its custom resource definitions, and with them {', '.join(lost)}: "
            "let those depend on the release, so that they are deleted before it"
        )


def chart_of(release: Properties) -> str:
    """Name of the chart of a release, without the address of its repository."""
    return str(release.get("chart", "")).rpartition("/")[2]


def _is_defined(world: World, kind: CustomKind) -> bool:
    return (
        any(_has_brought(source, thing) for source in kind.brought_by for thing in world.of(RELEASE))
        or any(source.addon and _has_addon(world, source.addon) for source in kind.brought_by)
        or any(object_in(thing.inputs, "spec").get("group") == kind.group for thing in world.of(_DEFINITION))
        # What is there already is still defined: the chart that brought it has kept its definitions.
        or bool(world.of(type_of(kind)))
    )


def _has_addon(world: World, name: str) -> bool:
    return any(thing.inputs.get("addonName") == name for thing in world.of(_ADDON))


def _is_of(source: BroughtBy, release: Thing) -> bool:
    return source.chart is not None and chart_of(release.inputs) == source.chart


def _has_brought(source: BroughtBy, release: Thing) -> bool:
    if not _is_of(source, release):
        return False
    if source.folder and not release.inputs.get("skipCrds"):
        return True
    if source.switch is None:
        return not source.folder
    value = get(object_in(release.inputs, "values"), tuple(source.switch.split(".")))
    return source.by_default if value is None else bool(value)
