"""Whether all pods of a cluster are ready."""

from typing import Any, Final

from tools.cluster_api import POD, ClusterApi, Object
from tools.smoke_tests.finding import Finding

_NAMED: Final = 5
"""Pods that are named; the rest is counted."""


def pods(api: ClusterApi) -> Finding:
    """Look at all pods in all namespaces."""
    found = [each for each in api.all(POD) if not _is_over(each)]
    waiting = [f"{_name(each)} ({why})" for each in found if (why := trouble(each))]
    if not waiting:
        return Finding("pods", good=bool(found), said=f"all {len(found)} are ready" if found else "there are none")
    more = f" and {len(waiting) - _NAMED} more" if len(waiting) > _NAMED else ""
    said = f"{len(waiting)} of {len(found)} are not ready: {', '.join(sorted(waiting)[:_NAMED])}{more}"
    return Finding("pods", good=False, said=said)


def trouble(pod: Object) -> str:
    """Why a pod is not ready, in Kubernetes' words; empty when it is."""
    status: dict[str, Any] = pod.get("status") or {}
    containers: list[Object] = status.get("containerStatuses") or []
    for container in containers:
        state: Object = container.get("state") or {}
        waiting: Object = state.get("waiting") or {}
        if waiting.get("reason"):
            return str(waiting["reason"])
    conditions: list[Object] = status.get("conditions") or []
    ready = [each for each in conditions if each.get("type") == "Ready"]
    if ready and ready[0].get("status") == "True":
        return ""
    return str((ready[0].get("reason") if ready else "") or status.get("phase") or "unknown")


def _is_over(pod: Object) -> bool:
    # A job's pod has done its work; one on its way out is being replaced.
    return bool(pod["metadata"].get("deletionTimestamp")) or pod.get("status", {}).get("phase") == "Succeeded"


def _name(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
