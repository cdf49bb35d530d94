import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.site_logs import SiteLogsArgs
from components.static_site import StaticSite, StaticSiteArgs
from tests.conftest import Declare, Outputs, Plan

ALIAS_RECORD = "aws:route53/record:Record"
CACHE = "aws:cloudfront/cachePolicy:CachePolicy"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
FUNCTION = "aws:cloudfront/function:Function"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
FILES = "arn:aws:mock:::main-files-bucket"
ARN = "arn:aws:mock:::main-distribution"

COMPUTED: Outputs = {
    DISTRIBUTION: lambda _: {"domainName": "d1.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2"},
    "aws:s3/bucket:Bucket": lambda _: {
        "bucket": "main-files-1a2b",
        "bucketRegionalDomainName": "main-files-1a2b.s3.eu-west-3.amazonaws.com",
    },
    "aws:acm/certificateValidation:CertificateValidation": lambda _: {"certificateArn": "arn:issued"},
}


def named(**inputs: Any) -> StaticSiteArgs:
    values: dict[str, Any] = {"domain_name": "www.example.com", "zone_id": "Z1", **inputs}
    return StaticSiteArgs(**values)


@pytest.fixture
def site(declare: Declare) -> Callable[[StaticSiteArgs], Plan]:
    return lambda args: declare(lambda: StaticSite("main", args), outputs=COMPUTED)


Site = Callable[[StaticSiteArgs], Plan]


def test_no_visitor_reads_what_was_published_when(site: Site) -> None:
    statements = {each["Sid"]: each for each in json.loads(site(named()).one(POLICY)["policy"])["Statement"]}
    assert statements["HideRecords"] == {
        "Sid": "HideRecords",
        "Effect": "Deny",
        "Action": ["s3:GetObject"],
        "Resource": [f"{FILES}/.socle/*"],
        "Principal": {"Service": "cloudfront.amazonaws.com"},
    }


def test_sites_of_merge_requests_pass_by_themselves(site: Site) -> None:
    rules = site(named()).one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    (passing,) = [rule for rule in rules if rule["id"] == "pass-previews"]
    assert passing == {
        "id": "pass-previews",
        "status": "Enabled",
        "filter": {"prefix": "previews/"},
        "expiration": {"days": 30},
    }


def test_only_this_distribution_reads_files_and_only_over_tls(site: Site) -> None:
    policy = site(named()).one(POLICY)
    assert policy["bucket"] == "main-files-1a2b"
    statements = {each["Sid"]: each for each in json.loads(policy["policy"])["Statement"]}
    assert set(statements) == {"ReadByDistribution", "HideRecords", "DenyPlainHttp"}
    assert statements["ReadByDistribution"] == {
        "Sid": "ReadByDistribution",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": [f"{FILES}/*"],
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"AWS:SourceArn": ARN}},
    }


def test_replaced_files_can_be_recovered_for_a_while(site: Site) -> None:
    plan = site(named(noncurrent_days=7))
    versioning = plan.one("aws:s3/bucketVersioning:BucketVersioning")
    rules = plan.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    assert rules[0]["noncurrentVersionExpiration"] == {"noncurrentDays": 7}


def test_files_survive_a_destroy_unless_said_otherwise(site: Site) -> None:
    assert site(named()).one("aws:s3/bucket:Bucket")["forceDestroy"] is False
    assert site(named(delete_contents=True)).one("aws:s3/bucket:Bucket")["forceDestroy"] is True


def test_the_distribution_signs_every_request_to_the_bucket(site: Site) -> None:
    plan = site(named())
    assert plan.one("aws:cloudfront/originAccessControl:OriginAccessControl") == {
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    }
    assert plan.one(DISTRIBUTION)["origins"] == [
        {
            "originId": "files",
            "domainName": "main-files-1a2b.s3.eu-west-3.amazonaws.com",
            "originAccessControlId": "main-access-id",
        }
    ]


def test_the_distribution_speaks_modern_protocols_from_the_cheapest_places(site: Site) -> None:
    distribution = site(named()).one(DISTRIBUTION)
    expected = {
        "enabled": True,
        "isIpv6Enabled": True,
        "httpVersion": "http2and3",
        "priceClass": "PriceClass_100",
        "defaultRootObject": "index.html",
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
    }
    assert {key: distribution[key] for key in expected} == expected


def test_a_named_site_has_a_certificate_in_the_region_that_cloudfront_reads(site: Site) -> None:
    plan = site(named(alternative_names=("example.com",)))
    assert plan.one("aws:acm/certificate:Certificate") == {
        "domainName": "www.example.com",
        "subjectAlternativeNames": ["example.com"],
        "validationMethod": "DNS",
        "region": "us-east-1",
    }
    distribution = plan.one(DISTRIBUTION)
    assert set(distribution["aliases"]) == {"www.example.com", "example.com"}
    assert distribution["viewerCertificate"] == {
        "acmCertificateArn": "arn:issued",
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2025",
    }


def test_every_name_leads_to_the_distribution_over_ipv4_and_ipv6(site: Site) -> None:
    plan = site(named(alternative_names=("example.com",)))
    target = {"name": "d1.cloudfront.net", "zoneId": "Z2FDTNDATAQYW2", "evaluateTargetHealth": False}
    aliases = {name: record for name, record in plan.of(ALIAS_RECORD).items() if "aliases" in record}
    assert aliases == {
        f"main-{domain}-{label}": {"zoneId": "Z1", "name": domain, "type": kind, "aliases": [target]}
        for domain in ("www.example.com", "example.com")
        for label, kind in (("ipv4", "A"), ("ipv6", "AAAA"))
    }


def test_a_site_without_a_name_needs_neither_zone_nor_certificate(site: Site) -> None:
    plan = site(StaticSiteArgs())
    assert not plan.types & {ALIAS_RECORD, "aws:acm/certificate:Certificate"}
    distribution = plan.one(DISTRIBUTION)
    assert distribution["aliases"] == []
    assert distribution["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}


@pytest.mark.parametrize(
    ("args", "url"),
    [(StaticSiteArgs(), "https://d1.cloudfront.net"), (named(), "https://www.example.com")],
)
def test_the_outputs_tell_what_a_deployment_needs(declare: Declare, args: StaticSiteArgs, url: str) -> None:
    seen: dict[str, object] = {}

    def program() -> None:
        made = StaticSite("main", args)
        pulumi.Output.all(
            url=made.url,
            bucket=made.bucket_name,
            id=made.distribution_id,
            arn=made.distribution_arn,
            domain=made.distribution_domain_name,
        ).apply(seen.update)

    declare(program, outputs=COMPUTED)
    assert seen == {
        "url": url,
        "bucket": "main-files-1a2b",
        "id": "main-distribution-id",
        "arn": ARN,
        "domain": "d1.cloudfront.net",
    }


def test_pages_are_asked_for_again_and_directories_find_their_index(site: Site) -> None:
    plan = site(named())
    assert plan.one(DISTRIBUTION)["defaultCacheBehavior"] == {
        "targetOriginId": "files",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "compress": True,
        "cachePolicyId": "main-pages-id",
        "responseHeadersPolicyId": "main-headers-id",
        "functionAssociations": [
            {"eventType": "viewer-request", "functionArn": "arn:aws:mock:::main-directory-index"},
        ],
    }


def test_hashed_files_are_kept_for_a_year(site: Site) -> None:
    plan = site(named(hashed_paths=("/assets/*", "/fonts/*")))
    behaviors = {each["pathPattern"]: each for each in plan.one(DISTRIBUTION)["orderedCacheBehaviors"]}
    assert set(behaviors) == {"/assets/*", "/fonts/*"}
    assert behaviors["/fonts/*"] == {
        "pathPattern": "/fonts/*",
        "targetOriginId": "files",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "compress": True,
        "cachePolicyId": "main-hashed-id",
        "responseHeadersPolicyId": "main-headers-id",
        "functionAssociations": [{"eventType": "viewer-response", "functionArn": "arn:aws:mock:::main-immutable"}],
    }


def test_the_cache_depends_on_nothing_but_the_path(site: Site) -> None:
    policies = site(named()).of(CACHE)
    key = {
        "cookiesConfig": {"cookieBehavior": "none"},
        "headersConfig": {"headerBehavior": "none"},
        "queryStringsConfig": {"queryStringBehavior": "none"},
        "enableAcceptEncodingBrotli": True,
        "enableAcceptEncodingGzip": True,
    }
    same = {"minTtl": 0, "parametersInCacheKeyAndForwardedToOrigin": key}
    assert policies == {
        "main-pages": {**same, "defaultTtl": 60, "maxTtl": 86_400},
        "main-hashed": {**same, "defaultTtl": 31_536_000, "maxTtl": 31_536_000},
    }


def test_every_response_carries_the_security_headers(site: Site) -> None:
    assert site(named()).one(HEADERS) == {
        "securityHeadersConfig": {
            "strictTransportSecurity": {
                "accessControlMaxAgeSec": 63_072_000,
                "includeSubdomains": True,
                "preload": False,
                "override": True,
            },
            "contentSecurityPolicy": {
                "contentSecurityPolicy": (
                    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
                ),
                "override": True,
            },
            "contentTypeOptions": {"override": True},
            "frameOptions": {"frameOption": "DENY", "override": True},
            "referrerPolicy": {"referrerPolicy": "strict-origin-when-cross-origin", "override": True},
        },
        "customHeadersConfig": {
            "items": [
                {
                    "header": "Permissions-Policy",
                    "value": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
                    "override": True,
                },
                {"header": "Cache-Control", "value": "public, max-age=0, must-revalidate", "override": False},
            ]
        },
    }


def test_the_caller_chooses_what_pages_may_load_and_whether_browsers_preload_https(site: Site) -> None:
    policy = "default-src 'self'; img-src 'self' https://images.example.com"
    headers = site(named(content_security_policy=policy, hsts_preload=True)).one(HEADERS)["securityHeadersConfig"]
    assert headers["contentSecurityPolicy"]["contentSecurityPolicy"] == policy
    assert headers["strictTransportSecurity"]["preload"] is True


def test_a_missing_file_answers_404_although_s3_says_403(site: Site) -> None:
    answers = {each["errorCode"]: each for each in site(named()).one(DISTRIBUTION)["customErrorResponses"]}
    page = {"responseCode": 404, "responsePagePath": "/404.html", "errorCachingMinTtl": 10}
    assert answers == {403: {"errorCode": 403, **page}, 404: {"errorCode": 404, **page}}


def test_functions_are_read_from_the_repository_wherever_the_program_runs(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    functions = site(named()).of(FUNCTION)
    source = Path(__file__).parents[2] / "functions"
    assert functions == {
        f"main-{label}": {
            "runtime": "cloudfront-js-2.0",
            "publish": True,
            "comment": comment,
            "code": (source / file).read_text(encoding="utf-8"),
        }
        for label, file, comment in (
            ("directory-index", "directory_index.js", "Finds the page of a directory"),
            ("immutable", "immutable.js", "Tells browsers to keep hashed files"),
        )
    }


def test_a_site_is_not_logged_unless_asked(site: Site) -> None:
    plan = site(named())
    assert set(plan.of("aws:s3/bucket:Bucket")) == {"main-files-bucket"}
    assert "aws:cloudwatch/logDelivery:LogDelivery" not in plan.types


def test_logs_are_those_of_the_distribution(site: Site) -> None:
    plan = site(named(logs=SiteLogsArgs(retention_days=30, account_id="111122223333")))
    source = plan.one("aws:cloudwatch/logDeliverySource:LogDeliverySource")
    assert source == {"logType": "ACCESS_LOGS", "resourceArn": ARN, "region": "us-east-1"}


def test_a_deployment_may_publish_files_and_refresh_the_cache_and_nothing_else(declare: Declare) -> None:
    plan = declare(lambda: StaticSite("main", named()).grant_deploy("ci", "ci-role"), outputs=COMPUTED)
    policies = plan.of("aws:iam/rolePolicy:RolePolicy")
    assert set(policies) == {"ci-deploy"}
    assert policies["ci-deploy"]["role"] == "ci-role"
    statements = json.loads(policies["ci-deploy"]["policy"])["Statement"]
    assert {each["Sid"]: (each["Effect"], each["Action"], each["Resource"]) for each in statements} == {
        "CompareFiles": ("Allow", ["s3:ListBucket"], [FILES]),
        "ReadReleases": ("Allow", ["s3:GetObject", "s3:GetObjectVersion"], [f"{FILES}/*"]),
        "PublishFiles": ("Allow", ["s3:PutObject", "s3:DeleteObject"], [f"{FILES}/*"]),
        "RefreshCache": ("Allow", ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"], [ARN]),
    }


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"domain_name": "www.example.com"},
            "domain_name and zone_id must be given together or not at all, got no zone_id",
        ),
        ({"zone_id": "Z1"}, "domain_name and zone_id must be given together or not at all, got no domain_name"),
        (
            {"domain_name": "*.example.com", "zone_id": "Z1"},
            "domain_name must be a lower-case domain name such as www.example.com, got '*.example.com'",
        ),
        (
            {"domain_name": "example.com", "zone_id": "Z1", "alternative_names": ("a b.com",)},
            "alternative_names must be a lower-case domain name such as www.example.com, got 'a b.com'",
        ),
        (
            {"alternative_names": ("example.com",)},
            "alternative_names need a domain_name, got ('example.com',) without one",
        ),
        ({"content_security_policy": " "}, "content_security_policy must be one line of directives, got ' '"),
        (
            {"content_security_policy": "default-src 'self'\nX: y"},
            "content_security_policy must be one line of directives, got \"default-src 'self'\\nX: y\"",
        ),
        ({"hashed_paths": ("assets/*",)}, "hashed_paths must start with '/', such as '/assets/*', got 'assets/*'"),
        ({"noncurrent_days": 0}, "noncurrent_days must be at least 1 day, got 0"),
    ],
)
def test_bad_inputs_are_refused_in_one_sentence(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        StaticSiteArgs(**inputs)
    assert str(refusal.value) == message
