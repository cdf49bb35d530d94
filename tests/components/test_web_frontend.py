"""The web front end as a container: what it may do, whom it reaches, and how it is served."""

from typing import Any

import pytest

from components.workloads.route import Route
from components.workloads.web_frontend import WebFrontend, WebFrontendArgs
from tests.components.declared_objects import (
    DEPLOYMENT,
    INGRESS,
    NAMESPACE,
    SERVICE,
    check_objects,
    is_restricted,
    plain,
    pod_of,
    policy_of,
)
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare, Plan

IMAGE = "registry.gitlab.com/devu42/front:1.2.3"
ROUTE = Route(host="www.example.com", ingress_class="traefik", issuer="letsencrypt-production")


def declared(declare: Declare, **choices: Any) -> Plan:
    def program() -> None:
        WebFrontend("www", WebFrontendArgs(cluster=PlainCluster(), image=IMAGE, route=ROUTE, **choices))

    return declare(program)


def test_kubernetes_knows_every_field(declare: Declare):
    assert check_objects(declared(declare)) == {
        *("Namespace", "NetworkPolicy", "Deployment", "Service", "Ingress"),
        "PodDisruptionBudget",
    }


def test_its_pods_run_under_the_strictest_standard(declare: Declare):
    plan = declared(declare)
    assert plan.one(NAMESPACE)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert is_restricted(pod_of(plan, DEPLOYMENT))


def test_it_reaches_nobody_and_only_the_ingress_controller_reaches_it(declare: Declare):
    policy = policy_of(declared(declare), "www-isolation")
    assert (policy["podSelector"], policy["policyTypes"], policy["egress"]) == ({}, ["Ingress", "Egress"], [])
    assert policy["ingress"][0]["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
    ]


def test_the_web_server_keeps_its_caches_in_scratch_space(declare: Declare):
    pod = pod_of(declared(declare), DEPLOYMENT)
    mounts = {each["mountPath"]: each["name"] for each in pod["containers"][0]["volumeMounts"]}
    assert mounts == {
        "/tmp": "tmp",
        "/var/cache/nginx": "var-cache-nginx",
    }
    assert {each["name"] for each in pod["volumes"]} == set(mounts.values())


def test_its_environment_is_the_users(declare: Declare):
    pod = pod_of(declared(declare, environment={"API_URL": "https://api.example.com"}), DEPLOYMENT)
    container = pod["containers"][0]
    assert container["env"] == [{"name": "API_URL", "value": "https://api.example.com"}]
    assert container["envFrom"] == []


def test_requests_for_the_host_reach_its_pods(declare: Declare):
    plan = declared(declare)
    assert plan.one(INGRESS)["spec"]["tls"] == [{"hosts": ["www.example.com"], "secretName": "web-frontend-tls"}]
    assert plan.one(SERVICE)["spec"] == {
        "selector": {"app.kubernetes.io/name": "web-frontend"},
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    container = pod_of(plan, DEPLOYMENT)["containers"][0]
    assert (container["image"], container["ports"][0]["containerPort"]) == (IMAGE, 8080)


def test_it_needs_little(declare: Declare):
    pod = pod_of(declared(declare), DEPLOYMENT)
    expected = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}
    assert pod["containers"][0]["resources"] == expected


def test_the_component_says_where_it_is(declare: Declare):
    seen: list[Any] = []

    def program() -> None:
        made = WebFrontend("www", WebFrontendArgs(cluster=PlainCluster(), image=IMAGE, route=ROUTE))
        for output in (made.url, made.namespace, made.deployment_name, made.service_name):
            output.apply(seen.append)

    declare(program)
    assert sorted(seen) == ["https://www.example.com", "web-frontend", "web-frontend", "web-frontend"]


def test_it_has_as_many_pods_as_chosen(declare: Declare):
    assert plain(declared(declare).one(DEPLOYMENT))["spec"]["replicas"] == 2
    assert plain(declared(declare, replicas=3).one(DEPLOYMENT))["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicas": 0}, "replicas must be 1 or more, got 0"),
        ({"image": "devu42/front"}, "image must end with a tag other than latest, or with a digest"),
    ],
)
def test_a_front_end_that_serves_nobody_is_refused(changes: dict[str, Any], message: str):
    choices: dict[str, Any] = {"cluster": None, "image": IMAGE, "route": ROUTE, **changes}
    with pytest.raises(ValueError, match=message):
        WebFrontendArgs(**choices)
