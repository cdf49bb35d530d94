"""Names of the platform: hosted zone, certificates and alias records, all in Route 53 and ACM."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# Labels of 1 to 63 letters, digits and inner hyphens, at least two of them (RFC 1035, section 2.3.1).
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
_LONGEST_DOMAIN_NAME = 253
# Seconds that resolvers keep a validation record; it changes only when the certificate's names do.
_VALIDATION_TTL = 300


def check_domain_name(field: str, value: str, *, wildcard: bool = False) -> None:
    """Raise `ValueError` when `value` is not a lower-case domain name; `wildcard` accepts `*.` in front."""
    bare = value.removeprefix("*.") if wildcard else value
    if len(value) > _LONGEST_DOMAIN_NAME or not _DOMAIN_NAME.fullmatch(bare):
        example = "www.example.com or *.example.com" if wildcard else "www.example.com"
        raise ValueError(f"{field} must be a lower-case domain name such as {example}, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class HostedZoneArgs:
    """Inputs of `HostedZone`."""

    domain_name: str
    """Domain that the zone answers for, for example `staging.example.com`."""

    def __post_init__(self) -> None:
        """Refuse what is not a domain name."""
        check_domain_name("domain_name", self.domain_name)


class HostedZone(pulumi.ComponentResource):
    """A public hosted zone, about 0.50 USD a month.

    It answers nobody until the parent zone or the registrar delegates the domain to `name_servers`, and a
    certificate in it waits for that delegation. Deleting it fails while it holds records that others made.
    """

    zone_id: pulumi.Output[str]
    """Id of the zone, where records are added."""
    name_servers: pulumi.Output[Sequence[str]]
    """Name servers to enter at the registrar, or as NS records of the parent zone."""

    def __init__(self, name: str, args: HostedZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:HostedZone", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # The name is given: it is the domain itself, which the whole internet must know.
        zone = aws.route53.Zone(f"{name}-zone", name=args.domain_name, force_destroy=False, opts=child)
        self.zone_id = zone.zone_id
        self.name_servers = zone.name_servers
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """Inputs of `Certificate`."""

    domain_name: str
    """First name on the certificate; `*.example.com` covers every name one level below."""
    zone_id: pulumi.Input[str]
    """Hosted zone that answers for every name of the certificate."""
    alternative_names: tuple[str, ...] = ()
    """Other names on the certificate; none when omitted."""
    region: str | None = None
    """AWS region of the certificate: `us-east-1` for CloudFront, the provider's region when omitted."""

    def __post_init__(self) -> None:
        """Refuse what is not a domain name, and names given twice."""
        check_domain_name("domain_name", self.domain_name, wildcard=True)
        for alternative in self.alternative_names:
            check_domain_name("alternative_names", alternative, wildcard=True)
        names = [self.domain_name, *self.alternative_names]
        repeated = sorted({each for each in names if names.count(each) > 1})
        if repeated:
            raise ValueError(
                f"alternative_names must differ from each other and from domain_name, got {repeated[0]!r} twice"
            )


def validated_domains(args: CertificateArgs) -> list[str]:
    """Domains to prove: ACM asks the same record for `*.example.com` and `example.com`, so one of the two is enough."""
    return list(dict.fromkeys(each.removeprefix("*.") for each in (args.domain_name, *args.alternative_names)))


class Certificate(pulumi.ComponentResource):
    """A free public certificate that ACM issues and renews as long as its validation records stay in the zone.

    Creation waits until ACM has seen the records, usually a few minutes, and never ends while the zone is not
    delegated. Two certificates of one account for the same domain share the validation record, whatever their
    regions: destroying one certificate removes it, and the next `pulumi up --refresh` restores it for the other.
    """

    arn: pulumi.Output[str]
    """ARN of the certificate, known once it is issued."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        domains = validated_domains(args)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain_name,
            subject_alternative_names=list(args.alternative_names) or None,
            validation_method="DNS",
            region=args.region,
            opts=child,
        )
        records = [
            _validation_record(f"{name}-{domain}", args.zone_id, certificate, domain, child) for domain in domains
        ]
        issued = aws.acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            region=args.region,
            opts=child,
        )
        self.arn = issued.certificate_arn
        self.register_outputs({"arn": self.arn})


def _validation_record(
    name: str,
    zone_id: pulumi.Input[str],
    certificate: aws.acm.Certificate,
    domain: str,
    opts: pulumi.ResourceOptions,
) -> aws.route53.Record:
    """Record by which ACM sees that `domain` is ours."""
    option = certificate.domain_validation_options.apply(lambda options: _option_of(domain, options))
    return aws.route53.Record(
        name,
        zone_id=zone_id,
        name=option.resource_record_name,
        type=option.resource_record_type,
        records=[option.resource_record_value],
        ttl=_VALIDATION_TTL,
        # Another certificate for this domain, in another region, may have made the very same record.
        allow_overwrite=True,
        opts=opts,
    )


def _option_of(
    domain: str, options: Sequence[aws.acm.outputs.CertificateDomainValidationOption]
) -> aws.acm.outputs.CertificateDomainValidationOption:
    """Validation option of `domain`: ACM gives them in no order, and an apex may stand under its wildcard alone."""
    return next(option for option in options if (option.domain_name or "").removeprefix("*.") == domain)


@dataclass(frozen=True, kw_only=True)
class AliasTarget:
    """Where an alias record leads: the pair that a load balancer or a distribution gives."""

    dns_name: pulumi.Input[str]
    """Name of the target, for example `d111111abcdef8.cloudfront.net`."""
    zone_id: pulumi.Input[str]
    """Id of the zone that AWS keeps the target's name in, not of ours."""


def alias_records(
    name: str,
    *,
    zone_id: pulumi.Input[str],
    domain_name: str,
    target: AliasTarget,
    ipv6: bool,
    opts: pulumi.ResourceOptions,
) -> dict[str, aws.route53.Record]:
    """Point `domain_name` at an AWS resource over IPv4, and over IPv6 when `ipv6`; returns the records by type.

    Route 53 answers alias queries for free. A record that already exists under the name is refused, never replaced.
    """
    check_domain_name("domain_name", domain_name, wildcard=True)
    kinds = {"A": "ipv4", "AAAA": "ipv6"} if ipv6 else {"A": "ipv4"}
    return {
        kind: aws.route53.Record(
            f"{name}-{label}",
            zone_id=zone_id,
            name=domain_name,
            type=kind,
            # Health matters only to a choice between several records, and CloudFront refuses it.
            aliases=[{"name": target.dns_name, "zone_id": target.zone_id, "evaluate_target_health": False}],
            opts=opts,
        )
        for kind, label in kinds.items()
    }
