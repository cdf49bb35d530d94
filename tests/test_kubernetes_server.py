"""The stand-in API server behaves like Kubernetes towards the real client, as far as our tools rely on it."""

import json
from collections.abc import Iterator
from typing import Any, cast

import kubernetes.client
import kubernetes.config
import kubernetes.dynamic
import pytest

from tests.kubernetes_kinds import Kind
from tests.kubernetes_server import Event, KubernetesServer, Object, kubernetes_server

# The client's own types leave out what its methods return.
k8s = cast(Any, kubernetes.client)


@pytest.fixture
def server() -> Iterator[KubernetesServer]:
    with kubernetes_server() as started:
        started.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        yield started


def config_map(name: str, **metadata: Any) -> Object:
    named = {"name": name, "namespace": "shop", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": {"a": "1"}}


def core(server: KubernetesServer) -> Any:
    return k8s.CoreV1Api(server.client())


def custom(server: KubernetesServer) -> Any:
    return k8s.CustomObjectsApi(server.client())


def refusal(code: int) -> Any:
    return pytest.raises(k8s.ApiException, match=rf"\({code}\)")


def test_the_typed_client_creates_reads_changes_and_deletes(server: KubernetesServer):
    made = core(server).create_namespaced_config_map("shop", config_map("basket"))
    assert made.metadata.uid
    core(server).patch_namespaced_config_map(
        "basket", "shop", {"data": {"b": "2"}}, _content_type="application/merge-patch+json"
    )
    assert core(server).read_namespaced_config_map("basket", "shop").data == {"a": "1", "b": "2"}
    core(server).delete_namespaced_config_map("basket", "shop")
    with refusal(404):
        core(server).read_namespaced_config_map("basket", "shop")


def test_the_client_of_custom_resources_works_too(server: KubernetesServer):
    where = ("velero.io", "v1", "shop", "restores")
    custom(server).create_namespaced_custom_object(*where, {"metadata": {"generateName": "drill-"}, "spec": {}})
    [found] = custom(server).list_namespaced_custom_object(*where)["items"]
    assert found["metadata"]["name"].startswith("drill-")
    assert (found["apiVersion"], found["kind"]) == ("velero.io/v1", "Restore")
    custom(server).patch_namespaced_custom_object_status(
        *where,
        found["metadata"]["name"],
        {"status": {"phase": "Completed"}},
        _content_type="application/merge-patch+json",
    )
    assert server.list("Restore")[0]["status"] == {"phase": "Completed"}


def test_the_dynamic_client_discovers_what_there_is(server: KubernetesServer):
    server.know(Kind("example.org", "v1", "gadgets", "Gadget"))
    dynamic = cast(Any, kubernetes.dynamic.DynamicClient(server.client()))
    gadgets = dynamic.resources.get(api_version="example.org/v1", kind="Gadget")
    gadgets.create(body={"apiVersion": "example.org/v1", "kind": "Gadget", "metadata": {"name": "a"}}, namespace="shop")
    assert [each["metadata"]["name"] for each in server.list("Gadget", "shop")] == ["a"]


def test_a_tool_reaches_it_through_a_kubeconfig(server: KubernetesServer):
    load = cast(Any, kubernetes.config).new_client_from_config_dict
    client = load(json.loads(server.kubeconfig))
    assert {each.metadata.name for each in k8s.CoreV1Api(client).list_namespace().items} == {"shop"}


def test_lists_obey_their_selectors(server: KubernetesServer):
    server.put(config_map("one", labels={"app": "a", "tier": "web"}))
    server.put(config_map("two", labels={"app": "b"}))

    def names(**selectors: str) -> set[str]:
        found = core(server).list_namespaced_config_map("shop", **selectors).items
        return {each.metadata.name for each in found} - {"kube-root-ca.crt"}

    assert names(label_selector="app=a") == {"one"}
    assert names(label_selector="app!=a") == {"two"}
    assert names(label_selector="app in (a,b),tier") == {"one"}
    assert names(label_selector="!tier") == {"two"}
    assert names(field_selector="metadata.name=two") == {"two"}


def test_a_name_is_taken_once(server: KubernetesServer):
    server.put(config_map("basket"))
    with refusal(409):
        core(server).create_namespaced_config_map("shop", config_map("basket"))


def test_nothing_is_made_in_a_namespace_that_is_not_there(server: KubernetesServer):
    with refusal(404):
        core(server).create_namespaced_config_map("nowhere", {"metadata": {"name": "a"}})


def test_a_namespace_has_what_kubernetes_puts_into_each(server: KubernetesServer):
    assert [each["metadata"]["name"] for each in server.list("ServiceAccount", "shop")] == ["default"]
    assert [each["metadata"]["name"] for each in server.list("ConfigMap", "shop")] == ["kube-root-ca.crt"]


def test_a_finalizer_keeps_an_object_until_it_is_taken_off(server: KubernetesServer):
    server.put(config_map("basket", finalizers=["example.org/wait"]))
    core(server).delete_namespaced_config_map("basket", "shop")
    assert core(server).read_namespaced_config_map("basket", "shop").metadata.deletion_timestamp
    server.patch("ConfigMap", "basket", "shop", {"metadata": {"finalizers": None}})
    assert server.get("ConfigMap", "basket", "shop") is None


def test_a_deleted_namespace_takes_its_objects_along_and_waits_for_the_held_ones(server: KubernetesServer):
    server.put(config_map("free"))
    server.put(config_map("held", finalizers=["example.org/wait"]))
    core(server).delete_namespace("shop")
    assert core(server).read_namespace("shop").status.phase == "Terminating"
    assert [each["metadata"]["name"] for each in server.list("ConfigMap", "shop")] == ["held"]
    with refusal(403):
        core(server).create_namespaced_config_map("shop", config_map("late"))
    server.patch("ConfigMap", "held", "shop", {"metadata": {"finalizers": None}})
    assert server.get("Namespace", "shop") is None


def test_what_an_object_owns_goes_with_it(server: KubernetesServer):
    owner = server.put(config_map("owner"))
    server.put(config_map("owned", ownerReferences=[{"uid": owner["metadata"]["uid"]}]))
    core(server).delete_namespaced_config_map("owner", "shop")
    assert server.get("ConfigMap", "owned", "shop") is None


def test_a_replacement_of_an_old_version_is_a_conflict(server: KubernetesServer):
    old = server.put(config_map("basket"))
    server.patch("ConfigMap", "basket", "shop", {"data": {"b": "2"}})
    with refusal(409):
        core(server).replace_namespaced_config_map("basket", "shop", old)


def test_controllers_hear_of_each_change_and_act_before_the_answer(server: KubernetesServer):
    heard: list[Event] = []

    def complete(event: Event, job: Object, cluster: KubernetesServer) -> None:
        heard.append(event)
        if event == "added":
            cluster.patch("Job", job["metadata"]["name"], "shop", {"status": {"succeeded": 1}})

    server.on("Job", complete)
    batch = k8s.BatchV1Api(server.client())
    batch.create_namespaced_job(
        "shop", {"metadata": {"name": "sum"}, "spec": {"template": {"spec": {"containers": []}}}}
    )
    assert server.list("Job")[0]["status"] == {"succeeded": 1}
    server.patch("Job", "sum", "shop", {"status": {"succeeded": 1}})
    server.delete("Job", "sum", "shop")
    assert heard == ["added", "modified", "deleted"], "what changes nothing causes no event"


def test_kinds_of_one_name_are_told_apart_by_their_group(server: KubernetesServer):
    for group in ("velero.io", "postgresql.cnpg.io"):
        server.put({"apiVersion": f"{group}/v1", "kind": "Backup", "metadata": {"name": group, "namespace": "shop"}})
    assert [each["metadata"]["name"] for each in server.list("Backup.velero.io")] == ["velero.io"]
    assert [each["metadata"]["name"] for each in server.list("Backup.postgresql.cnpg.io")] == ["postgresql.cnpg.io"]


def test_pods_have_logs(server: KubernetesServer):
    server.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sum", "namespace": "shop"}})
    server.log("shop", "sum", "42\n")
    assert core(server).read_namespaced_pod_log("sum", "shop") == "42\n"


def test_a_test_can_make_requests_fail(server: KubernetesServer):
    server.fail("GET", "/configmaps/", 403)
    with refusal(403):
        core(server).read_namespaced_config_map("kube-root-ca.crt", "shop")
    assert server.requests[-1].path == "/api/v1/namespaces/shop/configmaps/kube-root-ca.crt"


def test_a_kind_that_nobody_installed_is_not_found(server: KubernetesServer):
    with refusal(404):
        custom(server).list_cluster_custom_object("example.org", "v1", "gadgets")
