from typing import Any

import pulumi
import pytest

from components.dns import (
    AliasTarget,
    Certificate,
    CertificateArgs,
    HostedZone,
    HostedZoneArgs,
    alias_records,
    validated_domains,
)
from tests.conftest import Declare, Outputs

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"


def certificate(**inputs: Any) -> CertificateArgs:
    names: dict[str, Any] = {"domain_name": "www.example.com", "zone_id": "Z1", **inputs}
    return CertificateArgs(**names)


def test_a_zone_is_named_after_its_domain_and_keeps_the_records_of_others(declare: Declare) -> None:
    plan = declare(lambda: HostedZone("main", HostedZoneArgs(domain_name="example.com")))
    zone = plan.one(ZONE)
    assert (zone["name"], zone["forceDestroy"]) == ("example.com", False)


def test_a_zone_tells_where_to_delegate(declare: Declare) -> None:
    seen: dict[str, object] = {}

    def program() -> None:
        zone = HostedZone("main", HostedZoneArgs(domain_name="example.com"))
        pulumi.Output.all(zone.zone_id, zone.name_servers).apply(
            lambda known: seen.update(zone=known[0], servers=known[1])
        )

    computed: Outputs = {ZONE: lambda _: {"zoneId": "Z1", "nameServers": ["ns-1.example", "ns-2.example"]}}
    declare(program, outputs=computed)
    assert seen == {"zone": "Z1", "servers": ["ns-1.example", "ns-2.example"]}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "example",
        "exa mple.com",
        "Example.com",
        "-a.com",
        "a..com",
        "*.example.com",
        "a" * 64 + ".com",
        "a." * 126 + "com",
    ],
)
def test_a_zone_refuses_what_is_not_a_domain_name(name: str) -> None:
    with pytest.raises(ValueError) as refusal:
        HostedZoneArgs(domain_name=name)
    assert str(refusal.value) == f"domain_name must be a lower-case domain name such as www.example.com, got {name!r}"


@pytest.mark.parametrize(
    "name", ["example.com", "a.b.c.d.example.com", "xn--caf-dma.example", "r53.devu42.fr", "1.example.com"]
)
def test_a_zone_takes_any_lower_case_domain_name(name: str) -> None:
    assert HostedZoneArgs(domain_name=name).domain_name == name


def test_a_certificate_is_validated_by_one_record_per_domain(declare: Declare) -> None:
    plan = declare(lambda: Certificate("site", certificate(alternative_names=("api.example.com",), region="us-east-1")))
    assert plan.one(CERTIFICATE) == {
        "domainName": "www.example.com",
        "subjectAlternativeNames": ["api.example.com"],
        "validationMethod": "DNS",
        "region": "us-east-1",
    }
    assert plan.of(RECORD) == {
        f"site-{domain}": {
            "zoneId": "Z1",
            "name": f"_proof.{domain}.",
            "type": "CNAME",
            "records": [f"_answer.{domain}."],
            "ttl": 300,
            "allowOverwrite": True,
        }
        for domain in ("www.example.com", "api.example.com")
    }


def test_a_wildcard_and_its_apex_share_their_record(declare: Declare) -> None:
    args = certificate(domain_name="*.example.com", alternative_names=("example.com", "*.eu.example.com"))
    assert validated_domains(args) == ["example.com", "eu.example.com"]
    plan = declare(lambda: Certificate("site", args))
    assert {name: record["name"] for name, record in plan.of(RECORD).items()} == {
        "site-example.com": "_proof.example.com.",
        "site-eu.example.com": "_proof.eu.example.com.",
    }


def test_a_certificate_without_a_region_is_made_in_the_region_of_its_provider(declare: Declare) -> None:
    plan = declare(lambda: Certificate("web", certificate()))
    assert "region" not in plan.one(CERTIFICATE)
    assert "region" not in plan.one(VALIDATION)


def test_the_arn_of_a_certificate_is_known_once_it_is_issued(declare: Declare) -> None:
    seen: list[str] = []
    computed: Outputs = {
        VALIDATION: lambda inputs: {"certificateArn": inputs["certificateArn"] + "-issued"},
        RECORD: lambda inputs: {"fqdn": inputs["name"].rstrip(".")},
    }

    def program() -> None:
        Certificate("site", certificate(region="us-east-1")).arn.apply(seen.append)

    plan = declare(program, outputs=computed)
    assert plan.one(VALIDATION) == {
        "certificateArn": "arn:aws:mock:::site-certificate",
        "validationRecordFqdns": ["_proof.www.example.com"],
        "region": "us-east-1",
    }
    assert seen == ["arn:aws:mock:::site-certificate-issued"]


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [
        ("domain_name", "www example.com", "www example.com"),
        ("domain_name", "*.*.example.com", "*.*.example.com"),
        ("alternative_names", ("api.example.com", "a.*.com"), "a.*.com"),
    ],
)
def test_a_certificate_refuses_what_is_not_a_domain_name(field: str, value: object, refused: str) -> None:
    with pytest.raises(ValueError) as refusal:
        certificate(**{field: value})
    allowed = "a lower-case domain name such as www.example.com or *.example.com"
    assert str(refusal.value) == f"{field} must be {allowed}, got {refused!r}"


def test_a_certificate_refuses_a_name_given_twice() -> None:
    with pytest.raises(ValueError) as refusal:
        certificate(alternative_names=("www.example.com",))
    rule = "alternative_names must differ from each other and from domain_name"
    assert str(refusal.value) == f"{rule}, got 'www.example.com' twice"


def aliases(domain_name: str = "www.example.com", *, ipv6: bool) -> None:
    target = AliasTarget(dns_name="d1.cloudfront.net", zone_id="Z2FDTNDATAQYW2")
    alias_records(
        "site", zone_id="Z1", domain_name=domain_name, target=target, ipv6=ipv6, opts=pulumi.ResourceOptions()
    )


def test_an_alias_leads_to_its_target_over_both_protocols(declare: Declare) -> None:
    plan = declare(lambda: aliases(ipv6=True))
    target = {"name": "d1.cloudfront.net", "zoneId": "Z2FDTNDATAQYW2", "evaluateTargetHealth": False}
    record = {"zoneId": "Z1", "name": "www.example.com", "aliases": [target]}
    assert plan.of(RECORD) == {"site-ipv4": {**record, "type": "A"}, "site-ipv6": {**record, "type": "AAAA"}}


def test_an_alias_to_an_ipv4_target_has_no_ipv6_record(declare: Declare) -> None:
    assert set(declare(lambda: aliases(ipv6=False)).of(RECORD)) == {"site-ipv4"}


def test_an_alias_refuses_what_is_not_a_domain_name() -> None:
    with pytest.raises(ValueError) as refusal:
        aliases("www", ipv6=True)
    assert str(refusal.value).endswith("such as www.example.com or *.example.com, got 'www'")
