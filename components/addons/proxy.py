"""What the ingress controllers have in common: their choices, node ports, and the shape of their pods."""

from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from components import pods

NAMESPACE = "ingress"
"""Namespace of the controller."""
HTTP_NODE_PORT = 30080
"""Port of every node that answers HTTP, with a redirect to HTTPS."""
HTTPS_NODE_PORT = 30443
"""Port of every node that answers HTTPS."""
HEALTH_PATH = "/.well-known/ingress-health"
"""Path on which the proxy answers for itself; one that no application claims."""
RESOURCES = pods.resources("100m", "128Mi", limit="256Mi")
"""What a pod of the controller needs at rest, and the memory at which it is stopped."""


@dataclass(frozen=True, kw_only=True)
class ProxyArgs:
    """What the user chooses about the pods of an ingress controller."""

    replicas: int = 2
    """Pods of the controller, spread over zones and nodes; only the nodes that hold one take traffic."""
    trusted_cidrs: tuple[str, ...] = ()
    """IPv4 ranges whose X-Forwarded-For header is believed: those of an application load balancer, such as the VPC's.
    Omitted, none: a network load balancer keeps the client's address on the connection."""
    load_balancer_hostname: pulumi.Input[str] | None = None
    """DNS name of the load balancer, which Ingress objects report as their address; omitted, they report none, and
    Pulumi waits in vain for one when it creates an Ingress."""

    def __post_init__(self) -> None:
        """Refuse an ingress that serves nobody, or believes anybody."""
        if self.replicas < 1:
            raise ValueError(f"replicas must be 1 or more, got {self.replicas}")
        for cidr in self.trusted_cidrs:
            if _network(cidr).prefixlen == 0:
                raise ValueError(f"trusted_cidrs must not trust every address, got {cidr!r}")


def _network(cidr: str) -> IPv4Network:
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"trusted_cidrs must be IPv4 networks such as '10.0.0.0/16', got {cidr!r}: {error}") from error
