"""The steps of a drain: what outlives a cluster is deleted while the controllers that clean up after it are alive."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tools.cluster_api import (
    API_SERVICE,
    CLAIM,
    CNPG_CLUSTER,
    CNPG_SCHEDULE,
    DEPLOYMENT,
    INGRESS,
    POD,
    SERVICE,
    STATEFUL_SET,
    VELERO,
    VOLUME,
    ClusterApi,
    Kind,
    Object,
    named,
    notes,
)
from tools.protection import Protection, mounted_claims
from tools.waiting import Say, Waiting, listed

_EBS: Final = "ebs.csi.aws.com"
_Pair = tuple[Kind, Object]


class Cloud(Protocol):
    """What a drain asks of AWS."""

    def records(self) -> Collection[str]:
        """Names of the records that external-dns of the cluster answers for."""
        ...

    def volumes(self, ids: Sequence[str]) -> Collection[str]:
        """Which of these EBS volumes exist."""
        ...


@dataclass(frozen=True)
class Drain:
    """Deletes what would outlive the cluster, each step after that on which its end depends."""

    api: ClusterApi
    cloud: Cloud
    protection: Protection
    waiting: Waiting
    say: Say

    def run(self) -> list[str]:
        """Do it all; names what is left. A second run does what a first one could not."""
        self._doors()
        self._databases()
        self._backups(("Schedule",))
        self._volumes()
        # Finalizers of Velero are taken off by Velero, which a destroy stops before it deletes the namespace:
        # https://github.com/velero-io/velero/issues/8409
        self._backups(tuple(kind.name for kind in VELERO))
        self._broken_api_services()
        return self.waiting.left

    def _doors(self) -> None:
        """Delete what has names and load balancers outside, while the controllers that remove these are alive."""
        balancers = [each for each in self._open(SERVICE) if each[1]["spec"].get("type") == "LoadBalancer"]
        self._delete("ways in", [*self._open(INGRESS), *balancers])
        self._gone("load balancers of Services", SERVICE, [found for _, found in balancers])
        if _dns_keeper(self.api):
            self.waiting.until_gone("DNS records", self._records_to_go)
        elif records := self._records_to_go():
            why = "external-dns is not at work, or only adds; the leftovers name the commands"
            self.say(f"  nothing removes the DNS records {listed(records)}: {why}")

    def _records_to_go(self) -> list[str]:
        kept = {host for found in self.api.all(INGRESS) if self._stays(INGRESS, found) for host in _hosts(found)}
        return sorted(set(self.cloud.records()) - kept)

    def _databases(self) -> None:
        """Delete PostgreSQL clusters, whose operator deletes their pods and claims."""
        databases = self._open(CNPG_CLUSTER)
        of = {_key(found) for _, found in databases}
        schedules = [
            each
            for each in self._open(CNPG_SCHEDULE)
            if (each[1]["metadata"]["namespace"], each[1]["spec"]["cluster"]["name"]) in of
        ]
        self._delete("databases", [*schedules, *databases])
        self._gone("databases", CNPG_CLUSTER, [found for _, found in databases])

    def _volumes(self) -> None:
        """Delete claims and wait for their volumes, which no claim brings back."""
        claims = self._open(CLAIM)
        names = {_key(found) for _, found in claims}
        kept = {_key(found) for found in self.api.all(CLAIM)} - names
        volumes = [found for found in self.api.all(VOLUME) if self._goes(found, kept)]
        for kind in (DEPLOYMENT, STATEFUL_SET):
            for _, found in self._open(kind):
                if found["spec"].get("replicas", 1) and _mounts(found, names):
                    self.say(f"  scaling to 0: {named(kind, found)}")
                    self.api.patch(kind, found, {"spec": {"replicas": 0}})
        self._delete("claims", claims)
        self._gone("claims", CLAIM, [found for _, found in claims], hint=self._users)
        self._gone("volumes in the cluster", VOLUME, volumes)
        ids = [found["spec"]["csi"]["volumeHandle"] for found in volumes if _is_ebs(found)]
        if ids:
            self.waiting.until_gone("EBS volumes", lambda: sorted(self.cloud.volumes(ids)))

    def _goes(self, volume: Object, kept: Collection[tuple[str, str]]) -> bool:
        claim: Object | None = volume["spec"].get("claimRef")
        # The claim may be gone already; what would have protected it still protects its volume.
        if claim is None or _key({"metadata": claim}) in kept or self._stays(CLAIM, {"metadata": claim}):
            return False
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain":
            self.say(f"  stays, its reclaim policy is Retain: {named(VOLUME, volume)}")
            return False
        return True

    def _users(self, claim: Object) -> str:
        """Why a claim does not go: the pods that mount it keep it."""
        where, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        pods = [
            found["metadata"]["name"]
            for found in self.api.all(POD)
            if found["metadata"]["namespace"] == where and name in mounted_claims(found["spec"])
        ]
        return f" (mounted by {listed(pods)})" if pods else ""

    def _backups(self, names: Collection[str]) -> None:
        """Delete schedules, and what Velero has to take its finalizers off; the bucket keeps its backups."""
        held = [
            (kind, found)
            for kind in VELERO
            if kind.name in names
            for _, found in self._open(kind)
            if kind.name == "Schedule" or found["metadata"].get("finalizers")
        ]
        self._delete("objects of Velero", held)
        for kind in VELERO:
            self._gone(f"{kind.name}s of Velero", kind, [found for each, found in held if each == kind])

    def _broken_api_services(self) -> None:
        """Delete APIs whose pods are gone: no namespace could be deleted beside them.

        https://github.com/kubernetes/kubernetes/issues/60807
        """
        broken = [
            (API_SERVICE, found)
            for found in self.api.all(API_SERVICE)
            if found["spec"].get("service") and _is_unavailable(found)
        ]
        self._delete("APIs that nobody serves", broken)

    def _open(self, kind: Kind) -> list[_Pair]:
        """Objects of a kind that are not protected."""
        return [(kind, found) for found in self.api.all(kind) if not self._stays(kind, found)]

    def _stays(self, kind: Kind, found: Object) -> bool:
        return self.protection.covers(kind, found)

    def _delete(self, what: str, objects: Sequence[_Pair]) -> None:
        fresh = [(kind, found) for kind, found in objects if not found["metadata"].get("deletionTimestamp")]
        if fresh:
            self.say(f"  deleting {what}: {listed([named(kind, found) for kind, found in fresh])}")
        for kind, found in fresh:
            self.api.delete(kind, found)

    def _gone(
        self, what: str, kind: Kind, objects: Sequence[Object], hint: Callable[[Object], str] = lambda _: ""
    ) -> None:
        wanted = {found["metadata"]["uid"] for found in objects}

        def remaining() -> Iterator[str]:
            for found in self.api.all(kind):
                if found["metadata"]["uid"] in wanted:
                    yield named(kind, found) + hint(found)

        if wanted:
            self.waiting.until_gone(what, lambda: list(remaining()))


def _key(found: Object) -> tuple[str, str]:
    return str(found["metadata"]["namespace"]), str(found["metadata"]["name"])


def _dns_keeper(api: ClusterApi) -> bool:
    """Whether an external-dns is at work that removes the records which it made."""
    for found in api.all(DEPLOYMENT):
        if notes(found, "labels").get("app.kubernetes.io/name") == "external-dns":
            arguments = found["spec"]["template"]["spec"]["containers"][0].get("args") or ()
            return bool(found.get("status", {}).get("readyReplicas")) and "--policy=upsert-only" not in arguments
    return False


def _hosts(ingress: Object) -> Iterator[str]:
    for rule in ingress["spec"].get("rules") or ():
        yield str(rule.get("host", ""))


def _mounts(found: Object, claims: Collection[tuple[str, str]]) -> bool:
    """Whether a workload's pods mount one of these claims; a StatefulSet also has one for each pod."""
    namespace, name = _key(found)
    own = [f"{each['metadata']['name']}-{name}-" for each in found["spec"].get("volumeClaimTemplates") or ()]
    named_here = [claim for where, claim in claims if where == namespace]
    made = any(claim.startswith(prefix) for prefix in own for claim in named_here)
    return made or bool({*mounted_claims(found["spec"]["template"]["spec"])} & {*named_here})


def _is_ebs(volume: Object) -> bool:
    driver: Object = volume["spec"].get("csi") or {}
    return driver.get("driver") == _EBS


def _is_unavailable(service: Object) -> bool:
    conditions: Sequence[Object] = service.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Available" and each["status"] == "False" for each in conditions)
