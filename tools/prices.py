"""Monthly list prices of what a stack can leave behind: on demand, in USD, without taxes and free allowances.

They are those of one region, from the table of `costs/prices` that `make prices` renews.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from settings import SettingsError
from tools.costing.price_table import PriceTable, read_prices
from tools.costing.reading import CostsRefused

REGION: Final = "eu-west-3"
"""Region of the prices; elsewhere they differ, and are not guessed."""
GIB: Final = 1024**3

_GP3_FREE_IOPS: Final = 3000
_GP3_FREE_MIBPS: Final = 125
# https://aws.amazon.com/ebs/general-purpose/


@cache
def _table_of(region: str) -> PriceTable:
    return read_prices(region)


def _table() -> PriceTable:
    """The table. Raises `SettingsError` where it cannot be read."""
    try:
        return _table_of(REGION)
    except CostsRefused as refused:
        raise SettingsError(refused.problems) from None


def _usd(name: str) -> float:
    """Price of a unit. Raises `SettingsError` where the table has none."""
    try:
        return _table().usd(name)
    except KeyError:
        file = f"costs/prices/{REGION}.yaml"
        raise SettingsError([f"{file}: prices.{name}: expected a price, got none: `make prices` renews it"]) from None


def _monthly(name: str) -> float:
    return _usd(name) * _table().hours_per_month


@dataclass(frozen=True)
class Price:
    """What a thing costs while it does nothing."""

    usd: float | None
    """USD a month; `None` when it is not known."""
    basis: str
    """What the figure counts, or why there is none."""


FREE: Final = Price(0.0, "free")
UNKNOWN: Final = Price(None, "no price in our table")


def dated() -> str:
    """Day on which the prices were read."""
    return _table().dated.isoformat()


def elsewhere(region: str) -> Price:
    """The price of what is billed in another region than that of the table."""
    return Price(None, f"the table has prices of {REGION}, not of {region}")


def volume(size_gib: int, kind: str, iops: int = 0, mibps: int = 0) -> Price:
    """An EBS volume, attached or not."""
    basis = f"{size_gib} GiB {kind}"
    if kind == "gp2":
        return Price(size_gib * _usd("ebs.gp2"), basis)
    if kind != "gp3":
        return Price(None, f"{basis}, a kind that our table lacks")
    extra = max(0, iops - _GP3_FREE_IOPS) * _usd("ebs.gp3.iops") + max(0, mibps - _GP3_FREE_MIBPS) * _usd(
        "ebs.gp3.throughput"
    )
    return Price(size_gib * _usd("ebs.gp3") + extra, basis)


def snapshot(volume_gib: int) -> Price:
    """An EBS snapshot: AWS bills the blocks that it keeps and does not say how many."""
    return Price(volume_gib * _usd("ebs.snapshot"), f"at most, if all {volume_gib} GiB of the volume are kept")


def machine(kind: str, state: str, *, spot: bool) -> Price:
    """An EC2 instance without its disks; a stopped one is free."""
    if state == "stopped":
        return Price(0.0, f"{kind}, stopped; its disks are billed")
    known = _table().instances.get(kind)
    if known is None:
        return Price(None, f"{kind}, which our table lacks")
    return Price(
        known.hour * _table().hours_per_month, f"{kind}, {'at most: spot is cheaper' if spot else 'on demand'}"
    )


def nat_gateway() -> Price:
    """A NAT gateway; its address counts on its own."""
    return Price(_monthly("nat.gateway"), "without traffic")


def public_address() -> Price:
    """A public IPv4 address, used or idle."""
    return Price(_monthly("address.public"), "public IPv4 address")


def endpoint(kind: str, zones: int) -> Price:
    """A VPC endpoint; those of the gateway kind are free."""
    if kind == "Gateway":
        return FREE
    return Price(_monthly("endpoint.interface") * zones, f"{zones} zones, without traffic")


def balancer() -> Price:
    """A load balancer; its public addresses are those of its network interfaces."""
    return Price(_monthly("balancer.application"), "without traffic")


def cluster() -> Price:
    """The control plane of an EKS cluster."""
    return Price(_monthly("eks.cluster"), "standard support; extended support is 6 times as much")


def logs(stored_bytes: int) -> Price:
    """A log group: what is stored, not what is taken in."""
    return Price(stored_bytes / GIB * _usd("logs.storage"), f"{_size(stored_bytes)} stored")


def bucket(stored_bytes: int, objects: int) -> Price:
    """An S3 bucket, as if all of it lay in the standard class."""
    return Price(
        stored_bytes / GIB * _usd("s3.storage"), f"{_size(stored_bytes)} in {objects} objects, old versions included"
    )


def hosted_zone() -> Price:
    """A Route 53 hosted zone; its records are free."""
    return Price(_usd("route53.zone"), "without queries")


def alarm() -> Price:
    """A CloudWatch alarm on one metric."""
    return Price(_usd("cloudwatch.alarm"), "one metric")


def key(state: str) -> Price:
    """A KMS key of one's own; free while it waits for its deletion."""
    return (
        Price(0.0, "waits for its deletion")
        if state == "PendingDeletion"
        else Price(_usd("kms.key"), "without requests")
    )


def secret() -> Price:
    """A secret of Secrets Manager."""
    return Price(_usd("secrets-manager.secret"), "without requests")


def _size(stored: int) -> str:
    size, units = float(stored), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:  # noqa: PLR2004 (bytes in a KiB, and so on)
        size, units = size / 1024, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
