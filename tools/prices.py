"""Monthly list prices of what a stack can leave behind: on demand, in USD, without taxes and free allowances.

They are those of one region. AWS publishes them, without an account, at
https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json; the pages named below show the same to people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

REGION: Final = "eu-west-3"
"""Region of the prices; elsewhere they differ, and are not guessed."""
READ: Final = "2026-10"
"""When they were read."""
HOURS: Final = 730
"""Hours that AWS counts for a month."""
GIB: Final = 1024**3

# https://aws.amazon.com/ebs/pricing/
_GP3_GIB: Final = 0.0928
_GP3_IOPS: Final = 0.0058  # above 3000
_GP3_MIBPS: Final = 0.0464  # above 125
_GP3_FREE_IOPS: Final = 3000
_GP3_FREE_MIBPS: Final = 125
_GP2_GIB: Final = 0.116
_SNAPSHOT_GIB: Final = 0.053
# https://aws.amazon.com/vpc/pricing/
_NAT_GATEWAY_HOUR: Final = 0.05
_PUBLIC_ADDRESS_HOUR: Final = 0.005
_INTERFACE_ENDPOINT_HOUR: Final = 0.011  # in each zone
# https://aws.amazon.com/elasticloadbalancing/pricing/
_BALANCER_HOUR: Final = 0.02646
# https://aws.amazon.com/eks/pricing/
_CLUSTER_HOUR: Final = 0.10
# https://aws.amazon.com/cloudwatch/pricing/
_LOGS_GIB: Final = 0.0315
_ALARM: Final = 0.10
# https://aws.amazon.com/s3/pricing/
_S3_GIB: Final = 0.024
# https://aws.amazon.com/route53/pricing/
_ZONE: Final = 0.50
# https://aws.amazon.com/kms/pricing/ and https://aws.amazon.com/secrets-manager/pricing/
_KEY: Final = 1.00
_SECRET: Final = 0.40
# https://aws.amazon.com/ec2/pricing/on-demand/: Linux, an hour
_MACHINE_HOUR: Final[Mapping[str, float]] = {
    "t3.nano": 0.0059,
    "t3.micro": 0.0118,
    "t3.small": 0.0236,
    "t3.medium": 0.0472,
    "t3.large": 0.0944,
    "t3.xlarge": 0.1888,
    "t4g.nano": 0.0047,
    "t4g.micro": 0.0094,
    "t4g.small": 0.0188,
    "t4g.medium": 0.0376,
    "t4g.large": 0.0752,
    "t4g.xlarge": 0.1504,
    "m6g.medium": 0.0450,
    "m6g.large": 0.0900,
    "m6g.xlarge": 0.1800,
    "m7g.large": 0.0954,
}


@dataclass(frozen=True)
class Price:
    """What a thing costs while it does nothing."""

    usd: float | None
    """USD a month; `None` when it is not known."""
    basis: str
    """What the figure counts, or why there is none."""


FREE: Final = Price(0.0, "free")
UNKNOWN: Final = Price(None, "no price in our table")


def elsewhere(region: str) -> Price:
    """The price of what is billed in another region than that of the table."""
    return Price(None, f"the table has prices of {REGION}, not of {region}")


def volume(size_gib: int, kind: str, iops: int = 0, mibps: int = 0) -> Price:
    """An EBS volume, attached or not."""
    basis = f"{size_gib} GiB {kind}"
    if kind == "gp2":
        return Price(size_gib * _GP2_GIB, basis)
    if kind != "gp3":
        return Price(None, f"{basis}, a kind that our table lacks")
    extra = max(0, iops - _GP3_FREE_IOPS) * _GP3_IOPS + max(0, mibps - _GP3_FREE_MIBPS) * _GP3_MIBPS
    return Price(size_gib * _GP3_GIB + extra, basis)


def snapshot(volume_gib: int) -> Price:
    """An EBS snapshot: AWS bills the blocks that it keeps and does not say how many."""
    return Price(volume_gib * _SNAPSHOT_GIB, f"at most, if all {volume_gib} GiB of the volume are kept")


def machine(kind: str, state: str, *, spot: bool) -> Price:
    """An EC2 instance without its disks; a stopped one is free."""
    if state == "stopped":
        return Price(0.0, f"{kind}, stopped; its disks are billed")
    if kind not in _MACHINE_HOUR:
        return Price(None, f"{kind}, which our table lacks")
    return Price(_MACHINE_HOUR[kind] * HOURS, f"{kind}, {'at most: spot is cheaper' if spot else 'on demand'}")


def nat_gateway() -> Price:
    """A NAT gateway; its address counts on its own."""
    return Price(_NAT_GATEWAY_HOUR * HOURS, "without traffic")


def public_address() -> Price:
    """A public IPv4 address, used or idle."""
    return Price(_PUBLIC_ADDRESS_HOUR * HOURS, "public IPv4 address")


def endpoint(kind: str, zones: int) -> Price:
    """A VPC endpoint; those of the gateway kind are free."""
    if kind == "Gateway":
        return FREE
    return Price(_INTERFACE_ENDPOINT_HOUR * HOURS * zones, f"{zones} zones, without traffic")


def balancer() -> Price:
    """A load balancer; its public addresses are those of its network interfaces."""
    return Price(_BALANCER_HOUR * HOURS, "without traffic")


def cluster() -> Price:
    """The control plane of an EKS cluster."""
    return Price(_CLUSTER_HOUR * HOURS, "standard support; extended support is 6 times as much")


def logs(stored_bytes: int) -> Price:
    """A log group: what is stored, not what is taken in."""
    return Price(stored_bytes / GIB * _LOGS_GIB, f"{_size(stored_bytes)} stored")


def bucket(stored_bytes: int, objects: int) -> Price:
    """An S3 bucket, as if all of it lay in the standard class."""
    return Price(stored_bytes / GIB * _S3_GIB, f"{_size(stored_bytes)} in {objects} objects, old versions included")


def hosted_zone() -> Price:
    """A Route 53 hosted zone; its records are free."""
    return Price(_ZONE, "without queries")


def alarm() -> Price:
    """A CloudWatch alarm on one metric."""
    return Price(_ALARM, "one metric")


def key(state: str) -> Price:
    """A KMS key of one's own; free while it waits for its deletion."""
    return Price(0.0, "waits for its deletion") if state == "PendingDeletion" else Price(_KEY, "without requests")


def secret() -> Price:
    """A secret of Secrets Manager."""
    return Price(_SECRET, "without requests")


def _size(stored: int) -> str:
    size, units = float(stored), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:  # noqa: PLR2004 (bytes in a KiB, and so on)
        size, units = size / 1024, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
