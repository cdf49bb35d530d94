"""The ingress controller: the way in, who is believed, and what it keeps to itself."""

import json
from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.ingress import HTTP_NODE_PORT, HTTPS_NODE_PORT, Ingress, IngressArgs, health_check
from components.addons.nginx import nginx_values
from components.addons.proxy import HEALTH_PATH, ProxyArgs
from components.addons.traefik import traefik_values
from components.load_balancer import HealthCheck
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare

RELEASE = "kubernetes:helm.sh/v3:Release"


def declared(declare: Declare, **choices: Any) -> dict[str, Any]:
    return declare(lambda: Ingress("ingress", IngressArgs(cluster=PlainCluster(), **choices))).one(RELEASE)


def nginx_entries(args: ProxyArgs) -> dict[str, Any]:
    return nginx_values(args)["controller"]["config"]["entries"]


def test_traefik_is_the_default_and_pinned(declare: Declare):
    release = declared(declare)
    assert release["chart"] == "traefik"
    assert release["repositoryOpts"] == {"repo": "https://traefik.github.io/charts"}
    assert release["version"] == versions.TRAEFIK_CHART.version
    assert release["values"] == traefik_values(ProxyArgs())


def test_nginx_takes_its_place_when_asked(declare: Declare):
    release = declared(declare, controller="nginx", replicas=3)
    assert release["chart"] == "oci://ghcr.io/nginx/charts/nginx-ingress"
    assert release["version"] == versions.NGINX_CHART.version
    assert release["values"] == nginx_values(ProxyArgs(replicas=3))


def test_one_controller_makes_way_for_the_other_because_both_want_the_same_ports(declare: Declare):
    names: set[str] = set()
    for controller in ("traefik", "nginx"):
        seen = SeenOptions()

        def program(chosen: Any = controller, opts: pulumi.ResourceOptions = seen.opts) -> None:
            Ingress("ingress", IngressArgs(cluster=PlainCluster(), controller=chosen), opts)

        names |= set(declare(program).of(RELEASE))
        assert seen.by_name["ingress-controller-release"].replace_on_changes == ["chart"]
    assert names == {"ingress-controller-release"}


def test_its_pods_run_under_the_strictest_standard(declare: Declare):
    plan = declare(lambda: Ingress("ingress", IngressArgs(cluster=PlainCluster())))
    labels = plan.one("kubernetes:core/v1:Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_load_balancers_ask_the_proxy_itself_on_a_port_that_carries_traffic():
    assert health_check("traefik") == HealthCheck(protocol="HTTPS", path=HEALTH_PATH, node_port=HTTPS_NODE_PORT)
    assert health_check("nginx") == HealthCheck(protocol="HTTP", path=HEALTH_PATH, node_port=HTTP_NODE_PORT)


def test_the_component_says_how_it_is_reached(declare: Declare):
    made: list[Ingress] = []
    declare(lambda: made.append(Ingress("ingress", IngressArgs(cluster=PlainCluster(), controller="nginx"))))
    assert (made[0].http_node_port, made[0].https_node_port) == (30080, 30443)
    assert made[0].health_check == health_check("nginx")
    assert made[0].ingress_class == "nginx"


def test_traefik_listens_on_the_node_ports_and_keeps_client_addresses():
    values = traefik_values(ProxyArgs())
    assert values["service"]["spec"] == {"type": "NodePort", "externalTrafficPolicy": "Local"}
    ports = {name: port["nodePort"] for name, port in values["ports"].items()}
    assert ports == {"web": 30080, "websecure": 30443}


def test_nginx_listens_on_the_node_ports_and_keeps_client_addresses():
    assert nginx_values(ProxyArgs())["controller"]["service"] == {
        "type": "NodePort",
        "externalTrafficPolicy": "Local",
        "httpPort": {"nodePort": 30080},
        "httpsPort": {"nodePort": 30443},
    }


def test_http_is_redirected_to_https():
    web = traefik_values(ProxyArgs())["ports"]["web"]
    assert web["http"]["redirections"]["entryPoint"] == {"to": "websecure", "scheme": "https", "permanent": True}
    assert nginx_entries(ProxyArgs())["ssl-redirect"] == "True"


def test_traefik_answers_the_health_check_on_https_and_on_one_path_only():
    route = traefik_values(ProxyArgs())["ingressRoute"]["healthcheck"]
    assert route == {"enabled": True, "entryPoints": ["websecure"], "matchRule": f"Path(`{HEALTH_PATH}`)"}


def test_no_route_of_an_application_without_a_host_outranks_the_health_check():
    # Traefik gives precedence to the longest rule; this is the one of an Ingress without a host.
    rule = traefik_values(ProxyArgs())["ingressRoute"]["healthcheck"]["matchRule"]
    assert len(rule) > len("PathPrefix(`/`)")


def test_nginx_answers_the_health_check_itself():
    controller = nginx_values(ProxyArgs())["controller"]
    assert (controller["healthStatus"], controller["healthStatusURI"]) == (True, HEALTH_PATH)


def test_a_leaving_traefik_serves_until_load_balancers_have_noticed():
    values = traefik_values(ProxyArgs())
    check = health_check("traefik")
    for port in values["ports"].values():
        accepts = int(port["transport"]["lifeCycle"]["requestAcceptGraceTimeout"].rstrip("s"))
        finishes = int(port["transport"]["lifeCycle"]["graceTimeOut"].rstrip("s"))
        assert accepts >= check.interval_seconds * check.unhealthy_threshold
        assert accepts + finishes < values["deployment"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("replicas", [1, 2, 5])
def test_replicas_spread_over_zones_and_nodes_and_leave_one_by_one(replicas: int):
    traefik, nginx = traefik_values(ProxyArgs(replicas=replicas)), nginx_values(ProxyArgs(replicas=replicas))
    assert traefik["deployment"]["replicas"] == nginx["controller"]["replicaCount"] == replicas
    for values, app in ((traefik, "traefik"), (nginx["controller"], "nginx-ingress")):
        assert values["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
        spread = values["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
        assert all(each["labelSelector"] == {"matchLabels": {"app.kubernetes.io/name": app}} for each in spread)


def test_two_replicas_are_the_default():
    assert ProxyArgs().replicas == 2


def test_pods_reserve_what_they_need_at_rest():
    requests = {"cpu": "100m", "memory": "128Mi"}
    assert traefik_values(ProxyArgs())["resources"]["requests"] == requests
    assert nginx_values(ProxyArgs())["controller"]["resources"]["requests"] == requests


def test_ingress_objects_need_not_name_their_class():
    traefik = traefik_values(ProxyArgs())["ingressClass"]
    nginx = nginx_values(ProxyArgs())["controller"]["ingressClass"]
    assert traefik == {"enabled": True, "isDefaultClass": True, "name": "traefik"}
    assert nginx == {"name": "nginx", "create": True, "setAsDefaultIngress": True}


def test_requests_are_logged_as_json():
    assert traefik_values(ProxyArgs())["accessLog"] == {"enabled": True, "format": "json"}
    entries = nginx_entries(ProxyArgs())
    assert entries["log-format-escaping"] == "json"
    assert json.loads(entries["log-format"])["status"] == "$status"


def test_nothing_inside_is_shown_or_reported():
    traefik, nginx = traefik_values(ProxyArgs()), nginx_values(ProxyArgs())["controller"]
    assert traefik["api"] == {"dashboard": False}
    assert traefik["ingressRoute"]["dashboard"] == {"enabled": False}
    assert traefik["providers"]["kubernetesCRD"] == {"crossProviderNamespaces": ["ingress"]}
    assert traefik["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}
    assert nginx["telemetryReporting"] == {"enable": False}
    assert nginx["config"]["entries"]["server-tokens"] == "False"


def test_no_forwarded_header_is_believed_by_default():
    ports = traefik_values(ProxyArgs())["ports"]
    assert all(port["forwardedHeaders"] == {"trustedIPs": []} for port in ports.values())
    assert not {"real-ip-header", "set-real-ip-from"} & set(nginx_entries(ProxyArgs()))


def test_forwarded_headers_are_believed_of_the_load_balancer_only():
    args = ProxyArgs(trusted_cidrs=("10.0.0.0/16", "10.1.0.0/16"))
    ports = traefik_values(args)["ports"]
    assert all(port["forwardedHeaders"] == {"trustedIPs": list(args.trusted_cidrs)} for port in ports.values())
    entries = nginx_entries(args)
    assert entries["real-ip-header"] == "X-Forwarded-For"
    assert entries["set-real-ip-from"] == "10.0.0.0/16,10.1.0.0/16"


def test_ingress_objects_report_the_load_balancer(declare: Declare):
    hostname = "lb.example"
    traefik = declared(declare, load_balancer_hostname=pulumi.Output.from_input(hostname))["values"]
    assert traefik["providers"]["kubernetesIngress"] == {
        "publishedService": {"enabled": False},
        "ingressEndpoint": {"hostname": hostname},
    }
    nginx = declared(declare, controller="nginx", load_balancer_hostname=pulumi.Output.from_input(hostname))["values"]
    assert nginx["controller"]["config"]["entries"]["external-status-address"] == hostname


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicas": 0}, "replicas must be 1 or more, got 0"),
        ({"trusted_cidrs": ("0.0.0.0/0",)}, "trusted_cidrs must not trust every address, got '0.0.0.0/0'"),
        ({"trusted_cidrs": ("vpc",)}, "trusted_cidrs must be IPv4 networks such as '10.0.0.0/16', got 'vpc': "),
    ],
)
def test_an_ingress_that_serves_nobody_or_believes_anybody_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        ProxyArgs(**changes)
