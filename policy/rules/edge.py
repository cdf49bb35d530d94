"""What visitors reach: load balancers, CloudFront, certificates, records, functions."""

import re
from collections.abc import Iterator
from typing import Any, Final

from policy.rules.model import Context, NotEvaluated, Resource, Said, Stack, StackCheck, at, each, on

BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
LISTENER: Final = "aws:lb/listener:Listener"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_TLS: Final = re.compile(r"ELBSecurityPolicy-(?:TLS13-1-[23]|TLS-1-2|FS-1-2)(?!\d)")
_VIEWERS: Final = re.compile(r"TLSv1\.[23]_20(?:19|2\d)\Z")
_BY_AWS: Final = re.compile(r"\.(?:cloudfront\.net|elb\.[\w.-]*amazonaws\.com|s3-website[\w.-]*amazonaws\.com)\.?\Z")
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, read on 2026-11-21
_RUNTIMES: Final = re.compile(
    r"nodejs2[24]\.x|python3\.1[1-4]|java(?:17|21|25)|dotnet(?:8|10)|ruby3\.[34]|provided\.al2023"
)
_INVOKERS: Final = ("s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com", "apigateway.amazonaws.com")


@on(LISTENER)
def listener(way: Resource, _: Context) -> Iterator[str]:
    """HTTP only sends visitors to HTTPS, and TLS is new enough; a listener of TCP leaves both to the cluster."""
    protocol = str(way.at("protocol", default=""))
    if protocol == "HTTP":
        for action in way.each("defaultActions"):
            if at(action, "type") != "redirect" or at(action, "redirect", "protocol") != "HTTPS":
                yield "it serves plain HTTP instead of sending visitors to HTTPS"
    if protocol in ("HTTPS", "TLS") and not _TLS.match(str(way.at("sslPolicy", default=""))):
        yield f"sslPolicy is {way.at('sslPolicy')}, expected one of TLS 1.2 or newer"


@on(BALANCER)
def headers(balancer: Resource, _: Context) -> Iterator[str]:
    """Headers that break the rules of HTTP do not reach the pods."""
    if balancer.at("loadBalancerType", default="application") == "application" and not balancer.yes(
        "dropInvalidHeaderFields"
    ):
        yield "dropInvalidHeaderFields is not true"


@on("kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:Ingress")
def controlled(object_: Resource, _: Context) -> Iterator[str]:
    """Load balancers that annotations ask for do as much."""
    notes = object_.at("metadata", "annotations", default={})
    policy = notes.get("alb.ingress.kubernetes.io/ssl-policy")
    if policy and not _TLS.match(str(policy)):
        yield f"alb.ingress.kubernetes.io/ssl-policy is {policy}, expected one of TLS 1.2 or newer"
    if "alb.ingress.kubernetes.io/scheme" in notes and "alb.ingress.kubernetes.io/ssl-redirect" not in notes:
        yield "it has no annotation alb.ingress.kubernetes.io/ssl-redirect"


@on("aws:cloudfront/distribution:Distribution")
def distribution(site: Resource, _: Context) -> Iterator[str]:
    """Visitors of the site come by HTTPS."""
    behaviours = [site.at("defaultCacheBehavior", default={}), *site.each("orderedCacheBehaviors")]
    for behaviour in behaviours:
        if at(behaviour, "viewerProtocolPolicy") not in ("redirect-to-https", "https-only"):
            yield f"viewerProtocolPolicy of {at(behaviour, 'pathPattern', default='the rest')} lets plain HTTP in"


@on("aws:cloudfront/distribution:Distribution")
def viewers(site: Resource, _: Context) -> Iterator[str]:
    """Its certificate is its own, and TLS new enough."""
    certificate: Any = site.inputs.get("viewerCertificate") or {}
    if at(certificate, "cloudfrontDefaultCertificate"):
        yield "it uses CloudFront's own certificate, with which AWS allows TLS 1.0"
    elif not _VIEWERS.match(str(at(certificate, "minimumProtocolVersion", default=""))):
        yield f"minimumProtocolVersion is {at(certificate, 'minimumProtocolVersion')}, expected TLSv1.2_2021 or newer"


@on("aws:cloudfront/distribution:Distribution")
def origins(site: Resource, _: Context) -> Iterator[str]:
    """Buckets behind it are asked with its signature."""
    for origin in site.each("origins"):
        custom = origin.get("customOriginConfig")
        if custom is None and origin.get("originAccessControlId") in (None, ""):
            yield f"the origin {at(origin, 'originId')} has no originAccessControlId"
        elif custom is not None and at(custom, "originProtocolPolicy") != "https-only":
            yield f"the origin {at(origin, 'originId')} is asked by plain HTTP"


@on("aws:cloudfront/originAccessControl:OriginAccessControl")
def signing(control: Resource, _: Context) -> Iterator[str]:
    """Every request is signed."""
    if control.at("signingBehavior") != "always":
        yield f"signingBehavior is {control.at('signingBehavior')}, expected always"


@on("aws:acm/certificate:Certificate")
def certificate(certificate_: Resource, _: Context) -> Iterator[str]:
    """Certificates renew themselves."""
    if certificate_.at("privateKey") is None and certificate_.at("validationMethod") != "DNS":
        yield f"validationMethod is {certificate_.at('validationMethod')}, expected DNS, which renews by itself"


@on("aws:route53/record:Record")
def dangling(record: Resource, _: Context) -> Iterator[str]:
    """A record that points at something of AWS is made from that thing, and goes with it."""
    made = record.links or {}
    targets = [("aliases", at(each_, "name")) for each_ in record.each("aliases")] if not made.get("aliases") else []
    targets += [("records", value) for value in each(record.inputs, "records")] if not made.get("records") else []
    for key, target in targets:
        if target and _BY_AWS.search(str(target)):
            if record.links is None:
                raise NotEvaluated(key)
            yield f"it points at {target}, which no resource of the stack is: whoever takes that name gets visitors"


@on("aws:lambda/function:Function")
def function(function_: Resource, _: Context) -> Iterator[str]:
    """The runtime is supported."""
    runtime = function_.at("runtime")
    if runtime and not _RUNTIMES.fullmatch(str(runtime)):
        yield f"the runtime {runtime} is not supported any more"


@on("aws:lambda/permission:Permission")
def permission(permission_: Resource, _: Context) -> Iterator[str]:
    """Who may call a function is one resource, not a service for everybody."""
    principal = str(permission_.at("principal", default=""))
    if principal == "*":
        yield "anybody may call it"
    elif principal in _INVOKERS and not permission_.inputs.get("sourceArn"):
        yield f"{principal} may call it for anybody, for want of sourceArn"


@on("aws:apigatewayv2/stage:Stage")
def api(stage: Resource, _: Context) -> Iterator[str]:
    """An API has logs and a limit."""
    if not stage.inputs.get("accessLogSettings"):
        yield "accessLogSettings is not set"
    if not stage.at("defaultRouteSettings", "throttlingRateLimit"):
        yield "defaultRouteSettings.throttlingRateLimit is not set"


def _proof(stack: Stack) -> Iterator[Said]:
    """For every certificate, something waits until it is issued."""
    asked = [each_ for each_ in stack.of("aws:acm/certificate:Certificate") if each_.at("privateKey") is None]
    waiting = len(list(stack.of("aws:acm/certificateValidation:CertificateValidation")))
    for certificate_ in asked[waiting:]:
        yield certificate_, "nothing waits until it is issued (no CertificateValidation)"


CHECKS: Final = {
    "EDGE-01": (listener, headers, controlled),
    "EDGE-02": (distribution, viewers, origins, signing),
    "EDGE-03": (certificate, dangling, StackCheck(_proof)),
    "EDGE-04": (function, permission, api),
}
