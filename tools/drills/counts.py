"""Which objects are restored in a drill, and how they compare with those of the source."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tools.cluster_api import CLAIM, DEPLOYMENT, SERVICE, STATEFUL_SET, Kind, Object
from tools.drills.api import CONFIG_MAP, Api
from tools.drills.result import KindCount

_RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
RESTORED: Final = (
    CONFIG_MAP,
    Kind("Secret", "/api/v1", "secrets"),
    Kind("ServiceAccount", "/api/v1", "serviceaccounts"),
    SERVICE,
    CLAIM,
    DEPLOYMENT,
    STATEFUL_SET,
    Kind("DaemonSet", "/apis/apps/v1", "daemonsets"),
    Kind("CronJob", "/apis/batch/v1", "cronjobs"),
    Kind("HorizontalPodAutoscaler", "/apis/autoscaling/v2", "horizontalpodautoscalers"),
    Kind("PodDisruptionBudget", "/apis/policy/v1", "poddisruptionbudgets"),
    Kind("Role", _RBAC, "roles"),
    Kind("RoleBinding", _RBAC, "rolebindings"),
)
"""Kinds that are restored and compared: those that hold something and that no other object makes anew.

Not ingresses, nor custom resources such as certificates and databases: others would see them and act, on DNS, on
certificate authorities, on the source's own backups. Not jobs, which would run again, nor what controllers make of
the kinds here: ReplicaSets, pods, endpoint slices, events.
"""
SELECTED: Final[Object] = {
    "matchExpressions": [
        # What CloudNativePG makes for a database is made anew with it; the database has a restore of its own.
        {"key": "cnpg.io/cluster", "operator": "DoesNotExist"},
        {"key": "velero.io/exclude-from-backup", "operator": "NotIn", "values": ["true"]},
    ]
}
"""Objects among them."""
_SELECTOR: Final = "!cnpg.io/cluster,velero.io/exclude-from-backup notin (true)"
# https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts
_IN_EVERY_NAMESPACE: Final = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105 (the type of a Secret)


def compare(api: Api, namespace: str, scratch: str, backed_up: datetime) -> Iterator[KindCount]:
    """Compare a namespace with what was restored of it from a backup that was started at `backed_up`."""
    for kind in RESTORED:
        source = _created(api, kind, namespace)
        restored = _created(api, kind, scratch).keys()
        expected = {name for name, created in source.items() if created <= backed_up}
        if not source and not restored:
            continue
        yield KindCount(
            namespace=namespace,
            kind=kind.name,
            source=len(expected),
            restored=len(expected & restored),
            missing=tuple(sorted(expected - restored)),
            removed=tuple(sorted(restored - source.keys())),
            newer=len(source.keys() - expected - restored),
        )


def differences(kinds: list[KindCount]) -> list[str]:
    """What is missing, one sentence a kind."""
    return [
        f"{each.namespace}: {each.restored} of {each.source} objects of kind {each.kind} were restored,"
        f" missing {_listed(each.missing)}"
        for each in kinds
        if each.missing
    ]


def notes(kinds: list[KindCount]) -> list[str]:
    """What has changed in the source since the backup, which is no difference."""
    return [
        f"{each.namespace}: since the backup the source lost {each.kind} {_listed(each.removed)}"
        for each in kinds
        if each.removed
    ]


def _created(api: Api, kind: Kind, namespace: str) -> dict[str, datetime]:
    """Names of what is compared, with the time when it was made."""
    return {
        each["metadata"]["name"]: datetime.fromisoformat(each["metadata"]["creationTimestamp"])
        for each in api.listed(kind, namespace, _SELECTOR)
        if (kind.name, each["metadata"]["name"]) not in _IN_EVERY_NAMESPACE
        and not each["metadata"].get("deletionTimestamp")
        and each.get("type") != _TOKEN
    }


def _listed(names: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
