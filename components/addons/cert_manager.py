"""TLS certificates from Let's Encrypt, asked for and renewed by cert-manager."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components import iam, versions
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.dns import check_domain_name
from components.namespace import make_namespace
from components.pods import Values, resources, spread

NAMESPACE = "cert-manager"
"""Namespace of cert-manager, of its ACME account keys, and of nothing else."""
CHART = "oci://quay.io/jetstack/charts/cert-manager"

IssuerName = Literal["letsencrypt-staging", "letsencrypt-production"]
Challenge = Literal["dns-01", "http-01"]

_SERVICE_ACCOUNT = "cert-manager"
# https://letsencrypt.org/docs/staging-environment/ and https://letsencrypt.org/docs/acme-protocol-updates/
_ACME_SERVERS: Mapping[IssuerName, str] = {
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
    "letsencrypt-production": "https://acme-v02.api.letsencrypt.org/directory",
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    """Inputs of `CertManager`."""

    cluster: Cluster
    """Cluster whose hosts get certificates."""
    zone_id: pulumi.Input[str]
    """Id of the public hosted zone in which the challenges are answered."""
    zone_name: str
    """Domain of that zone, without a final dot; a host outside it gets no certificate."""
    region: str
    """AWS region from which Route 53 is called, such as `eu-west-3`."""
    email: str
    """Address of the ACME accounts; Let's Encrypt refuses those of example.com and its kin."""
    issuer: IssuerName = "letsencrypt-staging"
    """Issuer that workloads get by default. Browsers do not trust `letsencrypt-staging`, which has far wider limits."""
    challenge: Challenge = "dns-01"
    """How a host is proven to be ours: `dns-01` by a record, before the host is reachable and for wildcards too;
    `http-01` by an answer on port 80, without permissions in AWS."""
    ingress_class: str | None = None
    """Class of the ingress that serves the answers of `http-01`; `dns-01` ignores it."""
    chart_version: str = versions.CERT_MANAGER_CHART.version
    """Version of the chart, which is that of the program too."""

    def __post_init__(self) -> None:
        """Refuse what would leave every certificate pending."""
        check_domain_name("zone_name", self.zone_name)
        if not _EMAIL.fullmatch(self.email):
            raise ValueError(f"email must be an address such as 'ops@devu42.fr', got {self.email!r}")
        if not self.region:
            raise ValueError(f"region must be an AWS region such as 'eu-west-3', got {self.region!r}")
        if self.challenge == "http-01" and not self.ingress_class:
            raise ValueError(f"ingress_class must be given for challenge 'http-01', got {self.ingress_class!r}")


def dns_permissions(zone_id: str) -> str:
    """JSON policy: answer challenges in one zone, by TXT records named `_acme-challenge` and by no other.

    https://cert-manager.io/docs/configuration/acme/dns01/route53/ ; finding the zone is not in it: the id is given.
    """
    zone = f"arn:aws:route53:::hostedzone/{zone_id}"
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
    only_answers = {
        "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]},
        "ForAllValues:StringLike": {"route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"]},
    }
    return iam.document(
        iam.statement(["route53:ChangeResourceRecordSets"], [zone], conditions=only_answers),
        iam.statement(["route53:ListResourceRecordSets"], [zone]),
        # Route 53 gives the change an id of its own; who can read it learns whether it has spread, nothing else.
        iam.statement(["route53:GetChange"], ["arn:aws:route53:::change/*"]),
    )


def cert_manager_values() -> Values:
    """Values of the chart: https://github.com/cert-manager/cert-manager/blob/v1.21.1/deploy/charts/cert-manager ."""
    return {
        "fullnameOverride": "cert-manager",
        # Without `keep`, removing the release removes every certificate of the cluster.
        "crds": {"enabled": True, "keep": True},
        "serviceAccount": {"create": True, "name": _SERVICE_ACCOUNT},
        # Its own namespace, so that it needs no rights in kube-system.
        "global": {"leaderElection": {"namespace": NAMESPACE}},
        "resources": resources("10m", "64Mi", limit="256Mi"),
        "cainjector": {"resources": resources("10m", "64Mi", limit="256Mi")},
        # While no webhook answers, no certificate can be created or changed: one outlives the drain of a node.
        "webhook": {
            "replicaCount": 2,
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "webhook"}),
            "resources": resources("10m", "32Mi", limit="64Mi"),
        },
        # The release is ready once the API takes a certificate; on a cold node that needs more than one minute.
        "startupapicheck": {"enabled": True, "timeout": "5m", "resources": resources("10m", "32Mi", limit="64Mi")},
    }


def solver(args: CertManagerArgs, zone_id: pulumi.Input[str]) -> Values:
    """One ACME solver, for the hosts of the zone only."""
    selector = {"dnsZones": [args.zone_name]}
    if args.challenge == "http-01":
        return {"selector": selector, "http01": {"ingress": {"ingressClassName": args.ingress_class}}}
    # No keys: the pod has its permissions from the cluster. Where nothing tells it the region, it needs it said.
    return {"selector": selector, "dns01": {"route53": {"hostedZoneID": zone_id, "region": args.region}}}


class CertManager(pulumi.ComponentResource):
    """Certificates of Let's Encrypt for the hosts of one zone, renewed by themselves a third before their end.

    Both issuers, staging and production, are there at any time. It may write the TXT records of challenges in the
    zone. It costs the CPU and memory of four small pods; the certificates are free.
    """

    issuer: pulumi.Output[str]
    """Name of the ClusterIssuer that workloads take by default, once it exists."""

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:CertManager", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        dns = args.challenge == "dns-01"
        chart = ChartArgs(
            chart=CHART,
            version=args.chart_version,
            namespace=namespace,
            values=cert_manager_values(),
            service_account=_SERVICE_ACCOUNT if dns else None,
            policy=pulumi.Output.from_input(args.zone_id).apply(dns_permissions) if dns else None,
        )
        release = Chart(f"{name}-controller", chart, child)
        # The release brings the definition of issuers, and the webhook that checks them.
        after = pulumi.ResourceOptions(parent=self, provider=args.cluster.provider, depends_on=[release])
        issuers = {key: _issuer(f"{name}-{key}", key, args, after) for key in _ACME_SERVERS}
        self.issuer = issuers[args.issuer].urn.apply(lambda _: str(args.issuer))
        self.register_outputs({"issuer": self.issuer})


def _issuer(
    name: str, issuer: IssuerName, args: CertManagerArgs, opts: pulumi.ResourceOptions
) -> kubernetes.apiextensions.CustomResource:
    return kubernetes.apiextensions.CustomResource(
        name,
        api_version="cert-manager.io/v1",
        kind="ClusterIssuer",
        # Named because Ingress objects refer to it.
        metadata={"name": issuer},
        spec={
            "acme": {
                "server": _ACME_SERVERS[issuer],
                "email": args.email,
                "privateKeySecretRef": {"name": f"{issuer}-account"},
                "solvers": [solver(args, args.zone_id)],
            }
        },
        opts=opts,
    )
