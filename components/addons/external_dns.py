"""DNS records of the hosts that Ingress objects name, kept by external-dns."""

import re
from dataclasses import dataclass
from typing import Literal

import pulumi

from components import iam, versions
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.dns import check_domain_name
from components.namespace import make_namespace
from components.pods import Values, resources

NAMESPACE = "external-dns"
"""Namespace of external-dns, and of nothing else."""
REPOSITORY = "https://kubernetes-sigs.github.io/external-dns/"
CHART = "external-dns"

Policy = Literal["sync", "upsert-only"]

_SERVICE_ACCOUNT = "external-dns"
# Beside each record lies a TXT record that says whose it is. A prefix with the record's type and a final dot also
# stays inside the zone for its apex: https://kubernetes-sigs.github.io/external-dns/latest/docs/registry/txt/
_TXT_PREFIX = "_owner-%{record_type}."
_RECORD_TYPES = ("A", "AAAA", "CNAME")
# Route 53 has one API for all regions, whose requests are signed for this one:
# https://docs.aws.amazon.com/general/latest/gr/r53.html
_ROUTE53_REGION = "us-east-1"
# It stands unquoted among comma-separated settings of a TXT record.
_OWNER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class ExternalDnsArgs:
    """Inputs of `ExternalDns`."""

    cluster: Cluster
    """Cluster whose Ingress objects name the hosts."""
    zone_id: pulumi.Input[str]
    """Id of the one hosted zone that it writes."""
    zone_name: str
    """Domain of that zone, without a final dot; hosts outside it are left alone."""
    owner_id: str
    """Whose records these are, unique among all that write the zone; another one abandons the records of the first."""
    target: pulumi.Input[str]
    """DNS name of the load balancer, to which every record points whatever its Ingress says."""
    policy: Policy = "sync"
    """`sync` deletes a record with its Ingress; `upsert-only` leaves it to whoever edits the zone."""
    chart_version: str = versions.EXTERNAL_DNS_CHART.version
    """Version of the chart, which brings its own version of the program."""

    def __post_init__(self) -> None:
        """Refuse what would write records that nobody can tell apart, or none."""
        if not _OWNER_ID.fullmatch(self.owner_id):
            raise ValueError(f"owner_id must be letters, digits, dots, hyphens and underscores, got {self.owner_id!r}")
        check_domain_name("zone_name", self.zone_name)


def dns_permissions(zone_id: str) -> str:
    """JSON policy: read one zone, and write its address records and the TXT records beside them.

    Name servers, mail and certificate authorities of the zone stay out of reach.
    """
    zone = f"arn:aws:route53:::hostedzone/{zone_id}"
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
    only_hosts = {"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": [*_RECORD_TYPES, "TXT"]}}
    return iam.document(
        iam.statement(["route53:ChangeResourceRecordSets"], [zone], conditions=only_hosts),
        iam.statement(["route53:ListResourceRecordSets"], [zone]),
        # It finds its zone in the list of all; AWS cannot narrow this action:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
        iam.statement(["route53:ListHostedZones"], ["*"]),
    )


def external_dns_values(args: ExternalDnsArgs) -> Values:
    """Values of the chart: https://github.com/kubernetes-sigs/external-dns/tree/master/charts/external-dns ."""
    return {
        "fullnameOverride": "external-dns",
        "provider": {"name": "aws"},
        "serviceAccount": {"create": True, "name": _SERVICE_ACCOUNT},
        "sources": ["ingress"],
        "policy": args.policy,
        "registry": "txt",
        "txtOwnerId": args.owner_id,
        "txtPrefix": _TXT_PREFIX,
        "domainFilters": [args.zone_name],
        "managedRecordTypes": list(_RECORD_TYPES),
        # An event brings or takes a record within seconds. The interval mends what was changed by hand, and costs
        # requests, of which Route 53 takes five a second from the whole account:
        # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
        "interval": "1m",
        "triggerLoopOnEvent": True,
        "logFormat": "json",
        "extraArgs": [
            _flag("zone-id-filter", args.zone_id),
            "--aws-zone-type=public",
            "--aws-zones-cache-duration=1h",
            _flag("default-targets", args.target),
            # Else the address that an Ingress reports, or asks for by annotation, wins over ours:
            # https://github.com/kubernetes-sigs/external-dns/issues/6134
            "--force-default-targets",
            # A star inside the name of a TXT record is no wildcard.
            "--txt-wildcard-replacement=wildcard",
        ],
        "env": [{"name": "AWS_DEFAULT_REGION", "value": _ROUTE53_REGION}],
        "resources": resources("10m", "64Mi", limit="128Mi"),
    }


def _flag(name: str, value: pulumi.Input[str]) -> pulumi.Input[str]:
    return f"--{name}={value}" if isinstance(value, str) else pulumi.Output.concat(f"--{name}=", value)


class ExternalDns(pulumi.ComponentResource):
    """Records in one zone for the hosts of the cluster's Ingress objects, all pointing at one load balancer.

    An Ingress gets its record once its controller has given it an address. One pod, which is enough: records answer
    without it. Two at once would undo each other's work, so the new one starts when the old one has gone.
    """

    owner_id: pulumi.Output[str]
    """What the TXT record beside each of its records says, once external-dns runs."""

    def __init__(self, name: str, args: ExternalDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:ExternalDns", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        chart = ChartArgs(
            chart=CHART,
            version=args.chart_version,
            repository=REPOSITORY,
            namespace=namespace,
            values=external_dns_values(args),
            service_account=_SERVICE_ACCOUNT,
            policy=pulumi.Output.from_input(args.zone_id).apply(dns_permissions),
            # That one defines records as objects of the cluster, a source that is not used here.
            custom_resources="skip",
        )
        release = Chart(f"{name}-controller", chart, child)
        self.owner_id = release.release_name.apply(lambda _: args.owner_id)
        self.register_outputs({"owner_id": self.owner_id})
