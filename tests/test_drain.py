"""Draining a cluster: the stand-in API server plays the cluster, its controllers and, through them, AWS."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import typer

from tests.kubernetes_kinds import Kind
from tests.kubernetes_server import Event, KubernetesServer, Object, kubernetes_server
from tests.pulumi_stand_in import StandIn, near, resource
from tools import drain as tool
from tools.drain import Means
from tools.waiting import Waiting

HOST = "api.staging.devu42.fr"


@dataclass
class Sky:
    """Records and EBS volumes outside the cluster."""

    names: set[str] = field(default_factory=set[str])
    disks: set[str] = field(default_factory=set[str])

    def records(self) -> Collection[str]:
        return set(self.names)

    def volumes(self, ids: Sequence[str]) -> Collection[str]:
        return self.disks & {*ids}


@dataclass
class Clock:
    """Time that passes only when somebody waits; things may happen meanwhile."""

    now: float = 0.0
    events: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 1.0)
        if self.events:
            self.events.pop(0)()


@pytest.fixture
def server() -> Iterator[KubernetesServer]:
    with kubernetes_server() as made:
        made.know(Kind("apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False))
        yield made


@pytest.fixture
def sky() -> Sky:
    return Sky()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stack(server: KubernetesServer) -> StandIn:
    return StandIn(outputs={"kubeconfig": server.kubeconfig})


@pytest.fixture
def drained(sky: Sky, clock: Clock, stack: StandIn, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Drain the stack; gives what was printed, and fails the test unless the exit code is the expected one."""

    def run(code: int = 0, minutes: float = 1, **more: Any) -> str:
        class Quick(Waiting):
            def __init__(self, say: Callable[[str], None], seconds: float) -> None:
                super().__init__(say, seconds, clock.sleep, lambda: clock.now)

        means = Means(cloud=lambda _: sky, status=lambda _: "ACTIVE", reach=near, waiting=Quick)
        ended = 0
        try:
            tool.run("staging", stack.pulumi(), yes=True, minutes=minutes, means=more.get("means", means))
        except typer.Exit as end:
            ended = end.exit_code
        said = capsys.readouterr()
        assert ended == code, said
        return said.out + said.err

    return run


def make(kind: str, name: str, namespace: str | None = "shop", api: str = "v1", **more: Any) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}


def ingress(name: str = "api", namespace: str = "shop", **metadata: Any) -> Object:
    spec = {"rules": [{"host": f"{name}.staging.devu42.fr"}]}
    return make("Ingress", name, namespace, "networking.k8s.io/v1", spec=spec, metadata=metadata)


def claim(name: str = "data", namespace: str = "shop", **metadata: Any) -> Object:
    return make("PersistentVolumeClaim", name, namespace, spec={"volumeName": f"pv-{name}"}, metadata=metadata)


def volume(name: str, policy: str = "Delete", namespace: str = "shop") -> Object:
    spec = {
        "claimRef": {"namespace": namespace, "name": name},
        "persistentVolumeReclaimPolicy": policy,
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": f"vol-{name}"},
    }
    return make("PersistentVolume", f"pv-{name}", None, spec=spec)


def deployment(name: str, claims: Sequence[str] = (), **more: Any) -> Object:
    volumes = [{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims]
    pod = {"volumes": volumes, "containers": [{"name": "it", "args": more.pop("args", [])}]}
    spec = {"replicas": 2, "template": {"spec": pod}}
    return make("Deployment", name, more.pop("namespace", "shop"), "apps/v1", spec=spec, **more)


def stateful_set(name: str, **more: Any) -> Object:
    pod: Object = {"spec": {}}
    spec = {"replicas": 2, "template": pod, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    return make("StatefulSet", name, api="apps/v1", spec=spec, **more)


def external_dns(*args: str, ready: int = 1) -> Object:
    labels = {"app.kubernetes.io/name": "external-dns"}
    status = {"readyReplicas": ready}
    return deployment("external-dns", args=args, namespace="external-dns", metadata={"labels": labels}, status=status)


def volumes_follow(server: KubernetesServer, sky: Sky) -> None:
    """Play the EBS driver: a claim that goes takes its volume and its disk along."""

    def gone(event: Event, found: Object, cluster: KubernetesServer) -> None:
        name = found["metadata"]["name"]
        made = cluster.get("PersistentVolume", f"pv-{name}")
        if event == "deleted" and made and made["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
            cluster.delete("PersistentVolume", f"pv-{name}")
            sky.disks.discard(f"vol-{name}")

    server.on("PersistentVolumeClaim", gone)


def names(server: KubernetesServer, kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in server.list(kind)}


# Doors


def test_ingresses_go_and_the_drain_waits_until_external_dns_has_removed_its_records(
    server: KubernetesServer, sky: Sky, clock: Clock, drained: Callable[..., str]
) -> None:
    server.put(external_dns("--policy=sync"))
    server.put(ingress())
    sky.names = {HOST}
    clock.events = [lambda: None, sky.names.clear]
    said = drained()
    assert server.list("Ingress") == []
    assert "  deleting ways in: Ingress shop/api\n" in said
    assert f"  waiting for DNS records: {HOST} (1:00 left)\n" in said
    assert said.endswith("  gone: DNS records\nstaging: drained\n")


@pytest.mark.parametrize("keeper", [None, external_dns("--policy=upsert-only"), external_dns(ready=0)])
def test_nobody_waits_for_records_that_nothing_removes(
    server: KubernetesServer, sky: Sky, clock: Clock, drained: Callable[..., str], keeper: Object | None
) -> None:
    if keeper:
        server.put(keeper)
    server.put(ingress())
    sky.names = {HOST}
    assert f"nothing removes the DNS records {HOST}: external-dns is not at work, or only adds" in drained()
    assert clock.now == 0


def test_records_of_a_protected_ingress_are_not_waited_for(
    server: KubernetesServer, sky: Sky, drained: Callable[..., str]
) -> None:
    server.put(external_dns("--policy=sync"))
    server.put(ingress(labels={"socle/protected": "true"}))
    sky.names = {HOST}
    drained()
    assert names(server, "Ingress") == {"api"}


def test_services_with_a_load_balancer_go_and_others_stay(
    server: KubernetesServer, clock: Clock, drained: Callable[..., str]
) -> None:
    held = {"finalizers": ["service.kubernetes.io/load-balancer-cleanup"]}
    server.put(make("Service", "door", spec={"type": "LoadBalancer"}, metadata=held))
    server.put(make("Service", "inner", spec={"type": "ClusterIP"}))
    clock.events = [lambda: server.patch("Service", "door", "shop", {"metadata": {"finalizers": []}})]
    assert "  waiting for load balancers of Services: Service shop/door" in drained()
    assert names(server, "Service") == {"inner"}


# Claims and databases


def test_what_mounts_claims_is_scaled_down_and_claims_and_their_disks_go(
    server: KubernetesServer, sky: Sky, drained: Callable[..., str]
) -> None:
    volumes_follow(server, sky)
    server.put(stateful_set("pg"))
    server.put(deployment("vault", ["files"]))
    server.put(deployment("api"))
    for name in ("data-pg-0", "files"):
        server.put(claim(name))
        server.put(volume(name))
        sky.disks.add(f"vol-{name}")
    drained()
    replicas = {each["metadata"]["name"]: each["spec"]["replicas"] for each in server.list("Deployment")}
    assert replicas == {"vault": 0, "api": 2}
    assert server.list("StatefulSet")[0]["spec"]["replicas"] == 0
    assert (server.list("PersistentVolumeClaim"), server.list("PersistentVolume"), sky.disks) == ([], [], set())


def test_databases_go_before_claims_with_their_schedules(server: KubernetesServer, drained: Callable[..., str]) -> None:
    api = "postgresql.cnpg.io/v1"
    server.put(make("Cluster", "main", api=api, spec={}))
    server.put(make("ScheduledBackup", "daily", api=api, spec={"cluster": {"name": "main"}}))
    server.put(make("ScheduledBackup", "other", api=api, spec={"cluster": {"name": "foreign"}}))
    server.put(claim("main-1"))
    drained()
    deleted = [each.path.rpartition("/")[2] for each in server.requests if each.method == "DELETE"]
    assert deleted == ["daily", "main", "main-1"]
    assert names(server, "ScheduledBackup") == {"other"}


@pytest.mark.parametrize("place", ["labels", "annotations"])
@pytest.mark.parametrize("what", ["claim", "database", "namespace", "StatefulSet"])
def test_what_is_marked_stays_with_all_that_it_holds(
    server: KubernetesServer, drained: Callable[..., str], what: str, place: str
) -> None:
    mark = {place: {"socle/protected": "true"}}
    api = "postgresql.cnpg.io/v1"
    server.put(make("Namespace", "shop", None, metadata=mark if what == "namespace" else {}))
    if what in ("database", "namespace"):
        server.put(make("Cluster", "main", api=api, spec={}, metadata=mark if what == "database" else {}))
    if what == "StatefulSet":
        server.put(stateful_set("main", metadata=mark))
    of_database: dict[str, Any] = {"labels": {"cnpg.io/cluster": "main"}} if what == "database" else {}
    server.put(make("PersistentVolumeClaim", "data-main-0", metadata=mark if what == "claim" else of_database))
    server.put(volume("data-main-0"))
    server.put(claim("other", "elsewhere"))
    drained()
    assert names(server, "PersistentVolumeClaim") == {"data-main-0"}
    assert names(server, "PersistentVolume") == {"pv-data-main-0"}
    assert names(server, "Cluster") == ({"main"} if what in ("database", "namespace") else set())


def test_what_pulumi_protects_stays_without_a_mark(
    server: KubernetesServer, stack: StandIn, drained: Callable[..., str]
) -> None:
    inputs = {"metadata": {"name": "main", "namespace": "shop"}}
    stack.resources = [
        resource("kubernetes:postgresql.cnpg.io/v1:Cluster", "database-cluster", protect=True, inputs=inputs)
    ]
    server.put(make("Cluster", "main", api="postgresql.cnpg.io/v1", spec={}))
    owner = [{"kind": "Cluster", "name": "main", "apiVersion": "postgresql.cnpg.io/v1", "uid": "1"}]
    server.put(claim("main-1", labels={"cnpg.io/cluster": "main"}))
    server.put(claim("main-2", ownerReferences=owner))
    assert "  protected, stays: shop/main\n" in drained()
    assert names(server, "Cluster") == {"main"}
    assert names(server, "PersistentVolumeClaim") == {"main-1", "main-2"}


def test_claims_of_a_release_that_pulumi_protects_stay(
    server: KubernetesServer, stack: StandIn, drained: Callable[..., str]
) -> None:
    inputs = {"name": "pg", "namespace": "shop"}
    stack.resources = [resource("kubernetes:helm.sh/v3:Release", "pg-release", protect=True, inputs=inputs)]
    of = {"annotations": {"meta.helm.sh/release-name": "pg", "meta.helm.sh/release-namespace": "shop"}}
    server.put(stateful_set("pg-node", metadata=of))
    server.put(claim("data-pg-node-0"))
    drained()
    assert names(server, "PersistentVolumeClaim") == {"data-pg-node-0"}
    assert server.list("StatefulSet")[0]["spec"]["replicas"] == 2


def test_a_volume_that_its_class_retains_is_named_and_not_waited_for(
    server: KubernetesServer, clock: Clock, drained: Callable[..., str]
) -> None:
    server.put(claim("data"))
    server.put(volume("data", "Retain"))
    assert "  stays, its reclaim policy is Retain: PersistentVolume pv-data\n" in drained()
    assert clock.now == 0


def test_at_the_end_of_the_time_it_names_what_is_left_and_who_holds_it(
    server: KubernetesServer, drained: Callable[..., str]
) -> None:
    server.put(claim("data", finalizers=["kubernetes.io/pvc-protection"]))
    mounted = [{"name": "a", "persistentVolumeClaim": {"claimName": "data"}}]
    server.put(make("Pod", "by-hand", spec={"volumes": mounted}))
    server.put(volume("data"))
    said = drained(code=1)
    left = "PersistentVolumeClaim shop/data (mounted by by-hand), PersistentVolume pv-data"
    assert f"staging: left: {left}\n" in said
    assert "not all is gone: see why above, then `make drain STACK=staging` goes on" in said


def test_a_second_run_goes_on_where_the_first_one_ended(
    server: KubernetesServer, sky: Sky, drained: Callable[..., str]
) -> None:
    server.put(claim("data", finalizers=["kubernetes.io/pvc-protection"]))
    server.put(volume("data"))
    drained(code=1)
    volumes_follow(server, sky)
    server.patch("PersistentVolumeClaim", "data", "shop", {"metadata": {"finalizers": []}})
    assert drained().endswith("staging: drained\n")
    assert "deleting" not in drained()


# What makes namespaces hang


def test_schedules_of_velero_go_first_and_its_finalizers_are_awaited_while_backups_stay(
    server: KubernetesServer, clock: Clock, drained: Callable[..., str]
) -> None:
    held = {"finalizers": ["restores.velero.io/external-resources-finalizer"]}
    server.put(make("Schedule", "daily", "velero", "velero.io/v1", spec={}))
    server.put(make("Backup", "daily-1", "velero", "velero.io/v1", spec={}))
    server.put(make("Restore", "drill", "velero", "velero.io/v1", spec={}, metadata=held))
    server.put(claim("data"))
    clock.events = [lambda: server.patch("Restore", "drill", "velero", {"metadata": {"finalizers": []}})]
    assert "  waiting for Restores of Velero: Restore velero/drill" in drained()
    deleted = [each.path.rpartition("/")[2] for each in server.requests if each.method == "DELETE"]
    assert deleted == ["daily", "data", "drill"]
    assert names(server, "Backup.velero.io") == {"daily-1"}


def test_an_api_whose_pods_are_gone_is_removed_and_one_that_serves_stays(
    server: KubernetesServer, drained: Callable[..., str]
) -> None:
    def api(name: str, available: str) -> Object:
        condition = {"type": "Available", "status": available}
        return make(
            "APIService",
            name,
            None,
            "apiregistration.k8s.io/v1",
            spec={"service": {"name": "a", "namespace": "b"}},
            status={"conditions": [condition]},
        )

    server.put(api("v1beta1.external.metrics.k8s.io", "False"))
    server.put(api("v1beta1.metrics.k8s.io", "True"))
    assert "deleting APIs that nobody serves: APIService v1beta1.external.metrics.k8s.io" in drained()
    assert names(server, "APIService") == {"v1beta1.metrics.k8s.io"}


# The command


def test_a_stack_without_a_cluster_has_nothing_to_drain(stack: StandIn, drained: Callable[..., str]) -> None:
    stack.outputs = {"bucket": "files"}
    assert drained() == "staging: has no cluster, there is nothing to drain\n"


@pytest.mark.parametrize(
    ("status", "told"), [("", "AWS has no cluster socle-staging in eu-west-3"), ("ACTIVE", "AWS says it is ACTIVE")]
)
def test_an_api_that_does_not_answer_is_told_in_a_sentence_that_names_the_way_on(
    stack: StandIn, sky: Sky, drained: Callable[..., str], status: str, told: str
) -> None:
    with kubernetes_server() as gone:
        stack.outputs = {"kubeconfig": gone.kubeconfig}
    said = drained(1, means=Means(cloud=lambda _: sky, status=lambda _: status, reach=near))
    assert said.startswith("staging: the cluster's API does not answer (")
    assert told in said
    assert "if the cluster is gone, `make forget-cluster STACK=staging`" in said
    assert said.endswith("and `make drain STACK=staging`\n")
    assert said.count("\n") == 1


def test_an_api_that_refuses_is_told_in_a_sentence(server: KubernetesServer, drained: Callable[..., str]) -> None:
    server.fail("GET", "/version", 401)
    said = drained(1)
    assert said.startswith("staging: the cluster's API refused (GET /version: 401 ")
    assert "socle:cluster.access" in said


def test_without_the_stacks_name_nothing_is_touched(
    server: KubernetesServer, stack: StandIn, sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(claim("data"))

    def answer(_: str, **__: object) -> str:
        return "prod"

    monkeypatch.setattr(typer, "prompt", answer)
    with pytest.raises(typer.Exit) as end:
        tool.run("staging", stack.pulumi(), yes=False, minutes=1, means=Means(cloud=lambda _: sky))
    assert end.value.exit_code == 2
    assert names(server, "PersistentVolumeClaim") == {"data"}
