"""What CloudFront does to requests and responses of a static site: caching, headers, directory indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

_FUNCTIONS = Path(__file__).parent.parent / "functions"
_YEAR = 31_536_000
# Seconds that CloudFront keeps a page without asking S3; a deployment that invalidates is seen at once.
_PAGE_TTL = 60
_LONGEST_PAGE_TTL = 86_400
# Powerful features that a static site has no use for, refused to the page and to what it embeds.
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
_REVALIDATE = "public, max-age=0, must-revalidate"


@dataclass(frozen=True, kw_only=True)
class EdgeRules:
    """Ids and ARNs of the rules of a site, as a cache behaviour takes them."""

    pages_cache_id: pulumi.Output[str]
    """Cache policy of files that keep their name when they change."""
    hashed_cache_id: pulumi.Output[str]
    """Cache policy of files whose name changes with their content."""
    headers_id: pulumi.Output[str]
    """Response headers policy of every file."""
    directory_index_arn: pulumi.Output[str]
    """Function that finds the page of a directory."""
    immutable_arn: pulumi.Output[str]
    """Function that tells browsers to keep hashed files."""


def edge_rules(
    name: str, *, content_security_policy: str, hsts_preload: bool, opts: pulumi.ResourceOptions
) -> EdgeRules:
    """Create the rules of one site; they cost nothing but the functions, 0.10 USD per million requests."""
    index = _function(f"{name}-directory-index", "directory_index.js", "Finds the page of a directory", opts)
    immutable = _function(f"{name}-immutable", "immutable.js", "Tells browsers to keep hashed files", opts)
    return EdgeRules(
        pages_cache_id=_cache_policy(f"{name}-pages", _PAGE_TTL, _LONGEST_PAGE_TTL, opts).id,
        hashed_cache_id=_cache_policy(f"{name}-hashed", _YEAR, _YEAR, opts).id,
        headers_id=_headers_policy(f"{name}-headers", content_security_policy, hsts_preload, opts).id,
        directory_index_arn=index.arn,
        immutable_arn=immutable.arn,
    )


def _cache_policy(name: str, ttl: int, longest: int, opts: pulumi.ResourceOptions) -> aws.cloudfront.CachePolicy:
    """Keep a file for `ttl` seconds unless its own Cache-Control says otherwise, up to `longest`.

    Nothing of the request but its path makes a difference, so that a query string cannot empty the cache.
    """
    return aws.cloudfront.CachePolicy(
        name,
        min_ttl=0,
        default_ttl=ttl,
        max_ttl=longest,
        parameters_in_cache_key_and_forwarded_to_origin={
            "cookies_config": {"cookie_behavior": "none"},
            "headers_config": {"header_behavior": "none"},
            "query_strings_config": {"query_string_behavior": "none"},
            "enable_accept_encoding_brotli": True,
            "enable_accept_encoding_gzip": True,
        },
        opts=opts,
    )


def _headers_policy(
    name: str, content_security_policy: str, hsts_preload: bool, opts: pulumi.ResourceOptions
) -> aws.cloudfront.ResponseHeadersPolicy:
    return aws.cloudfront.ResponseHeadersPolicy(
        name,
        security_headers_config={
            "strict_transport_security": {
                "access_control_max_age_sec": 2 * _YEAR,
                "include_subdomains": True,
                "preload": hsts_preload,
                "override": True,
            },
            "content_security_policy": {"content_security_policy": content_security_policy, "override": True},
            "content_type_options": {"override": True},
            "frame_options": {"frame_option": "DENY", "override": True},
            "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
        },
        custom_headers_config={
            "items": [
                {"header": "Permissions-Policy", "value": _PERMISSIONS, "override": True},
                # Without any, browsers guess how long a page stays fresh; a file uploaded with its own keeps it.
                {"header": "Cache-Control", "value": _REVALIDATE, "override": False},
            ]
        },
        opts=opts,
    )


def _function(name: str, file: str, comment: str, opts: pulumi.ResourceOptions) -> aws.cloudfront.Function:
    code = (_FUNCTIONS / file).read_text(encoding="utf-8")
    return aws.cloudfront.Function(
        name, runtime="cloudfront-js-2.0", comment=comment, code=code, publish=True, opts=opts
    )


def pages_behavior(rules: EdgeRules, origin: str) -> aws.cloudfront.DistributionDefaultCacheBehaviorArgsDict:
    """Serve pages and other files under a stable name: fresh within a minute, directories answered by their index."""
    return {
        "target_origin_id": origin,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": rules.pages_cache_id,
        "response_headers_policy_id": rules.headers_id,
        "function_associations": [{"event_type": "viewer-request", "function_arn": rules.directory_index_arn}],
    }


def hashed_behaviors(
    rules: EdgeRules, origin: str, paths: Sequence[str]
) -> list[aws.cloudfront.DistributionOrderedCacheBehaviorArgsDict]:
    """Serve the files under `paths`, whose names change with their content: kept for a year here and in browsers."""
    return [
        {
            "path_pattern": path,
            "target_origin_id": origin,
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": rules.hashed_cache_id,
            "response_headers_policy_id": rules.headers_id,
            "function_associations": [{"event_type": "viewer-response", "function_arn": rules.immutable_arn}],
        }
        for path in paths
    ]
