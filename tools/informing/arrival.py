"""Whether the cluster runs an application by its wanted image, on all of its pods and on nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from tools.cluster_api import DEPLOYMENT, ClusterApi, ClusterRefused, ClusterSilent, Object
from tools.informing.request import digest_of
from tools.promotion.digests import in_cluster


@dataclass(frozen=True)
class Arrival:
    """What the cluster says."""

    arrived: bool
    said: str
    """How far it is, as the end of a sentence."""
    silent: bool = False
    """Whether the cluster said nothing; the next time it may."""


def arrival(api: ClusterApi, name: str, image: str) -> Arrival:
    """Ask the cluster once; an application's Deployment, namespace and container have its name.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment
    """
    try:
        found = [each for each in api.all(DEPLOYMENT) if _is(each, name)]
        if not found:
            return Arrival(arrived=False, said=f"there is no Deployment {name}/{name}")
        return _of(api, found[0], name, image)
    except (ClusterSilent, ClusterRefused) as error:
        return Arrival(arrived=False, said=f"the cluster's API does not tell ({error})", silent=True)


def _of(api: ClusterApi, deployment: Object, name: str, image: str) -> Arrival:
    spec: Object = deployment["spec"]
    status: Object = deployment.get("status") or {}
    containers: Sequence[Object] = spec["template"]["spec"]["containers"]
    asked = [str(each.get("image", "")) for each in containers if each.get("name") == name]
    wanted = int(spec.get("replicas", 1))
    if image not in asked:
        return Arrival(arrived=False, said=f"its Deployment asks for {' and '.join(asked) or 'no such container'}")
    if int(status.get("observedGeneration") or 0) < int(deployment["metadata"].get("generation") or 0):
        return Arrival(arrived=False, said="its Deployment has not been looked at since it changed")
    count = {key: int(status.get(f"{key}Replicas") or 0) for key in ("updated", "ready", "available")}
    total = int(status.get("replicas") or 0)
    if any(each < wanted for each in count.values()) or total > count["updated"]:
        told = ", ".join(f"{number} {key}" for key, number in count.items())
        return Arrival(arrived=False, said=f"of {wanted} pods {told}, and {total - count['updated']} old ones are left")
    digest = digest_of(image)
    runs = in_cluster(api, name, image)
    if wanted and digest and runs.digest != digest:
        return Arrival(arrived=False, said=f"its pods run {runs.digest or f'no digest that is known, {runs.reason}'}")
    return Arrival(arrived=True, said=f"{wanted} {'pod' if wanted == 1 else 'pods'} run it")


def _is(found: Object, name: str) -> bool:
    return found["metadata"].get("namespace") == name and found["metadata"]["name"] == name
