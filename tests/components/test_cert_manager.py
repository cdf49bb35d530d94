"""cert-manager: its permissions, its issuers, and what it refuses."""

import json
from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.cert_manager import CertManager, CertManagerArgs, cert_manager_values, dns_permissions
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"
ISSUER = "kubernetes:cert-manager.io/v1:ClusterIssuer"


def args(cluster: Any = None, **changes: Any) -> CertManagerArgs:
    required: dict[str, Any] = {
        "cluster": cluster,
        "zone_id": pulumi.Output.from_input("Z1"),
        "zone_name": "devu42.fr",
        "region": "eu-west-3",
        "email": "ops@devu42.fr",
    }
    return CertManagerArgs(**{**required, **changes})


def declared(declare: Declare, opts: pulumi.ResourceOptions | None = None, **changes: Any) -> Plan:
    return declare(lambda: CertManager("cert-manager", args(PlainCluster(), **changes), opts))


def test_the_chart_is_pinned(declare: Declare):
    release = declared(declare).one(RELEASE)
    assert release["chart"] == "oci://quay.io/jetstack/charts/cert-manager"
    assert release["version"] == versions.CERT_MANAGER_CHART.version
    assert release["namespace"] == "cert-manager"
    assert release["values"] == cert_manager_values()


def test_its_pods_run_under_the_strictest_standard(declare: Declare):
    labels = declared(declare).one("kubernetes:core/v1:Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_certificates_outlive_the_release():
    assert cert_manager_values()["crds"] == {"enabled": True, "keep": True}


def test_the_release_is_ready_only_once_the_api_takes_certificates():
    check = cert_manager_values()["startupapicheck"]
    assert (check["enabled"], check["timeout"]) == (True, "5m")


def test_every_pod_says_what_it_needs_and_where_it_is_stopped():
    values = cert_manager_values()
    for pod in (values, values["cainjector"], values["webhook"], values["startupapicheck"]):
        assert set(pod["resources"]["requests"]) == {"cpu", "memory"}
        assert set(pod["resources"]["limits"]) == {"memory"}


def test_certificates_can_be_changed_while_a_node_is_drained():
    webhook = cert_manager_values()["webhook"]
    assert webhook["replicaCount"] == 2
    assert webhook["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert {each["topologyKey"] for each in webhook["topologySpreadConstraints"]} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }


def test_it_may_write_the_answers_of_challenges_in_one_zone_and_nothing_else():
    assert json.loads(dns_permissions("Z1"))["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["route53:ChangeResourceRecordSets"],
            "Resource": ["arn:aws:route53:::hostedzone/Z1"],
            "Condition": {
                "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]},
                "ForAllValues:StringLike": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"]
                },
            },
        },
        {
            "Effect": "Allow",
            "Action": ["route53:ListResourceRecordSets"],
            "Resource": ["arn:aws:route53:::hostedzone/Z1"],
        },
        {"Effect": "Allow", "Action": ["route53:GetChange"], "Resource": ["arn:aws:route53:::change/*"]},
    ]


def test_the_permissions_go_to_the_service_account_of_its_controller(declare: Declare):
    seen: list[Any] = []

    def program() -> None:
        cluster = PlainCluster()
        CertManager("cert-manager", args(cluster))
        namespace, account, policy = cluster.grants["cert-manager-controller"]
        pulumi.Output.from_input(policy).apply(lambda text: seen.append((namespace, account, text)))

    declare(program)
    assert seen == [("cert-manager", "cert-manager", dns_permissions("Z1"))]
    assert cert_manager_values()["serviceAccount"] == {"create": True, "name": "cert-manager"}


def test_an_answer_over_http_needs_no_permission(declare: Declare):
    grants: list[int] = []

    def program() -> None:
        cluster = PlainCluster()
        CertManager("cert-manager", args(cluster, challenge="http-01", ingress_class="traefik"))
        grants.append(len(cluster.grants))

    declare(program)
    assert grants == [0]


def test_both_issuers_of_lets_encrypt_are_there(declare: Declare):
    issuers = {each["metadata"]["name"]: each["spec"]["acme"] for each in declared(declare).of(ISSUER).values()}
    assert {name: acme["server"] for name, acme in issuers.items()} == {
        "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
        "letsencrypt-production": "https://acme-v02.api.letsencrypt.org/directory",
    }
    assert {acme["email"] for acme in issuers.values()} == {"ops@devu42.fr"}


def test_each_issuer_has_an_account_of_its_own(declare: Declare):
    issuers = declared(declare).of(ISSUER).values()
    assert {each["spec"]["acme"]["privateKeySecretRef"]["name"] for each in issuers} == {
        "letsencrypt-staging-account",
        "letsencrypt-production-account",
    }


def test_hosts_of_the_zone_are_proven_by_its_records(declare: Declare):
    for issuer in declared(declare).of(ISSUER).values():
        assert issuer["spec"]["acme"]["solvers"] == [
            {
                "selector": {"dnsZones": ["devu42.fr"]},
                "dns01": {"route53": {"hostedZoneID": "Z1", "region": "eu-west-3"}},
            }
        ]


def test_hosts_of_the_zone_are_proven_over_http_when_asked(declare: Declare):
    plan = declared(declare, challenge="http-01", ingress_class="traefik")
    for issuer in plan.of(ISSUER).values():
        assert issuer["spec"]["acme"]["solvers"] == [
            {"selector": {"dnsZones": ["devu42.fr"]}, "http01": {"ingress": {"ingressClassName": "traefik"}}}
        ]


def test_issuers_come_after_the_release_that_defines_them(declare: Declare):
    seen = SeenOptions()
    declared(declare, seen.opts)
    for issuer in ("cert-manager-letsencrypt-staging", "cert-manager-letsencrypt-production"):
        assert seen.before(issuer) == {"cert-manager-controller"}


@pytest.mark.parametrize(
    ("choice", "name"),
    [({}, "letsencrypt-staging"), ({"issuer": "letsencrypt-production"}, "letsencrypt-production")],
)
def test_workloads_get_the_issuer_that_was_chosen_and_staging_by_default(
    declare: Declare, choice: dict[str, Any], name: str
):
    seen: list[str] = []
    declare(lambda: CertManager("cert-manager", args(PlainCluster(), **choice)).issuer.apply(seen.append))
    assert seen == [name]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"zone_name": "devu42.fr."},
            "zone_name must be a lower-case domain name such as www.example.com, got 'devu42.fr.'",
        ),
        ({"zone_name": "fr"}, "zone_name must be a lower-case domain name such as www.example.com, got 'fr'"),
        ({"email": "ops@devu42"}, "email must be an address such as 'ops@devu42.fr', got 'ops@devu42'"),
        ({"region": ""}, "region must be an AWS region such as 'eu-west-3', got ''"),
        ({"challenge": "http-01"}, "ingress_class must be given for challenge 'http-01', got None"),
    ],
)
def test_what_would_leave_every_certificate_pending_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        args(**changes)
