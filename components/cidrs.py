"""Ranges of addresses, as components are given them; this module creates no resource."""

from ipaddress import IPv4Network


def ipv4_network(field: str, cidr: str) -> IPv4Network:
    """Read a range of the input `field`; raises ValueError when it is none."""
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"{field} must hold IPv4 networks, got {cidr!r}: {error}") from error
