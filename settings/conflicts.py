"""What contradicts another section of the same settings: one sentence each."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from settings.k3s_conflicts import k3s_conflicts
from settings.sections import Ingress, Network, Settings

# EKS takes the addresses of services from here, or from 10.100.0.0/16 where a VPC is in the way; keeping every VPC out
# of here keeps them apart from the services of every cluster:
# https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
_SERVICES = IPv4Network("172.20.0.0/16")
# EKS wants subnets in two zones: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
_ZONES_OF_A_CLUSTER = 2
_BUILDS_ON = (
    ("cluster", "network"),
    ("ingress", "cluster"),
    ("certificates", "cluster"),
    ("certificates", "dns"),
    ("external_dns", "ingress"),
    ("external_dns", "dns"),
    ("autoscaling", "cluster"),
    ("database", "cluster"),
    ("backups", "cluster"),
    ("monitoring", "cluster"),
    ("users_api", "ingress"),
    ("users_api", "database"),
    ("f1_vote", "ingress"),
    ("web_frontend", "ingress"),
    ("vaultwarden", "ingress"),
    ("gitlab_runner", "cluster"),
    ("sleep", "cluster"),
)


def conflicts(given: Mapping[str, Any], broken: Collection[str]) -> Iterator[str]:
    """Sentences for the sections that were read, apart from those that need a `broken` one."""
    present = {*given, *broken}
    for name, needed in _BUILDS_ON:
        if name in present and needed not in present:
            yield f"socle:{name}: expected socle:{needed} to be set too, because it builds on it"
    readable = Settings.model_construct(**given)
    if readable.network and "cluster" in present:
        yield from _network_for_cluster(readable.network)
    if "dns" not in broken:
        yield from _names_in_zone(readable)
    yield from _names_used_once(readable)
    if not {"ingress", "certificates"} & {*broken}:
        yield from _hosts_without_certificate(readable)
    yield from _parts_without_ground(readable, present)
    yield from _of_the_vote(readable)
    if readable.cluster and readable.cluster.kind == "k3s":
        yield from k3s_conflicts(readable, readable.cluster)


def hosts(settings: Settings) -> dict[str, str]:
    """Hosts that the ingress serves, by full key."""
    holders = {
        "socle:users_api.host": settings.users_api,
        "socle:f1_vote.host": settings.f1_vote,
        "socle:web_frontend.host": settings.web_frontend,
        "socle:vaultwarden.host": settings.vaultwarden,
    }
    return {key: section.host for key, section in holders.items() if section and section.host}


def _network_for_cluster(network: Network) -> Iterator[str]:
    if network.cidr.overlaps(_SERVICES):
        yield (
            f"socle:network.cidr: expected a range that does not overlap {_SERVICES}, where Kubernetes services live,"
            f' got "{network.cidr}"'
        )
    if network.zones < _ZONES_OF_A_CLUSTER:
        yield f"socle:network.zones: expected a whole number from 2 to 3, as EKS asks, got {network.zones}"
    if network.egress == "none":
        yield (
            "socle:network.egress: expected nat-instance, nat-gateway or nat-gateway-per-zone, because the nodes of "
            'socle:cluster are private and fetch their images from the internet, got "none"'
        )


def _names_in_zone(settings: Settings) -> Iterator[str]:
    ingress, site = settings.ingress, settings.site
    names = [(f"socle:ingress.certificate_domains[{i}]", name) for i, name in _numbered(ingress)]
    if site and site.domain:
        names.append(("socle:site.domain", site.domain))
    names += hosts(settings).items()
    for path, name in names:
        if not settings.dns:
            yield f"{path}: expected socle:dns to be set too, because its records are made in that zone"
        elif not _in_zone(name, settings):
            yield f'{path}: expected a name inside socle:dns.zone "{settings.dns.zone}", got "{name}"'


def _names_used_once(settings: Settings) -> Iterator[str]:
    names = hosts(settings)
    if settings.site and settings.site.domain:
        names = {"socle:site.domain": settings.site.domain, **names}
    owners: dict[str, str] = {}
    for path, name in names.items():
        if name in owners:
            yield f'{path}: expected a name that {owners[name]} does not have, got "{name}"'
        owners.setdefault(name, path)


def _hosts_without_certificate(settings: Settings) -> Iterator[str]:
    if not settings.ingress:
        return
    domains = settings.ingress.certificate_domains
    for path, host in hosts(settings).items():
        if settings.ingress.load_balancer == "network":
            if not settings.certificates:
                yield (
                    f"{path}: expected socle:certificates to be set too, because a network load balancer leaves TLS "
                    "to the cluster"
                )
        elif settings.ingress.allow_plain_http:
            continue
        elif _in_zone(host, settings) and host not in domains and f"*.{host.partition('.')[2]}" not in domains:
            yield (
                f"{path}: expected a name that socle:ingress.certificate_domains covers, because TLS ends at the "
                f'application load balancer, got "{host}"'
            )


def _parts_without_ground(settings: Settings, present: Collection[str]) -> Iterator[str]:
    database, vaultwarden, certificates = settings.database, settings.vaultwarden, settings.certificates
    if database and database.backup and "certificates" not in present:
        yield (
            "socle:database.backup: expected socle:certificates to be set too, because the backup plugin talks to the "
            "operator with certificates of cert-manager"
        )
    if vaultwarden and vaultwarden.database == "postgresql" and "database" not in present:
        yield 'socle:vaultwarden.database: expected "sqlite", because socle:database is not set, got "postgresql"'
    if certificates and certificates.challenge == "http-01" and "ingress" not in present:
        yield 'socle:certificates.challenge: expected "dns-01", because socle:ingress is not set, got "http-01"'
    nginx = settings.ingress is not None and settings.ingress.controller == "nginx"
    if certificates and certificates.challenge == "http-01" and nginx:
        yield 'socle:certificates.challenge: expected "dns-01", because nginx serves one Ingress a host, got "http-01"'


def _of_the_vote(settings: Settings) -> Iterator[str]:
    vote, ingress = settings.f1_vote, settings.ingress
    if ingress and ingress.health_path and not (vote and vote.host is None):
        yield (
            "socle:ingress.health_path: expected none, because the load balancer asks without a name, and every "
            "application of this stack answers to its own"
        )
    if not vote or not ingress:
        return
    if vote.host is None and not ingress.allow_plain_http:
        yield "socle:f1_vote.host: missing, expected a name, unless socle:ingress.allow_plain_http is true"
    if vote.admin == "password" and ingress.controller != "traefik":
        yield (
            'socle:f1_vote.admin: expected "application", because of the controllers only traefik asks for a password '
            'on a part of a host, got "password"'
        )


def _in_zone(name: str, settings: Settings) -> bool:
    return settings.dns is not None and f".{name}".endswith(f".{settings.dns.zone}")


def _numbered(ingress: Ingress | None) -> Iterable[tuple[int, str]]:
    return enumerate(ingress.certificate_domains if ingress else ())
