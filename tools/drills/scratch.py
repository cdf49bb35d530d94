"""What a drill makes in the cluster, all of it marked, and how it is taken away again."""

from typing import Final

from tools.cluster_api import CLAIM, CNPG_CLUSTER, NAMESPACE, Kind, Object
from tools.drills.api import CONFIG_MAP, JOB, RESTORE, Api
from tools.drills.target import Target
from tools.drills.watch import Watch

MARK: Final = {"app.kubernetes.io/managed-by": "socle-drill"}
"""Labels of everything that a drill makes."""
SELECTOR: Final = ",".join(f"{key}={value}" for key, value in MARK.items())
"""The same as a selector."""
_LONGEST_NAME = 63
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names


def scratch_namespace(namespace: str, suffix: str) -> str:
    """Name of the namespace into which `namespace` is restored."""
    room = _LONGEST_NAME - len(f"drill--{suffix}")
    return f"drill-{namespace[:room].rstrip('-')}-{suffix}"


def drill_cluster(cluster: str) -> str:
    """Name of the database that is restored beside `cluster`: a fixed one, because AWS lets it read the backups."""
    return f"{cluster}-drill"


def leftovers(api: Api, target: Target) -> list[tuple[Kind, Object]]:
    """Everything that drills have made and that is still there."""
    found = (
        [(RESTORE, each) for each in api.listed(RESTORE, target.velero_namespace, SELECTOR)]
        if target.velero_namespace
        else []
    )
    if target.velero_namespace:
        found += [(CONFIG_MAP, each) for each in api.listed(CONFIG_MAP, target.velero_namespace, SELECTOR)]
    if target.database:
        namespace = target.database.namespace
        found += [(JOB, each) for each in api.listed(JOB, namespace, SELECTOR)]
        found += [(CNPG_CLUSTER, each) for each in api.listed(CNPG_CLUSTER, namespace, SELECTOR)]
        claims = f"cnpg.io/cluster={drill_cluster(target.database.cluster)}"
        found += [(CLAIM, each) for each in api.listed(CLAIM, namespace, claims)]
    return found + [(NAMESPACE, each) for each in api.listed(NAMESPACE, labels=SELECTOR)]


def sweep(api: Api, target: Target, watch: Watch) -> list[str]:
    """Delete everything that drills have made, and wait until it is gone; returns what there was.

    Also of drills that were killed, and of one that runs at the same time: there can only be one.
    """
    found = leftovers(api, target)
    for kind, each in found:
        api.delete(kind, each)

    def gone() -> tuple[bool | None, str]:
        left = [_named(kind, each) for kind, each in leftovers(api, target)]
        return (None if left else True), f"{len(left)} left, such as {left[0]}" if left else ""

    if found:
        advice = f"the next drill tries again, or `kubectl delete namespace -l {SELECTOR}`"
        watch.until("Cleaning up", gone, advice)
    return [_named(kind, each) for kind, each in found]


def _named(kind: Kind, found: Object) -> str:
    namespace = found["metadata"].get("namespace")
    return f"{kind.name} {f'{namespace}/' if namespace else ''}{found['metadata']['name']}"
