"""DNS records that are left of a stack."""

import json
from collections.abc import Iterator

import pytest

from tests.moto_account import client, empty_account, left
from tools.left import records


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    with empty_account(monkeypatch):
        yield


def zone() -> str:
    route53 = client("route53")
    return route53.create_hosted_zone(Name="example.org", CallerReference="1")["HostedZone"]["Id"]


def record(zone_id: str, name: str, kind: str, value: str) -> None:
    change = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": change}]}
    client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)


def signature(owner: str) -> str:
    return f'"heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/users-api/users-api"'


def test_records_that_external_dns_of_the_cluster_signed_are_left_and_no_others() -> None:
    into = zone()
    record(into, "api.example.org", "CNAME", "lb.example.net")
    record(into, "_owner-cname.api.example.org", "TXT", signature("socle-test"))
    record(into, "other.example.org", "CNAME", "lb.example.net")
    record(into, "_owner-cname.other.example.org", "TXT", signature("socle-test-2"))
    record(into, "example.org", "A", "192.0.2.1")
    found = left()
    assert set(found) == {"route53:CNAME api.example.org.", "route53:TXT _owner-cname.api.example.org."}
    item = found["route53:CNAME api.example.org."]
    assert (item.reason, item.name, item.price.usd) == ("external-dns/owner=socle-test", "lb.example.net", 0)
    batch = json.loads(item.command.partition("--change-batch '")[2].removesuffix("'"))
    client("route53").change_resource_record_sets(HostedZoneId=into, ChangeBatch=batch)
    assert set(left()) == {"route53:TXT _owner-cname.api.example.org."}


def test_a_signature_without_its_record_takes_no_record_of_a_shorter_name() -> None:
    into = zone()
    record(into, "staging.example.org", "CNAME", "elsewhere.example.net")
    record(into, "_owner-cname.api.staging.example.org", "TXT", signature("socle-test"))
    assert set(left()) == {"route53:TXT _owner-cname.api.staging.example.org."}


def test_records_of_names_in_the_settings_that_lead_to_aws_and_their_proofs_are_left() -> None:
    into = zone()
    record(into, "www.example.org", "CNAME", "d111111abcdef8.cloudfront.net")
    record(into, "api.example.org", "CNAME", "taken-over.example.net")
    record(into, "_0123abcd.www.example.org", "CNAME", "_answer.acm-validations.aws.")
    record(into, "_0123abcd.shop.example.org", "CNAME", "_answer.acm-validations.aws.")
    found = left()
    assert {key: item.reason for key, item in found.items()} == {
        "route53:CNAME www.example.org.": "the name of socle:site.domain, if nobody else uses it by now",
        "route53:CNAME _0123abcd.www.example.org.": (
            "proves www.example.org of socle:site.domain to ACM, maybe for another stack too"
        ),
    }


@pytest.mark.parametrize(
    ("target", "ours"),
    [
        ("d111111abcdef8.cloudfront.net.", True),
        ("web-0123456789abcdef.elb.eu-west-3.amazonaws.com.", True),
        ("web-123.eu-west-3.elb.amazonaws.com", True),
        ("203.0.113.1", False),
        ("example.github.io", False),
    ],
)
def test_a_name_leads_to_a_stack_through_cloudfront_or_a_load_balancer(target: str, ours: bool) -> None:
    assert bool(records.LEADS_TO_US.fullmatch(target)) == ours
