"""What each section of the settings adds to a stack, and that without it nothing of it is there."""

import json
from typing import Any, NamedTuple

import pytest

from components import versions
from tests.conftest import Declare
from tests.stack_examples import (
    ACCOUNT,
    HOSTED_ZONE,
    IMAGE,
    ZONES,
    Raw,
    declare_stack,
    everything,
    of_file,
    only,
    staging,
)

CERTIFICATE = "aws:acm/certificate:Certificate"
LISTENER = "aws:lb/listener:Listener"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
RECORD = "aws:route53/record:Record"
RELEASE = "kubernetes:helm.sh/v3:Release"
ROUTE = "aws:ec2/route:Route"

NETWORK = {"Network main"}
CLUSTER = {*NETWORK, "EksCluster main"}
INGRESS = {*CLUSTER, "LoadBalancer web", "Ingress ingress"}
SITE = {"StaticSite site"}
OF_NETWORK = {"ec2", "vpc", "iam", "autoscaling"}
OF_CLUSTER = {"eks", "kms", "cloudwatch"}
OF_SITE = {"s3", "cloudfront", "acm", "route53"}


class Part(NamedTuple):
    """Some sections of the settings, and what they give."""

    sections: tuple[str, ...]
    lookups: dict[str, Any]
    top: set[str]
    services: set[str]
    exports: set[str]


PARTS = {
    "nothing": Part((), {}, set(), set(), set()),
    "zone": Part(("dns",), HOSTED_ZONE, set(), set(), set()),
    "site": Part(
        ("dns", "site"), HOSTED_ZONE, SITE, OF_SITE, {"site_url", "bucket", "distribution", "to_publish_the_site"}
    ),
    "network": Part(("network",), ZONES | IMAGE, NETWORK, OF_NETWORK, set()),
    "no ingress": Part(
        ("network", "cluster"),
        ZONES | IMAGE,
        CLUSTER,
        OF_NETWORK | OF_CLUSTER,
        {"cluster", "kubeconfig", "to_use_the_cluster"},
    ),
    "no site": Part(
        ("network", "cluster", "ingress"),
        ZONES | IMAGE,
        INGRESS,
        OF_NETWORK | OF_CLUSTER | {"lb"},
        {"cluster", "kubeconfig", "to_use_the_cluster", "load_balancer"},
    ),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_a_section_left_out_leaves_no_resource_no_look_up_and_no_export(part: Part, declare: Declare) -> None:
    made = declare_stack(declare, only(staging(), *part.sections), lookups=part.lookups)
    assert made.top() == part.top
    assert made.services() == part.services
    assert made.outputs.keys() == part.exports


# Each part with what it alone needs, and what it gives.
ADDONS = {
    "certificates": (("dns",), {"CertManager cert-manager"}, set[str]()),
    "external_dns": (("dns", "ingress"), {"ExternalDns external-dns"}, set[str]()),
    "autoscaling": ((), {"ClusterAutoscaler cluster-autoscaler"}, set[str]()),
    "database": (("dns", "certificates"), {"PostgreSql postgresql"}, {"drill"}),
    "backups": ((), {"Velero velero"}, {"backup_bucket", "drill"}),
    "monitoring": ((), {"DatadogAgent datadog", "DatadogMonitors alerts"}, {"dashboard"}),
    "users_api": (
        ("dns", "ingress", "certificates", "database"),
        {"UsersApi users-api"},
        {"api_url", "api_admin_password"},
    ),
    "web_frontend": (("dns", "ingress", "certificates"), {"WebFrontend web-frontend"}, {"frontend_url"}),
    "vaultwarden": (
        ("dns", "ingress", "certificates", "database"),
        {"Vaultwarden vaultwarden"},
        {"vaultwarden_url", "vaultwarden_admin_token"},
    ),
    "gitlab_runner": ((), {"GitLabRunner gitlab-runner"}, set[str]()),
}


@pytest.mark.parametrize("name", ADDONS)
def test_a_part_is_there_with_its_section_and_leaves_nothing_without_it(name: str, declare: Declare) -> None:
    # Behind a network load balancer, so that parts need no certificate of AWS.
    raw = everything() | {key: staging()[key] for key in ("socle:ingress", "socle:certificates")}
    needed, top, exports = ADDONS[name]
    ground = ("network", "cluster", *needed)
    # The vault's database is one of the server's.
    off = declare_stack(declare, only(raw, *ground))
    on = declare_stack(declare, only(raw, *ground, name))
    assert on.top() - off.top() == top
    assert on.outputs.keys() - off.outputs.keys() == exports
    own = {resource.name for resource in on.plan.resources} - {resource.name for resource in off.plan.resources}
    assert own
    words = [part.partition(" ")[2] for part in top]
    grants = [resource for resource in own if not any(resource.startswith(f"{word}") for word in words)]
    assert name in ("vaultwarden", "monitoring") or grants == []


def test_without_an_ingress_nothing_is_installed_in_the_cluster(declare: Declare) -> None:
    made = declare_stack(declare, only(staging(), "network", "cluster"), lookups=ZONES | IMAGE)
    assert {type_ for type_ in made.plan.types if type_.startswith("kubernetes:")} == {
        "kubernetes:storage.k8s.io/v1:StorageClass"
    }


def test_a_site_without_a_domain_needs_neither_zone_nor_certificate(declare: Declare) -> None:
    made = declare_stack(declare, only(staging(site={"domain": None}), "site"), lookups={})
    assert made.services() == {"s3", "cloudfront"}


# The hosted zone


def test_a_zone_that_exists_is_looked_up_and_not_made(declare: Declare) -> None:
    made = declare_stack(declare, only(staging(), "dns", "site"), lookups=HOSTED_ZONE)
    assert {each["zoneId"] for each in made.plan.of(RECORD).values()} == {"Z-found"}
    assert "aws:route53/zone:Zone" not in made.plan.types


def test_a_zone_to_create_is_made_and_tells_its_name_servers(declare: Declare) -> None:
    made = declare_stack(declare, only(staging(dns={"create": True}), "dns", "site"), lookups={})
    assert made.settings.dns
    assert made.plan.one("aws:route53/zone:Zone")["name"] == made.settings.dns.zone
    assert {each["zoneId"] for each in made.plan.of(RECORD).values()} == {"Z-made"}
    assert made.outputs["name_servers"] == ["ns-1.example", "ns-2.example"]


# The way in


def application(**ingress: Any) -> Raw:
    zone: str = json.loads(staging()["socle:dns"])["zone"]
    domains = [f"*.apps.{zone}", f"apps.{zone}"]
    return bare(staging(ingress={"load_balancer": "application", "certificate_domains": domains, **ingress}))


def bare(raw: Raw) -> Raw:
    """The same without what runs on the cluster."""
    return only(raw, "network", "cluster", "ingress", "dns")


def test_a_network_load_balancer_passes_both_ports_through_without_a_certificate(declare: Declare) -> None:
    made = declare_stack(declare, only(staging(), "network", "cluster", "ingress"), lookups=ZONES | IMAGE)
    listeners = made.plan.of(LISTENER).values()
    assert {(each["port"], each["protocol"]) for each in listeners} == {(80, "TCP"), (443, "TCP")}
    assert not any("certificateArn" in each for each in listeners)
    assert CERTIFICATE not in made.plan.types


def test_an_application_load_balancer_ends_https_with_a_certificate_of_its_names(declare: Declare) -> None:
    raw = application()
    made = declare_stack(declare, raw, lookups=ZONES | IMAGE | HOSTED_ZONE)
    wanted: list[str] = json.loads(raw["socle:ingress"])["certificate_domains"]
    certificate = made.plan.one(CERTIFICATE)
    assert [certificate["domainName"], *certificate["subjectAlternativeNames"]] == wanted
    # Without a region of its own it is where the load balancer is.
    assert "region" not in certificate
    listeners = {each["port"]: each for each in made.plan.of(LISTENER).values()}
    assert listeners.keys() == {80, 443}
    assert listeners[443]["protocol"] == "HTTPS"
    assert listeners[443]["certificateArn"] == "arn:aws:mock:::ingress-certificate"
    assert listeners[80]["defaultActions"][0]["redirect"]["protocol"] == "HTTPS"


@pytest.mark.parametrize(
    ("raw", "trusted"), [(bare(staging()), False), (application(), True)], ids=["network", "application"]
)
def test_only_an_application_load_balancer_is_believed_about_the_clients_address(
    raw: Raw, trusted: bool, declare: Declare
) -> None:
    made = declare_stack(declare, raw)
    ports = made.plan.one(RELEASE)["values"]["ports"]
    assert made.settings.network
    expected = [str(made.settings.network.cidr)] if trusted else []
    assert {name: port["forwardedHeaders"]["trustedIPs"] for name, port in ports.items()} == {
        "web": expected,
        "websecure": expected,
    }


def test_the_controller_reports_the_load_balancer_that_is_exported(declare: Declare) -> None:
    made = declare_stack(declare, bare(staging()))
    reported = made.plan.one(RELEASE)["values"]["providers"]["kubernetesIngress"]["ingressEndpoint"]
    assert reported == {"hostname": made.outputs["load_balancer"]}


@pytest.mark.parametrize(
    ("controller", "chart", "pin", "health"),
    [
        ("traefik", "traefik", versions.TRAEFIK_CHART, ("HTTPS", "30443")),
        ("nginx", "oci://ghcr.io/nginx/charts/nginx-ingress", versions.NGINX_CHART, ("HTTP", "30080")),
    ],
)
def test_the_controller_and_the_health_check_of_the_load_balancer_belong_together(
    controller: str, chart: str, pin: versions.Pin, health: tuple[str, str], declare: Declare
) -> None:
    made = declare_stack(declare, bare(staging(ingress={"controller": controller})))
    release = made.plan.one(RELEASE)
    assert (release["chart"], release["version"]) == (chart, pin.version)
    checks = [each["healthCheck"] for each in made.plan.of("aws:lb/targetGroup:TargetGroup").values()]
    assert {(each["protocol"], each["port"]) for each in checks} == {health}


def test_a_load_balancer_in_front_of_one_application_asks_that_for_its_health(declare: Declare) -> None:
    made = declare_stack(declare, of_file("f1-vote"))
    checks = [each["healthCheck"] for each in made.plan.of("aws:lb/targetGroup:TargetGroup").values()]
    # Success is 200 alone: a controller that finds no application answers 404 or 503.
    assert [(each["protocol"], each["path"], each["port"]) for each in checks] == [("HTTPS", "/", "30443")]
    assert "matcher" not in checks[0]


# The way out


@pytest.mark.parametrize(
    ("egress", "gateways", "zones_served"),
    [
        ("nat-gateway", {"main-nat-gateway-eu-west-3a"}, {"a", "b"}),
        ("nat-gateway-per-zone", {"main-nat-gateway-eu-west-3a", "main-nat-gateway-eu-west-3b"}, {"a", "b"}),
        ("none", set[str](), set[str]()),
    ],
)
def test_gateways_stand_for_the_nat_instance_and_its_image(
    egress: str, gateways: set[str], zones_served: set[str], declare: Declare
) -> None:
    made = declare_stack(declare, only(staging(network={"egress": egress}), "network"), lookups=ZONES)
    assert made.plan.of(NAT_GATEWAY).keys() == gateways
    served = {each["routeTableId"] for each in made.plan.of(ROUTE).values() if "natGatewayId" in each}
    assert served == {f"main-private-eu-west-3{zone}-id" for zone in zones_served}
    assert made.services() == {"ec2"}


def test_zones_are_taken_by_name_whatever_the_order_in_which_aws_lists_them(declare: Declare) -> None:
    made = declare_stack(declare, only(staging(), "network"), lookups=ZONES | IMAGE)
    zones = {each["availabilityZone"] for each in made.plan.of("aws:ec2/subnet:Subnet").values()}
    assert zones == {"eu-west-3a", "eu-west-3b"}


# Records


def test_flow_logs_are_kept_for_the_account_of_the_stack(declare: Declare) -> None:
    raw = only(staging(network={"egress": "none", "flow_logs": {"retention_days": 14}}), "network")
    made = declare_stack(declare, raw, lookups=ZONES | ACCOUNT)
    assert made.plan.one("aws:ec2/flowLog:FlowLog")["vpcId"] == "main-vpc-id"
    assert "123456789012" in made.plan.one("aws:s3/bucketPolicy:BucketPolicy")["policy"]


def test_logs_of_the_site_are_kept_for_the_account_of_the_stack(declare: Declare) -> None:
    raw = only(staging(site={"domain": None, "logs": {"retention_days": 30}}), "site")
    made = declare_stack(declare, raw, lookups=ACCOUNT)
    assert made.plan.of("aws:s3/bucket:Bucket").keys() == {"site-files-bucket", "site-logs-bucket"}
    assert "123456789012" in made.plan.of("aws:s3/bucketPolicy:BucketPolicy")["site-logs-policy"]["policy"]
