"""Why the roll-out of an application did not become ready, and the command that goes back to the image before."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from settings import read_versions
from tools.cluster_api import DEPLOYMENT, POD, ClusterApi, Kind, Object, notes
from tools.setup import ROOT

REPLICA_SET: Final = Kind("ReplicaSet", "/apis/apps/v1", "replicasets")
_TYPE: Final = "kubernetes:apps/v1:Deployment"
# https://kubernetes.io/docs/reference/labels-annotations-taints/#deployment-kubernetes-io-revision
_REVISION: Final = "deployment.kubernetes.io/revision"
_SAID: Final = 200


@dataclass(frozen=True)
class RollOut:
    """A Deployment that Pulumi could not bring up."""

    namespace: str
    name: str
    image: str = ""
    """What was to run; empty where the engine masks it, for a secret beside it."""
    before: str = ""
    """What the state had before; the same again when the deployment before failed too."""


def failed(events: Path) -> list[RollOut]:
    """Deployments that failed, from the events of the engine; none when it wrote none.

    https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/common/apitype/events.go
    """
    if not events.is_file():
        return []
    found: dict[str, RollOut] = {}
    for line in events.read_text(encoding="utf-8").splitlines():
        step = _inside(_parsed(line), "resOpFailedEvent", "metadata")
        if step.get("type") == _TYPE:
            new, old = (_inside(step, side, "inputs") for side in ("new", "old"))
            place = _inside(new, "metadata")
            found[str(step["urn"])] = RollOut(
                str(place.get("namespace", "")), str(place.get("name", "")), _image(new), _image(old)
            )
    return list(found.values())


@dataclass(frozen=True)
class Diagnosis:
    """What the cluster says of a roll-out."""

    reasons: Sequence[str] = ()
    """What each pod that is not ready says of itself."""
    image: str = ""
    """What was to run."""
    before: str = ""
    """Image that still runs, or ran last; empty when there is none."""
    serving: bool = False
    """Whether pods of that image are ready."""


def diagnose(api: ClusterApi, rollout: RollOut) -> Diagnosis:
    """Ask the cluster. Raises `ClusterSilent` or `ClusterRefused`."""

    def here(kind: Kind) -> list[Object]:
        return [each for each in api.all(kind) if each["metadata"].get("namespace") == rollout.namespace]

    deployments = [each for each in here(DEPLOYMENT) if each["metadata"]["name"] == rollout.name]
    image = next(map(_image, deployments), rollout.image)
    sets = [each for each in here(REPLICA_SET) if _owners(each) & {one["metadata"]["uid"] for one in deployments}]
    pods = [each for each in here(POD) if _owners(each) & {one["metadata"]["uid"] for one in sets}]
    others = [each for each in sets if _image(each) != image]
    # Those with ready pods first, then the newest.
    others.sort(key=lambda each: (bool(_ready(each)), int(notes(each, "annotations").get(_REVISION, "0"))))
    newest = others[-1] if others else None
    return Diagnosis(
        [f"{pod['metadata']['name']}: {reason}" for pod in pods for reason in _reasons(pod)],
        image,
        _image(newest) if newest else "",
        bool(newest and _ready(newest)),
    )


def advise(stack: str, rollout: RollOut, found: Diagnosis, key: str | None, folder: Path = ROOT) -> str:
    """What a person reads: what happened, why, and what to type; `key` is the setting that names the image.

    Where the stack's file of versions names it too, that one counts.
    """
    kept = rollout.namespace in read_versions(stack, folder).images
    place = f"images.{rollout.namespace} of versions/{stack}.yaml" if kept else key
    before = found.before or (rollout.before if rollout.before != rollout.image else "")
    image = found.image or rollout.image or "its new image"
    lines = [f"{stack}: the Deployment {rollout.namespace}/{rollout.name} did not become ready with {image}"]
    lines += [f"  {reason}" for reason in found.reasons]
    if not before:
        lines.append(f"No image ran before it: correct {place or 'its settings'}, then `make up STACK={stack}`")
    elif key is None:
        lines.append(f"{before} ran before it: set that again, then `make up STACK={stack}`")
    else:
        file = f"in versions/{stack}.yaml set images.{rollout.namespace} to {before}"
        lines += [
            f"{before} {'still serves' if found.serving else 'ran before it'}. Back to it:",
            f"  {file}" if kept else f"  pulumi config set --path {key} {before} --stack {stack}",
            f"  make up STACK={stack}",
        ]
    return "\n".join(lines)


def setting_of(rollout: RollOut, values: Mapping[str, str]) -> str | None:
    """Setting that names the image of a Deployment; a workload's section has the name of its namespace."""
    section = f"socle:{rollout.namespace.replace('-', '_')}"
    return f"{section}.image" if "image" in _parsed(values.get(section, "")) else None


def _reasons(pod: Object) -> Iterator[str]:
    """Why a pod is not ready, in the words of Kubernetes."""
    status = _inside(pod, "status")
    containers: Sequence[Object] = status.get("containerStatuses") or ()
    conditions: Sequence[Object] = status.get("conditions") or ()
    for condition in conditions:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield _told(condition)
    for container in containers:
        if not container.get("ready"):
            waiting, ended = _inside(container, "state", "waiting"), _inside(container, "lastState", "terminated")
            if waiting:
                yield _told(waiting)
            if ended:
                yield f"the last one ended with code {ended.get('exitCode')} ({ended.get('reason', 'no reason')})"
            if not waiting and not ended:
                yield "it runs, and its probes fail"


def _told(said: Object) -> str:
    message = " ".join(str(said.get("message") or "").split())[:_SAID]
    return f"{said.get('reason', 'waiting')}{f' ({message})' if message else ''}"


def _image(found: Object) -> str:
    containers: Any = _inside(found, "spec", "template", "spec").get("containers")
    # The engine masks the whole list when a part of it is secret.
    first = cast(list[Object], containers)[:1] if isinstance(containers, list) else []
    return "".join(str(each.get("image", "")) for each in first)


def _ready(found: Object) -> int:
    return int(_inside(found, "status").get("readyReplicas") or 0)


def _owners(found: Object) -> set[str]:
    owners: Sequence[Object] = found["metadata"].get("ownerReferences") or ()
    return {str(each["uid"]) for each in owners}


def _inside(found: Object, *keys: str) -> Object:
    """What lies below these keys; nothing where one of them is missing."""
    for key in keys:
        found = found.get(key) or {}
    return found


def _parsed(text: str) -> Object:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return cast(Object, value) if isinstance(value, dict) else {}
