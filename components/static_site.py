"""A static website: files in a private bucket, served by CloudFront under its own domain."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.dns import AliasTarget, Certificate, CertificateArgs, alias_records, check_domain_name
from components.edge_rules import edge_rules, hashed_behaviors, pages_behavior
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.site_logs import SiteLogsArgs, record_requests
from components.site_policies import deploy_policy, hiding_statement, reading_statement

# CloudFront reads certificates from this region alone:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
_CERTIFICATE_REGION = "us-east-1"
# The newest policy that still speaks TLS 1.2 beside 1.3:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
_TLS_POLICY = "TLSv1.2_2025"
# CloudFront may read a file but not list the bucket, and S3 then answers 403 for a file that does not exist.
_MISSING = (403, 404)
# Seconds that CloudFront remembers a file as missing: short, for the file may be on its way.
_MISSING_TTL = 10
_ORIGIN = "files"
PREVIEWS = "previews/"
"""Folder of the bucket that holds the sites of merge requests, served at `/previews/<name>/`."""
# A merge request that is open longer publishes its site again with its next commit.
_PREVIEW_DAYS = 30
# `default-src` says nothing of these three, so they are closed by name.
_STRICT = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"


def strict_content_security_policy(connect_to: tuple[str, ...] = ()) -> str:
    """Policy of pages that load nothing from elsewhere and run no inline script; they may call `connect_to`."""
    return f"{_STRICT}; connect-src 'self' {' '.join(connect_to)}" if connect_to else _STRICT


@dataclass(frozen=True, kw_only=True)
class StaticSiteArgs:
    """Inputs of `StaticSite`."""

    domain_name: str | None = None
    """Name of the site, for example `www.example.com`; it answers at its `cloudfront.net` name alone when omitted."""
    zone_id: pulumi.Input[str] | None = None
    """Hosted zone that answers for `domain_name` and `alternative_names`; required with a domain name."""
    alternative_names: tuple[str, ...] = ()
    """Other names that serve the same site; none when omitted."""
    content_security_policy: str = _STRICT
    """Content-Security-Policy of every response; by default a page loads nothing from elsewhere and runs no inline
    script or style."""
    hsts_preload: bool = False
    """True lets browsers ship the domain as HTTPS-only: a promise for every subdomain that takes months to take back,
    so it is off when omitted."""
    hashed_paths: tuple[str, ...] = ("/assets/*",)
    """Path patterns of files whose name changes with their content; browsers keep them for a year."""
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    """Where CloudFront serves from: `PriceClass_100` is North America and Europe, the cheapest."""
    noncurrent_days: int = 30
    """Days that a replaced or deleted file can still be recovered, at least 1."""
    delete_contents: bool = False
    """True deletes the files when the site is destroyed; otherwise files left in the bucket make the destroy stop."""
    logs: SiteLogsArgs | None = None
    """Records every request in a bucket; omitted, nothing is recorded."""

    def __post_init__(self) -> None:
        """Refuse names, paths and durations that AWS would refuse much later."""
        if self.domain_name is not None:
            check_domain_name("domain_name", self.domain_name)
        for alternative in self.alternative_names:
            check_domain_name("alternative_names", alternative)
        if (self.domain_name is None) != (self.zone_id is None):
            missing = "domain_name" if self.domain_name is None else "zone_id"
            raise ValueError(f"domain_name and zone_id must be given together or not at all, got no {missing}")
        if self.alternative_names and self.domain_name is None:
            raise ValueError(f"alternative_names need a domain_name, got {self.alternative_names!r} without one")
        if not self.content_security_policy.strip() or "\n" in self.content_security_policy:
            raise ValueError(
                f"content_security_policy must be one line of directives, got {self.content_security_policy!r}"
            )
        for path in self.hashed_paths:
            if not path.startswith("/"):
                raise ValueError(f"hashed_paths must start with '/', such as '/assets/*', got {path!r}")
        if self.noncurrent_days < 1:
            raise ValueError(f"noncurrent_days must be at least 1 day, got {self.noncurrent_days}")


class StaticSite(pulumi.ComponentResource):
    """A website of files, reachable by everyone over HTTPS, IPv4 and IPv6, while its bucket is reachable by CloudFront.

    It gives a certificate, security headers, compression, HTTP/3, a page for missing files (`/404.html`) and
    `/docs/` for `/docs/index.html`. It costs what visitors download and what the bucket holds. A deployment uploads
    hashed files before the pages that name them. Without a domain name the site shows CloudFront's own certificate,
    with which AWS accepts old TLS versions too.
    """

    url: pulumi.Output[str]
    """Address of the site, without a final slash."""
    bucket_name: pulumi.Output[str]
    """Bucket that receives the files."""
    distribution_id: pulumi.Output[str]
    """Id of the distribution, to invalidate its cache after a deployment."""
    distribution_arn: pulumi.Output[str]
    """ARN of the distribution."""
    distribution_domain_name: pulumi.Output[str]
    """Name that CloudFront gave to the distribution."""

    def __init__(self, name: str, args: StaticSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:StaticSite", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = PrivateBucketArgs(
            noncurrent_days=args.noncurrent_days,
            delete_contents=args.delete_contents,
            passing={PREVIEWS: _PREVIEW_DAYS},
        )
        bucket = PrivateBucket(f"{name}-files", kept, child)
        distribution = _distribution(name, args, bucket, child)
        known = pulumi.Output.all(bucket.arn, distribution.arn)
        bucket.allow(known.apply(lambda k: [reading_statement(k[0], distribution_arn=k[1]), hiding_statement(k[0])]))
        _point_names_at(distribution, name, args, child)
        if args.logs is not None:
            record_requests(f"{name}-logs", args.logs, distribution_arn=distribution.arn, child=child)
        self._bucket_arn = bucket.arn
        self.url = pulumi.Output.concat("https://", args.domain_name or distribution.domain_name)
        self.bucket_name = bucket.bucket_name
        self.distribution_id = distribution.id
        self.distribution_arn = distribution.arn
        self.distribution_domain_name = distribution.domain_name
        self.register_outputs(
            {
                "url": self.url,
                "bucket_name": self.bucket_name,
                "distribution_id": self.distribution_id,
                "distribution_arn": self.distribution_arn,
                "distribution_domain_name": self.distribution_domain_name,
            }
        )

    def grant_deploy(self, name: str, role_name: pulumi.Input[str]) -> aws.iam.RolePolicy:
        """Let a role read, add, replace and delete the files of this site, and refresh its cache: nothing else.

        `name` prefixes the policy and is unique in the stack.
        """
        known = pulumi.Output.all(self._bucket_arn, self.distribution_arn)
        return aws.iam.RolePolicy(
            f"{name}-deploy",
            role=role_name,
            policy=known.apply(lambda k: deploy_policy(k[0], distribution_arn=k[1])),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _distribution(
    name: str, args: StaticSiteArgs, bucket: PrivateBucket, child: pulumi.ResourceOptions
) -> aws.cloudfront.Distribution:
    access = aws.cloudfront.OriginAccessControl(
        f"{name}-access",
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=child,
    )
    rules = edge_rules(
        name, content_security_policy=args.content_security_policy, hsts_preload=args.hsts_preload, opts=child
    )
    return aws.cloudfront.Distribution(
        f"{name}-distribution",
        enabled=True,
        is_ipv6_enabled=True,
        http_version="http2and3",
        price_class=args.price_class,
        default_root_object="index.html",
        aliases=list(_served_names(args)),
        origins=[
            {
                "origin_id": _ORIGIN,
                "domain_name": bucket.regional_domain_name,
                "origin_access_control_id": access.id,
            }
        ],
        default_cache_behavior=pages_behavior(rules, _ORIGIN),
        ordered_cache_behaviors=hashed_behaviors(rules, _ORIGIN, args.hashed_paths),
        custom_error_responses=[
            {
                "error_code": code,
                "response_code": 404,
                "response_page_path": "/404.html",
                "error_caching_min_ttl": _MISSING_TTL,
            }
            for code in _MISSING
        ],
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate=_viewer_certificate(name, args, child),
        tags={"Name": name},
        opts=child,
    )


def _served_names(args: StaticSiteArgs) -> tuple[str, ...]:
    return () if args.domain_name is None else (args.domain_name, *args.alternative_names)


def _viewer_certificate(
    name: str, args: StaticSiteArgs, child: pulumi.ResourceOptions
) -> aws.cloudfront.DistributionViewerCertificateArgsDict:
    if args.domain_name is None or args.zone_id is None:
        return {"cloudfront_default_certificate": True}
    named = CertificateArgs(
        domain_name=args.domain_name,
        alternative_names=args.alternative_names,
        zone_id=args.zone_id,
        region=_CERTIFICATE_REGION,
    )
    return {
        "acm_certificate_arn": Certificate(f"{name}-tls", named, child).arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": _TLS_POLICY,
    }


def _point_names_at(
    distribution: aws.cloudfront.Distribution, name: str, args: StaticSiteArgs, child: pulumi.ResourceOptions
) -> None:
    """Lead every name of the site to its distribution, over IPv4 and IPv6."""
    if args.zone_id is None:
        return
    target = AliasTarget(dns_name=distribution.domain_name, zone_id=distribution.hosted_zone_id)
    for served in _served_names(args):
        alias_records(
            f"{name}-{served}", zone_id=args.zone_id, domain_name=served, target=target, ipv6=True, opts=child
        )
