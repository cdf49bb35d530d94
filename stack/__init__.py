"""The platform of one stack: what it consists of, and what feeds what. Reads from top to bottom like the diagram."""

import pulumi

from settings import Settings
from stack.addons import autoscaling, backups, certificates, database, drill, records
from stack.budget import budget
from stack.door import door, load_balancer
from stack.eks import eks_cluster
from stack.foundation import Outputs, foundation, hosted_zone, private_network
from stack.k3s import TUNNEL_PORT, k3s_cluster, k3s_machines
from stack.monitoring import monitoring
from stack.reach import check_reach
from stack.site import static_site
from stack.sleep import sleep_schedule
from stack.workloads import f1_vote, gitlab_runner, users_api, vaultwarden, web_frontend

__all__ = ["Outputs", "declare", "require_reach"]


def require_reach(settings: Settings) -> None:
    """Stop at once where the Kubernetes API is private and no tunnel leads to it; says which command opens one."""
    cluster = settings.cluster
    if cluster and cluster.kind == "k3s" and not cluster.api_cidrs:
        check_reach(pulumi.get_stack(), TUNNEL_PORT)


def declare(settings: Settings) -> Outputs:
    """Declare the stack; returns what its user needs next. A part without its section is absent."""
    base = foundation(settings)

    zone = hosted_zone(base)
    network = private_network(base)
    static_site(base, zone)

    # One of the two kinds. The machines of K3s come first: their API may be reached through the load balancer.
    eks = eks_cluster(base, network)
    machines = k3s_machines(base, network)
    nodes = eks or machines
    balancer = load_balancer(base, network, nodes.ingress_targets if nodes else None, zone)
    cluster = eks or k3s_cluster(base, network, machines, balancer)
    web = door(base, network, cluster, balancer)

    issuer = certificates(base, cluster, zone)
    records(base, cluster, web, zone)
    autoscaling(base, cluster)
    postgresql = database(base, cluster, issuer)
    velero = backups(base, cluster)
    drill(base, velero, postgresql)

    users_api(base, cluster, web, issuer, postgresql)
    f1_vote(base, cluster, web, issuer)
    web_frontend(base, cluster, web, issuer)
    vaultwarden(base, cluster, web, issuer, postgresql)
    gitlab_runner(base, cluster)
    monitoring(base, cluster, web)

    sleep_schedule(base, eks, machines)
    budget(base)

    return base.outputs
