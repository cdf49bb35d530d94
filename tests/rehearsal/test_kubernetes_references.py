from typing import Any

import pytest

from rehearsal.kubernetes.definitions import RELEASE
from rehearsal.kubernetes.provider import SimulatedKubernetes
from rehearsal.wire import Properties
from rehearsal.world import Thing, World
from tests.rehearsal.simulation import Refused, Stack

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@pytest.fixture
def cluster(world: World) -> Stack:
    world.put(Thing("aws:eks/cluster:Cluster", "main", "urn", {"version": "1.36"}, {}))
    return Stack(SimulatedKubernetes(world, "pulumi-kubernetes"))


def _put(world: World, type_: str, called: str, /, **inputs: Any) -> None:
    world.put(Thing(type_, f"default/{called}", f"urn:{called}", {"metadata": {"name": called}, **inputs}, {}))


def _pod(container: Properties | None = None, **pod: Any) -> Properties:
    return {"containers": [{"name": "web", "image": "web:1", **(container or {})}], **pod}


def _deployment(pod: Properties) -> Properties:
    labels = {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def _env(**source: Any) -> Properties:
    return {"env": [{"name": "A", "valueFrom": source}]}


NAMING = [
    (_pod(_env(secretKeyRef={"name": "it", "key": "a"})), "Secret"),
    (_pod(_env(configMapKeyRef={"name": "it", "key": "a"})), "ConfigMap"),
    (_pod({"envFrom": [{"secretRef": {"name": "it"}}]}), "Secret"),
    (_pod(volumes=[{"name": "v", "secret": {"secretName": "it"}}]), "Secret"),
    (_pod(volumes=[{"name": "v", "projected": {"sources": [{"configMap": {"name": "it"}}]}}]), "ConfigMap"),
    (_pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "it"}}]), "PersistentVolumeClaim"),
    (_pod(imagePullSecrets=[{"name": "it"}]), "Secret"),
    (_pod(serviceAccountName="it"), "ServiceAccount"),
    (_pod(initContainers=[{"name": "i", "image": "i:1", **_env(secretKeyRef={"name": "it", "key": "a"})}]), "Secret"),
]


@pytest.mark.parametrize(("pod", "kind"), NAMING)
def test_pods_that_name_what_does_not_exist_are_refused_until_it_does(
    cluster: Stack, world: World, pod: Properties, kind: str
) -> None:
    refusal = f'^Deployment "default/web": its pods never start: {kind.lower()} "it" not found$'
    with pytest.raises(Refused, match=refusal):
        cluster.create(DEPLOYMENT, "web", "", **_deployment(pod))
    _put(world, f"kubernetes:core/v1:{kind}", "it", data={"a": "Yg=="})
    cluster.create(DEPLOYMENT, "web", "", **_deployment(pod))


def test_an_entry_that_the_secret_does_not_have_is_refused(cluster: Stack, world: World) -> None:
    _put(world, "kubernetes:core/v1:Secret", "it", stringData={"password": "x"})
    with pytest.raises(Refused, match=r"couldn't find key pasword in Secret default/it$"):
        cluster.create(DEPLOYMENT, "web", "", **_deployment(_pod(_env(secretKeyRef={"name": "it", "key": "pasword"}))))


def test_a_job_that_runs_at_times_is_judged_by_its_pods_too(cluster: Stack) -> None:
    template = {"spec": {**_pod(serviceAccountName="it"), "restartPolicy": "Never"}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly"},
        "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": template}}},
    }
    with pytest.raises(Refused, match='CronJob "default/nightly": its pods never start: serviceaccount "it" not found'):
        cluster.create("kubernetes:batch/v1:CronJob", "nightly", "", **job)


@pytest.mark.parametrize(
    "pod",
    [
        _pod(_env(secretKeyRef={"name": "it", "key": "a", "optional": True})),
        _pod(volumes=[{"name": "v", "configMap": {"name": "it", "optional": True}}]),
        _pod(serviceAccountName="default"),
        _pod(volumes=[{"name": "v", "configMap": {"name": "kube-root-ca.crt"}}]),
    ],
)
def test_what_may_be_missing_or_is_always_there_is_not_missed(cluster: Stack, pod: Properties) -> None:
    cluster.create(DEPLOYMENT, "web", "", **_deployment(pod))


MAKERS: list[tuple[tuple[str, Properties], str]] = [
    (("kubernetes:cert-manager.io/v1:Certificate", {"spec": {"secretName": "web-tls"}}), "web-tls"),
    (("kubernetes:postgresql.cnpg.io/v1:Cluster", {}), "it-app"),
    ((RELEASE, {"name": "it", "namespace": "default"}), "it-token"),
    (
        (
            "kubernetes:networking.k8s.io/v1:Ingress",
            {
                "metadata": {"name": "it", "annotations": {"cert-manager.io/cluster-issuer": "a"}},
                "spec": {"tls": [{"secretName": "web-tls"}]},
            },
        ),
        "web-tls",
    ),
]


@pytest.mark.parametrize(("maker", "secret"), MAKERS)
def test_what_controllers_and_charts_make_is_not_missed(
    cluster: Stack, world: World, maker: tuple[str, Properties], secret: str
) -> None:
    pod = _deployment(_pod(imagePullSecrets=[{"name": secret}]))
    with pytest.raises(Refused):
        cluster.create(DEPLOYMENT, "web", "", **pod)
    _put(world, maker[0], "it", **maker[1])
    cluster.create(DEPLOYMENT, "web", "", **pod)


@pytest.mark.parametrize(
    "values",
    [
        {"auth": {"existingSecret": "it"}},
        {"datadog": {"apiKeyExistingSecret": "it"}},
        {"pgpool": {"customUsersSecret": "it"}},
        {"runners": {"secret": "it"}},
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "it", "key": "a"}}}]},
        {"imagePullSecrets": ["it"]},
    ],
)
def test_a_release_whose_values_name_a_secret_that_does_not_exist_is_refused(
    cluster: Stack, world: World, values: Properties
) -> None:
    release = {"chart": "shop", "version": "1", "name": "shop", "namespace": "default", "values": values}
    with pytest.raises(Refused, match=r'^release "default/shop": its pods never start: secret "it" not found$'):
        cluster.create(RELEASE, "shop", "", **release)
    _put(world, "kubernetes:core/v1:Secret", "it", stringData={"a": "x"})
    cluster.create(RELEASE, "shop", "", **release)


def test_values_that_only_sound_like_it_name_no_secret(cluster: Stack) -> None:
    values = {"existingSecret": "", "existingSecretKey": "password", "createSecret": True, "secretTemplate": {"a": "b"}}
    release = {"chart": "shop", "version": "1", "name": "shop", "namespace": "default", "values": values}
    cluster.create(RELEASE, "shop", "", **release)


def test_a_custom_resource_that_names_what_does_not_exist_is_refused(cluster: Stack, world: World) -> None:
    _put(world, RELEASE, "operator", chart="cloudnative-pg", name="operator", namespace="default")
    spec = {"instances": 1, "superuserSecret": {"name": "admin"}}
    inputs = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "main"}, "spec": spec}
    with pytest.raises(Refused, match=r'^Cluster "default/main": it never becomes ready: secret "admin" not found$'):
        cluster.create("kubernetes:postgresql.cnpg.io/v1:Cluster", "main", "", **inputs)
    _put(world, "kubernetes:core/v1:Secret", "admin")
    cluster.create("kubernetes:postgresql.cnpg.io/v1:Cluster", "main", "", **inputs)
