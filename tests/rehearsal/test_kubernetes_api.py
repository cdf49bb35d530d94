from typing import Any

import pytest

from rehearsal.kubernetes.definitions import RELEASE
from rehearsal.kubernetes.provider import SimulatedKubernetes
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import Thing, World
from tests.rehearsal.simulation import Refused, Stack

NAMESPACE = "kubernetes:core/v1:Namespace"
SERVICE = "kubernetes:core/v1:Service"
SECRET = "kubernetes:core/v1:Secret"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@pytest.fixture
def cluster(world: World) -> Stack:
    """A cluster of Kubernetes 1.36."""
    world.put(Thing("aws:eks/cluster:Cluster", "main", "urn", {"version": "1.36"}, {}))
    return Stack(SimulatedKubernetes(world, "pulumi-kubernetes"))


def _service(port: Any = 80, **spec: Any) -> Properties:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": port}], **spec},
    }


def _deployment(image: str = "web:1", app: str = "web") -> Properties:
    labels = {"app": app}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": labels}, "template": pod},
    }


def _namespace(name: str) -> Properties:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_a_value_of_the_wrong_type_is_refused_by_its_field(cluster: Stack) -> None:
    assert cluster.problems(SERVICE, _service("eighty")) == {"spec.ports[0].port: 'eighty' is not of type 'integer'"}


def test_a_misspelt_field_is_refused_by_name(cluster: Stack) -> None:
    (problem,) = cluster.problems(SERVICE, _service(tpye="NodePort"))
    assert problem.startswith("spec: ")
    assert "'tpye' was unexpected" in problem


def test_a_required_field_that_is_not_known_yet_is_not_missed(cluster: Stack) -> None:
    deployment = _deployment()
    deployment["spec"]["selector"] = UNKNOWN
    assert cluster.problems(DEPLOYMENT, deployment) == set()


def test_a_missing_field_is_refused_by_name(cluster: Stack) -> None:
    deployment = _deployment()
    del deployment["spec"]["selector"]
    assert cluster.problems(DEPLOYMENT, deployment) == {"spec: 'selector' is a required property"}


def test_a_name_that_the_api_server_would_refuse_is_refused(cluster: Stack) -> None:
    assert cluster.problems(NAMESPACE, _namespace("My_Namespace")) == {
        "metadata.name: expected a lower-case RFC 1123 name, got 'My_Namespace'"
    }


def test_what_is_not_known_yet_is_not_judged(cluster: Stack) -> None:
    assert cluster.problems(SERVICE, _service(type=UNKNOWN, selector={"app": UNKNOWN})) == set()


def test_objects_and_custom_resources_are_counted_by_what_they_were_checked_against(
    cluster: Stack, world: World
) -> None:
    issuer: Properties = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": "a"},
        "spec": {"selfSigned": {}},
    }
    assert cluster.problems("kubernetes:cert-manager.io/v1:ClusterIssuer", issuer) == set()
    cluster.check(SERVICE, "web", _service())
    assert {f["type"].rpartition(":")[2]: f["schema"] for f in world.findings().values()} == {
        "ClusterIssuer": "custom",
        "Service": "api",
    }


def test_a_kind_that_nobody_knows_is_refused(cluster: Stack) -> None:
    assert cluster.problems("kubernetes:apps/v2:Deployment", {**_deployment(), "apiVersion": "apps/v2"}) == {
        "Kubernetes has no Deployment of apps/v2; if it is a custom resource, list its fields in "
        "rehearsal/kubernetes/custom_resources"
    }


def test_a_secret_gives_its_values_back_encoded_and_marked_secret(cluster: Stack) -> None:
    secret: Properties = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login"},
        "stringData": {"password": "s3cret"},
        "data": {"user": "YWRh"},
    }
    made = cluster.create(SECRET, "login", "", **secret)
    assert made["data"] == {"password": "czNjcmV0", "user": "YWRh"}
    assert "stringData" not in made
    assert cluster.provider.secret_outputs(SECRET) == ("data", "stringData")
    secret["stringData"] = {"password": UNKNOWN}
    assert cluster.preview(SECRET, "login", **secret)["data"] == {"password": UNKNOWN, "user": "YWRh"}


def test_a_value_of_a_secret_is_not_shown_when_it_is_refused(cluster: Stack) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"pin": 123456}}
    (problem,) = cluster.problems(SECRET, secret)
    assert problem.startswith("stringData.pin: expected ")
    assert "123456" not in problem


def test_an_object_in_a_namespace_that_does_not_exist_is_refused_until_it_does(cluster: Stack) -> None:
    service = _service()
    service["metadata"]["namespace"] = "shop"
    with pytest.raises(Refused, match=r'^namespaces "shop" not found$'):
        cluster.create(SERVICE, "web", "", **service)
    cluster.create(NAMESPACE, "shop", "", **_namespace("shop"))
    assert cluster.create(SERVICE, "web", "", **service)["id"] == "shop/web"


def test_an_object_without_a_namespace_is_in_the_default_one(cluster: Stack) -> None:
    assert cluster.create(SERVICE, "web", "", **_service())["id"] == "default/web"


def test_two_objects_of_one_name_are_refused(cluster: Stack) -> None:
    cluster.create(SERVICE, "one", "", **_service())
    with pytest.raises(Refused, match=r'^Service "default/web" already exists$'):
        cluster.create(SERVICE, "two", "", **_service())


def test_an_immutable_field_replaces_and_others_update(cluster: Stack) -> None:
    cluster.create(DEPLOYMENT, "web", "", **_deployment())
    assert cluster.diff(DEPLOYMENT, "web", "", **_deployment(image="web:2")).replaces == set()
    step = cluster.diff(DEPLOYMENT, "web", "", **_deployment(app="shop"))
    assert step.changed == {
        "spec.selector.matchLabels.app": "UPDATE_REPLACE",
        "spec.template.metadata.labels.app": "UPDATE",
    }
    assert step.delete_first


def test_another_name_replaces(cluster: Stack) -> None:
    cluster.create(NAMESPACE, "shop", "", **_namespace("shop"))
    assert cluster.diff(NAMESPACE, "shop", "", **_namespace("store")).replaces == {"metadata"}


def test_a_generated_name_is_kept_and_its_replacement_made_first(cluster: Stack) -> None:
    unnamed = _deployment()
    unnamed["metadata"] = {}
    made = cluster.create(DEPLOYMENT, "web", "web-1a2b3c4d", **unnamed)
    assert made["metadata"]["name"] == "web-1a2b3c4d"
    unnamed["spec"]["selector"]["matchLabels"]["app"] = "shop"
    step = cluster.diff(DEPLOYMENT, "web", "web-99999999", **unnamed)
    assert "metadata.name" not in step.changed
    assert not step.delete_first


RELEASED = {"chart": "traefik", "version": "41.3.0", "name": "ingress", "namespace": "kube-system"}


def test_a_release_needs_a_chart_a_version_and_a_name(cluster: Stack) -> None:
    problems = cluster.problems(RELEASE, {"namespace": "kube-system"})
    assert problems == {
        f"{key}: a release needs a fixed value here, got nothing" for key in ("chart", "version", "name")
    }


def test_every_update_of_a_release_is_a_new_revision(cluster: Stack) -> None:
    first = cluster.create(RELEASE, "ingress", "", **RELEASED)
    second = cluster.update(RELEASE, "ingress", "", **RELEASED, values={"replicas": 3})
    assert (first["id"], first["status"]["revision"], second["status"]["revision"]) == ("kube-system/ingress", 1, 2)


def test_a_release_in_a_namespace_that_does_not_exist_is_refused(cluster: Stack) -> None:
    with pytest.raises(Refused, match='namespaces "ingress" not found'):
        cluster.create(RELEASE, "ingress", "", **{**RELEASED, "namespace": "ingress"})


def test_a_release_of_another_name_or_namespace_is_replaced(cluster: Stack) -> None:
    cluster.create(RELEASE, "ingress", "", **RELEASED)
    changed = {**RELEASED, "name": "web", "namespace": "default", "version": "41.4.0"}
    assert cluster.diff(RELEASE, "ingress", "", **changed).replaces == {"name", "namespace"}


def test_an_object_can_be_deleted_and_made_again(cluster: Stack) -> None:
    cluster.create(NAMESPACE, "shop", "", **_namespace("shop"))
    cluster.delete(NAMESPACE, "shop")
    assert cluster.create(NAMESPACE, "shop", "", **_namespace("shop"))["id"] == "shop"


def test_a_look_up_is_refused(cluster: Stack) -> None:
    with pytest.raises(Refused, match="the rehearsal has no answer for the look-up kubernetes:yaml:decode"):
        cluster.look_up("kubernetes:yaml:decode")
