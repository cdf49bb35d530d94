"""How the addresses of a VPC are cut into subnets."""

from dataclasses import dataclass
from ipaddress import IPv4Network

# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html; below /20 the slots get too small for pods.
_LARGEST_PREFIX, _SMALLEST_PREFIX = 16, 20
_PRIVATE_RANGES = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


@dataclass(frozen=True)
class SubnetPlan:
    """The address ranges of one zone."""

    zone: str
    public_cidr: str
    private_cidr: str


def plan_subnets(cidr: str, zones: tuple[str, ...]) -> list[SubnetPlan]:
    """Give each zone its ranges by its position alone, so that adding a zone at the end moves no subnet.

    The VPC is cut in four quarters: one for each private subnet, where pods take an address each, and the last one
    cut in four again for the public subnets, which hold load balancers and NAT. A /16 gives /18 and /20.
    """
    *private, shared = IPv4Network(cidr).subnets(prefixlen_diff=2)
    public = list(shared.subnets(prefixlen_diff=2))
    return [SubnetPlan(zone, str(public[i]), str(private[i])) for i, zone in enumerate(zones)]


def check_cidr(cidr: str) -> None:
    """Raise `ValueError` when `cidr` is not a private range that has room for every subnet."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"cidr must be an IPv4 network such as '10.0.0.0/16', got {cidr!r}: {error}") from error
    if not _LARGEST_PREFIX <= network.prefixlen <= _SMALLEST_PREFIX:
        raise ValueError(f"cidr must be from /{_LARGEST_PREFIX} to /{_SMALLEST_PREFIX}, got {cidr!r}")
    if not any(network.subnet_of(private) for private in _PRIVATE_RANGES):
        raise ValueError(f"cidr must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, got {cidr!r}")
