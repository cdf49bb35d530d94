"""The restore of a Velero backup into scratch namespaces, where nothing of it can act."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tools.cluster_api import NAMESPACE, Object
from tools.drills.api import BACKUP, CONFIG_MAP, RESTORE, Api, DrillError, part
from tools.drills.counts import RESTORED, SELECTED
from tools.drills.scratch import MARK, scratch_namespace
from tools.drills.watch import Watch

# https://velero.io/docs/v1.18/api-types/restore/
_ENDED: Final = ("Completed", "PartiallyFailed")
_FAILED: Final = ("Failed", "FailedValidation")

# What would act on the outside, on the source or on anything is restored in a form that does not. Nothing runs: no
# pod takes part in the source's business, neither its queues nor its database.
# https://velero.io/docs/v1.18/restore-resource-modifiers/
_HARMLESS: Final[dict[str, Object]] = {
    "deployments.apps": {"spec": {"replicas": 0}},
    "statefulsets.apps": {"spec": {"replicas": 0}},
    "daemonsets.apps": {"spec": {"template": {"spec": {"nodeSelector": {"socle/drill": "never"}}}}},
    "cronjobs.batch": {"spec": {"suspend": True}},
    "services": {"metadata": {"annotations": {"external-dns.alpha.kubernetes.io/hostname": None}}},
}
_NO_LOAD_BALANCER: Final[Object] = {
    "spec": {"type": "ClusterIP", "externalTrafficPolicy": None, "loadBalancerClass": None}
    | {"allocateLoadBalancerNodePorts": None, "healthCheckNodePort": None}
}


@dataclass(frozen=True)
class Backup:
    """A backup that can be restored."""

    name: str
    """Its name."""
    started: datetime
    """When it was started: it holds nothing newer for sure."""
    namespaces: tuple[str, ...]
    """Namespaces that it holds; `*` is all."""

    def holds(self, namespace: str) -> bool:
        """Whether a namespace is in it."""
        return "*" in self.namespaces or namespace in self.namespaces


def newest_backup(api: Api, velero: str, schedule: str) -> Backup:
    """The newest completed backup of a schedule."""
    found = api.listed(BACKUP, velero, f"velero.io/schedule-name={schedule}")
    found.sort(key=lambda each: str(each["metadata"].get("creationTimestamp")), reverse=True)
    whole = [each for each in found if _phase(each) == "Completed"]
    if not whole:
        newest = f" (the newest, {found[0]['metadata']['name']}, is {_phase(found[0]) or 'New'})" if found else ""
        raise DrillError(
            f"schedule {schedule} has no backup yet that is complete{newest}: make one with `kubectl -n {velero} exec "
            f"deploy/velero -- /velero backup create --from-schedule {schedule} --wait`, then drill again",
            2,
        )
    metadata, included = whole[0]["metadata"], part(whole[0], "spec").get("includedNamespaces")
    started = part(whole[0], "status").get("startTimestamp") or metadata["creationTimestamp"]
    return Backup(metadata["name"], datetime.fromisoformat(started), tuple(included or ("*",)))


def start_restore(api: Api, velero: str, backup: Backup, *, namespaces: list[str], suffix: str, minutes: float) -> str:
    """Make the scratch namespaces and ask Velero to restore into them; returns the name of the Restore."""
    name = f"drill-{suffix}"
    mapping = {namespace: scratch_namespace(namespace, suffix) for namespace in namespaces}
    for made in mapping.values():
        # Velero would make them too, without the mark by which they are found should the drill be killed.
        labels = {**MARK, "pod-security.kubernetes.io/enforce": "restricted"}
        api.create(NAMESPACE, None, {"metadata": {"name": made, "labels": labels}})
    metadata: Object = {"name": name, "labels": MARK}
    api.create(CONFIG_MAP, velero, {"metadata": metadata, "data": {"harmless.yaml": json.dumps(_modifiers())}})
    spec = {
        "backupName": backup.name,
        "includedNamespaces": namespaces,
        "namespaceMapping": mapping,
        "includedResources": [kind.resource for kind in RESTORED],
        # Among them are the volumes of the source: nothing must be bound to those.
        "includeClusterResources": False,
        "labelSelector": SELECTED,
        "preserveNodePorts": False,
        "itemOperationTimeout": f"{max(1, round(minutes))}m0s",
        "resourceModifier": {"kind": "configmap", "name": name},
    }
    api.create(RESTORE, velero, {"metadata": metadata, "spec": spec})
    return name


def await_restore(api: Api, velero: str, name: str, watch: Watch) -> list[str]:
    """Wait until Velero has restored; returns the differences that Velero itself names."""
    advice = f"`kubectl -n {velero} logs deploy/velero | grep {name}` says why"

    def ended() -> tuple[Object | None, str]:
        found = api.get(RESTORE, name, velero)
        if found is None:
            raise DrillError(f"Restore {name} was deleted while it ran: nobody may touch a drill, start it again")
        phase, status, progress = _phase(found), part(found, "status"), part(found, "status", "progress")
        if phase in _FAILED:
            said = _reasons(status) or "no reason given"
            raise DrillError(f"Velero could not restore {found['spec']['backupName']} ({phase}: {said}): {advice}")
        items = (
            f", {progress.get('itemsRestored', 0)} of {progress['totalItems']} items"
            if progress.get("totalItems")
            else ""
        )
        return (found if phase in _ENDED else None), f"{phase or 'not seen by Velero yet'}{items}"

    status = watch.until(f"Velero restores {name}", ended, advice)["status"]
    if status["phase"] == "Completed":
        return []
    return [f"Velero restored only a part, with {status.get('errors', 'some')} errors: {advice}"]


def _modifiers() -> Object:
    def rule(resource: str, patch: Object, **conditions: Any) -> Object:
        return {
            "conditions": {"groupResource": resource, "resourceNameRegex": ".*", **conditions},
            "mergePatches": [{"patchData": json.dumps(patch)}],
        }

    balancers = rule("services", _NO_LOAD_BALANCER, matches=[{"path": "/spec/type", "value": "LoadBalancer"}])
    rules = [rule(resource, patch) for resource, patch in _HARMLESS.items()]
    return {"version": "v1", "resourceModifierRules": [*rules, balancers]}


def _phase(found: Object) -> str:
    return str(part(found, "status").get("phase") or "")


def _reasons(status: Object) -> str:
    invalid: list[str] = status.get("validationErrors") or []
    return "; ".join(filter(None, [status.get("failureReason"), *invalid]))
