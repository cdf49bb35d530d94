"""Routes: the Ingress of a host name, its certificate, and who gets in."""

from typing import Any

import pulumi
import pytest

from components.namespace import make_namespace
from components.workloads.route import Route, let_in, make_ingress
from tests.components.declared_objects import INGRESS, check_objects
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare, Plan


def routed(declare: Declare, issuer: pulumi.Input[str] | None = None) -> Plan:
    def program() -> None:
        nothing = pulumi.ResourceOptions()
        route = Route(host="api.example.com", ingress_class="traefik", issuer=issuer)
        cluster = PlainCluster()
        namespace = make_namespace("ns", cluster=cluster, namespace="api", pod_security="restricted", opts=nothing)
        make_ingress("api", route, namespace=namespace, service="api", opts=nothing)

    return declare(program)


def test_every_path_of_the_host_goes_to_the_service(declare: Declare):
    plan = routed(declare)
    assert check_objects(plan) == {"Namespace", "Ingress"}
    ingress = plan.one(INGRESS)
    assert ingress["metadata"] == {"name": "api", "namespace": "api", "annotations": {}}
    assert ingress["spec"] == {
        "ingressClassName": "traefik",
        "rules": [
            {
                "host": "api.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "api", "port": {"name": "http"}}},
                        }
                    ]
                },
            }
        ],
    }


def test_an_issuer_signs_the_certificate_of_the_host(declare: Declare):
    ingress = routed(declare, pulumi.Output.from_input("letsencrypt-staging")).one(INGRESS)
    assert ingress["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt-staging"}
    assert ingress["spec"]["tls"] == [{"hosts": ["api.example.com"], "secretName": "api-tls"}]


def test_only_the_ingress_controller_gets_in():
    route = Route(host="api.example.com", ingress_class="traefik")
    assert let_in(route, 8000, "ingress") == [
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
            "ports": [{"protocol": "TCP", "port": 8000}],
        }
    ]


def test_an_http_01_challenge_is_answered_beside_the_pods():
    route = Route(host="api.example.com", ingress_class="traefik", issuer="letsencrypt-staging")
    ports = let_in(route, 8000, "ingress")[0]["ports"]
    assert ports == [{"protocol": "TCP", "port": 8000}, {"protocol": "TCP", "port": 8089}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": "API.example.com"}, "host must be a lower-case domain name such as www.example.com, got 'API"),
        ({"host": "https://x.example.com"}, "host must be a lower-case domain name"),
        ({"ingress_class": ""}, "ingress_class must name the class of an ingress controller, got ''"),
    ],
)
def test_a_route_that_nobody_serves_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Route(**{"host": "api.example.com", "ingress_class": "traefik", **changes})


def test_a_service_without_a_name_is_found_at_a_load_balancer_that_speaks_http(declare: Declare) -> None:
    seen: list[str] = []
    route = Route(host=None, ingress_class="traefik", plain_http_at="lb.example")
    declare(lambda: pulumi.Output.from_input(route.url).apply(seen.append))
    assert seen == ["http://lb.example"]
    assert route.rule == {}


def test_a_name_over_plain_http_is_no_https_address() -> None:
    assert Route(host="vote.example.com", ingress_class="traefik", plain_http_at="lb").url == "http://vote.example.com"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"host": None}, "host must be a domain name unless plain_http_at is given, got None"),
        (
            {"host": "a.example", "issuer": "x", "plain_http_at": "lb"},
            "issuer must be omitted with plain_http_at, where nobody asks for a certificate",
        ),
    ],
)
def test_a_route_that_nobody_could_take_is_refused(given: dict[str, str | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Route(**{"ingress_class": "traefik", **given})  # pyright: ignore[reportArgumentType] (kinds vary)
