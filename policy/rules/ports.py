"""Security groups: which ports the internet reaches."""

from collections.abc import Iterator
from typing import Any, Final

from policy.rules.model import Context, Resource, at, each, on

GUARDED: Final = ((22, 22), (3389, 3389), (6443, 6443), (2379, 2380), (10250, 10250))
"""SSH, remote desktop, the Kubernetes API, etcd and the kubelet."""
_ALL: Final = ("-1", "all")
_LAST: Final = 65535
# A range wider than this opens more than what is served.
_WIDEST: Final = 1000


def _wrong(protocol: Any, first: Any, last: Any, source: str) -> str | None:
    """Why a way in from the internet is wrong; None when it is not."""
    if str(protocol) in _ALL:
        return f"all ports are open to {source}"
    low, high = int(0 if first is None else first), int(_LAST if last is None else last)
    for port, end in GUARDED:
        if low <= end and high >= port:
            return f"port {port} is open to {source}"
    return f"ports {low} to {high} are open to {source}" if high - low > _WIDEST else None


def _sources(*cidrs: Any) -> Iterator[str]:
    return (str(cidr) for cidr in cidrs if cidr and str(cidr).endswith("/0"))


@on("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
def rule(way: Resource, _: Context) -> Iterator[str]:
    """One way in."""
    for source in _sources(way.at("cidrIpv4"), way.at("cidrIpv6")):
        found = _wrong(way.at("ipProtocol"), way.at("fromPort"), way.at("toPort"), source)
        if found:
            yield found


@on("aws:ec2/securityGroupRule:SecurityGroupRule")
def older_rule(way: Resource, _: Context) -> Iterator[str]:
    """One way in, in the older form."""
    if way.at("type") == "ingress":
        for source in _sources(*way.each("cidrBlocks"), *way.each("ipv6CidrBlocks")):
            found = _wrong(way.at("protocol"), way.at("fromPort"), way.at("toPort"), source)
            if found:
                yield found


@on("aws:ec2/securityGroup:SecurityGroup")
def group(group_: Resource, _: Context) -> Iterator[str]:
    """The ways in that a group has in itself."""
    for way in group_.each("ingress"):
        for source in _sources(*each(way, "cidrBlocks"), *each(way, "ipv6CidrBlocks")):
            found = _wrong(at(way, "protocol"), at(way, "fromPort"), at(way, "toPort"), source)
            if found:
                yield found


CHECKS: Final = {"EC2-03": (rule, older_rule, group)}
