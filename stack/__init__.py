"""The platform of one stack: what it consists of, and what feeds what. Reads from top to bottom like the diagram."""

from settings import Settings
from stack.addons import autoscaling, backups, certificates, database, drill, records
from stack.cluster import cluster, door
from stack.foundation import Outputs, foundation, hosted_zone, private_network
from stack.monitoring import monitoring
from stack.site import static_site
from stack.workloads import gitlab_runner, users_api, vaultwarden, web_frontend

__all__ = ["Outputs", "declare"]


def declare(settings: Settings) -> Outputs:
    """Declare the stack; returns what its user needs next. A part without its section is absent."""
    base = foundation(settings)

    zone = hosted_zone(base)
    network = private_network(base)
    eks = cluster(base, network)
    web = door(base, network, eks, zone)
    static_site(base, zone)

    issuer = certificates(base, eks, zone)
    records(base, eks, web, zone)
    autoscaling(base, eks)
    postgresql = database(base, eks, issuer)
    velero = backups(base, eks)
    drill(base, velero, postgresql)

    users_api(base, eks, web, issuer, postgresql)
    web_frontend(base, eks, web, issuer)
    vaultwarden(base, eks, web, issuer, postgresql)
    gitlab_runner(base, eks)
    monitoring(base, eks, web)

    return base.outputs
