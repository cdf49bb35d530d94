"""external-dns: its permissions, whose records it writes, and what it refuses."""

import json
from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.external_dns import ExternalDns, ExternalDnsArgs, dns_permissions, external_dns_values
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"


def args(cluster: Any = None, **changes: Any) -> ExternalDnsArgs:
    required: dict[str, Any] = {
        "cluster": cluster,
        "zone_id": "Z1",
        "zone_name": "devu42.fr",
        "owner_id": "socle-staging",
        "target": "lb.example",
    }
    return ExternalDnsArgs(**{**required, **changes})


def declared(declare: Declare, **changes: Any) -> Plan:
    return declare(lambda: ExternalDns("external-dns", args(PlainCluster(), **changes)))


def test_the_chart_is_pinned(declare: Declare):
    release = declared(declare).one(RELEASE)
    assert release["chart"] == "external-dns"
    assert release["repositoryOpts"] == {"repo": "https://kubernetes-sigs.github.io/external-dns/"}
    assert release["version"] == versions.EXTERNAL_DNS_CHART.version
    assert release["namespace"] == "external-dns"
    assert release["values"] == external_dns_values(args())


def test_it_defines_no_kind_of_object_that_nobody_uses(declare: Declare):
    assert declared(declare).one(RELEASE)["skipCrds"] is True


def test_its_pod_runs_under_the_strictest_standard(declare: Declare):
    labels = declared(declare).one("kubernetes:core/v1:Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_it_may_write_the_hosts_of_one_zone_and_nothing_else():
    assert json.loads(dns_permissions("Z1"))["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["route53:ChangeResourceRecordSets"],
            "Resource": ["arn:aws:route53:::hostedzone/Z1"],
            "Condition": {
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsRecordTypes": ["A", "AAAA", "CNAME", "TXT"]
                }
            },
        },
        {
            "Effect": "Allow",
            "Action": ["route53:ListResourceRecordSets"],
            "Resource": ["arn:aws:route53:::hostedzone/Z1"],
        },
        {"Effect": "Allow", "Action": ["route53:ListHostedZones"], "Resource": ["*"]},
    ]


def test_the_permissions_go_to_its_service_account(declare: Declare):
    seen: list[Any] = []

    def program() -> None:
        cluster = PlainCluster()
        ExternalDns("external-dns", args(cluster, zone_id=pulumi.Output.from_input("Z1")))
        namespace, account, policy = cluster.grants["external-dns-controller"]
        pulumi.Output.from_input(policy).apply(lambda text: seen.append((namespace, account, text)))

    declare(program)
    assert seen == [("external-dns", "external-dns", dns_permissions("Z1"))]
    assert external_dns_values(args())["serviceAccount"] == {"create": True, "name": "external-dns"}


def test_it_sees_one_zone_only():
    values = external_dns_values(args())
    assert values["domainFilters"] == ["devu42.fr"]
    assert "--zone-id-filter=Z1" in values["extraArgs"]


def test_it_asks_for_no_record_that_it_may_not_write():
    allowed = json.loads(dns_permissions("Z1"))["Statement"][0]["Condition"]["ForAllValues:StringEquals"]
    (types,) = allowed.values()
    assert {*external_dns_values(args())["managedRecordTypes"], "TXT"} == set(types)


def test_every_record_points_at_our_load_balancer_whatever_an_ingress_says():
    extra = external_dns_values(args())["extraArgs"]
    assert "--default-targets=lb.example" in extra
    # Its flags take no value: `--force-default-targets=true` would keep the pod from starting.
    assert "--force-default-targets" in extra


def test_zone_and_load_balancer_may_be_made_in_the_same_deployment(declare: Declare):
    later = pulumi.Output.from_input
    values = declared(declare, zone_id=later("Z2"), target=later("lb2.example")).one(RELEASE)["values"]
    assert {"--zone-id-filter=Z2", "--default-targets=lb2.example"} <= set(values["extraArgs"])


def test_ingress_objects_are_the_only_source():
    assert external_dns_values(args())["sources"] == ["ingress"]


@pytest.mark.parametrize(
    ("choice", "policy"), [({}, "sync"), ({"policy": "sync"}, "sync"), ({"policy": "upsert-only"}, "upsert-only")]
)
def test_records_go_with_their_ingress_unless_told_otherwise(choice: dict[str, Any], policy: str):
    assert external_dns_values(args(**choice))["policy"] == policy


def test_records_follow_ingress_objects_within_seconds():
    values = external_dns_values(args())
    assert (values["triggerLoopOnEvent"], values["interval"]) == (True, "1m")


def test_each_record_says_whose_it_is():
    values = external_dns_values(args())
    assert (values["registry"], values["txtOwnerId"]) == ("txt", "socle-staging")


@pytest.mark.parametrize("host", ["devu42.fr", "api.devu42.fr"])
def test_what_says_so_stays_inside_the_zone_even_for_its_apex(host: str):
    # As external-dns does with a prefix that has the type in it.
    name = external_dns_values(args())["txtPrefix"].replace("%{record_type}", "a") + host
    assert name.endswith(".devu42.fr")


def test_the_owner_is_known_to_whoever_cleans_up(declare: Declare):
    seen: list[str] = []
    declare(lambda: ExternalDns("external-dns", args(PlainCluster())).owner_id.apply(seen.append))
    assert seen == ["socle-staging"]


def test_its_pod_says_what_it_needs_and_where_it_is_stopped():
    resources = external_dns_values(args())["resources"]
    assert resources == {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"owner_id": ""}, "owner_id must be letters, digits, dots, hyphens and underscores, got ''"),
        ({"owner_id": "a,b"}, "owner_id must be letters, digits, dots, hyphens and underscores, got 'a,b'"),
        (
            {"zone_name": "devu42.fr."},
            "zone_name must be a lower-case domain name such as www.example.com, got 'devu42.fr.'",
        ),
    ],
)
def test_records_that_nobody_could_tell_apart_are_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        args(**changes)
