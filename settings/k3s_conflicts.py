"""What a cluster of K3s cannot do with the other settings: one sentence each."""

from collections.abc import Iterator

from components import versions
from settings.cluster import SERVER_COUNTS, Cluster
from settings.kinds import architecture_of
from settings.sections import Settings

_THREE = SERVER_COUNTS[-1]


def k3s_conflicts(settings: Settings, cluster: Cluster) -> Iterator[str]:
    """Sentences for the sections that were read."""
    if cluster.version not in versions.K3S_RELEASES:
        offered = " or ".join(f'"{version}"' for version in versions.K3S_RELEASES)
        reason = f'for which a release of k3s is pinned, got "{cluster.version}"'
        yield f"socle:cluster.version: expected {offered}, {reason}"
    yield from _machines(settings, cluster)
    ingress, monitoring = settings.ingress, settings.monitoring
    if cluster.api_cidrs and not (ingress and ingress.load_balancer == "network"):
        yield (
            "socle:cluster.api_cidrs: expected [], because without a network load balancer in socle:ingress nothing "
            "carries the API of k3s to the internet, and `make up` opens a tunnel through the bastion"
        )
    if monitoring and monitoring.container_insights:
        yield "socle:monitoring.container_insights: expected false, because socle:cluster.kind is k3s, got true"


def agents(cluster: Cluster) -> int:
    """Machines of all groups, as K3s counts them."""
    return sum(group.size for group in cluster.node_groups.values())


def _machines(settings: Settings, cluster: Cluster) -> Iterator[str]:
    zones = settings.network.zones if settings.network else _THREE
    if cluster.k3s.servers == _THREE and zones < _THREE:
        yield (
            f"socle:cluster.k3s.servers: expected 1, because three servers want socle:network.zones to be 3, and it is "
            f"{zones}, got 3"
        )
    architecture = architecture_of(cluster.k3s.server_type)
    for name, group in cluster.node_groups.items():
        if group.architecture != architecture:
            yield (
                f"socle:cluster.node_groups.{name}.architecture: expected {architecture}, because k3s.server_type "
                f'{cluster.k3s.server_type} is {architecture}, got "{group.architecture}"'
            )
    if settings.f1_vote and agents(cluster) == 0:
        yield (
            "socle:cluster.node_groups: expected one machine at least, because socle:f1_vote runs beside the servers, "
            "got 0"
        )
