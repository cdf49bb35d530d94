"""AWS's public price files, read line by line: that of EC2 has 250 MB.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import requests

ADDRESS: Final = "https://pricing.us-east-1.amazonaws.com"
_FILE: Final = "/offers/v1.0/aws/{service}/current/{region}/index.csv"
_TIMEOUT: Final = (10, 60)
"""Seconds to connect, and between two answers."""
_HEAD: Final = "SKU"
_THOUSAND: Final = 1000
_TEN_THOUSAND: Final = 10_000
_MIB_IN_GIB: Final = 1024


class OffersRefused(Exception):  # noqa: N818 (reads as what it is)
    """A price file cannot be had; the text is one sentence."""


@dataclass(frozen=True)
class Offer:
    """Where a price of our table stands in AWS's files."""

    usage: str
    """The usage type, without the region before it."""
    operation: str = ""
    """Also the operation, where several share a usage type."""
    times: float = 1
    """Our unit in theirs: they sell one request where we count a thousand."""


_BALANCING: Final = "LoadBalancing"
OFFERS: Final[Mapping[str, Mapping[str, Offer]]] = {
    "AmazonEC2": {
        "ebs.gp3": Offer("EBS:VolumeUsage.gp3"),
        "ebs.gp2": Offer("EBS:VolumeUsage.gp2"),
        "ebs.gp3.iops": Offer("EBS:VolumeP-IOPS.gp3"),
        "ebs.gp3.throughput": Offer("EBS:VolumeP-Throughput.gp3", times=1 / _MIB_IN_GIB),
        "ebs.snapshot": Offer("EBS:SnapshotUsage"),
        "nat.gateway": Offer("NatGateway-Hours"),
        "nat.gateway.data": Offer("NatGateway-Bytes"),
    },
    "AmazonVPC": {
        "address.public": Offer("PublicIPv4:InUseAddress"),
        "endpoint.interface": Offer("VpcEndpoint-Hours"),
        "endpoint.interface.data": Offer("VpcEndpoint-Bytes"),
    },
    "AWSELB": {
        "balancer.application": Offer("LoadBalancerUsage", f"{_BALANCING}:Application"),
        "balancer.application.capacity": Offer("LCUUsage", f"{_BALANCING}:Application"),
        "balancer.network": Offer("LoadBalancerUsage", f"{_BALANCING}:Network"),
        "balancer.network.capacity": Offer("LCUUsage", f"{_BALANCING}:Network"),
    },
    "AmazonEKS": {
        "eks.cluster": Offer("AmazonEKS-Hours:perCluster"),
        "eks.cluster.extended": Offer("AmazonEKS-Hours:extendedSupport"),
    },
    "AmazonS3": {
        "s3.storage": Offer("TimedStorage-ByteHrs"),
        "s3.put": Offer("Requests-Tier1", times=_THOUSAND),
        "s3.get": Offer("Requests-Tier2", times=_THOUSAND),
    },
    "AmazonCloudWatch": {
        "logs.ingest": Offer("DataProcessing-Bytes"),
        "logs.storage": Offer("TimedStorage-ByteHrs"),
        "cloudwatch.alarm": Offer("CW:AlarmMonitorUsage"),
        "cloudwatch.metric": Offer("CW:MetricMonitorUsage"),
    },
    "awskms": {"kms.key": Offer("KMS-Keys"), "kms.requests": Offer("KMS-Requests", times=_TEN_THOUSAND)},
    "AWSSecretsManager": {
        "secrets-manager.secret": Offer("AWSSecretsManager-Secrets"),
        "secrets-manager.requests": Offer("AWSSecretsManagerAPIRequest", times=_TEN_THOUSAND),
    },
    "AmazonECR": {"ecr.storage": Offer("TimedStorage-ByteHrs")},
}
"""Service to the prices of our table that its file has. What is not here belongs to no region, or is not AWS's."""
# What a machine of Linux on demand, shared with others and with nothing installed, has in its row.
_MACHINE: Final = {
    "TermType": "OnDemand",
    "Operating System": "Linux",
    "Tenancy": "Shared",
    "CapacityStatus": "Used",
    "Pre Installed S/W": "NA",
    "operation": "RunInstances",
}


def prices_of(service: str, region: str, address: str = ADDRESS) -> Iterator[tuple[str, float]]:
    """Names of our table with their price, and instance types with that of an hour. Raises `OffersRefused`."""
    for row in _rows(service, region, address):
        yield from _price(service, row)


def _price(service: str, row: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    if row.get("TermType") != "OnDemand" or row.get("Currency") != "USD" or _above_first(row):
        return
    usd = _number(row.get("PricePerUnit", ""))
    if not usd:
        return  # what is free, such as a first month, is no price
    # In most regions EUW3-NatGateway-Hours; in the oldest one there is nothing before it.
    usage, operation = row.get("usageType", ""), row.get("operation", "")
    bare = usage.partition("-")[2] if usage.partition("-")[0].isupper() else usage
    for name, offer in OFFERS[service].items():
        if offer.usage in (usage, bare) and offer.operation in ("", operation):
            yield name, usd * offer.times
    kind = bare.partition("BoxUsage:")[2]
    if kind and all(row.get(key) == value for key, value in _MACHINE.items()):
        yield kind, usd


def _above_first(row: Mapping[str, str]) -> bool:
    """Whether it is the price of what comes after a first amount."""
    return (_number(row.get("StartingRange", "")) or 0) > 0


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rows(service: str, region: str, address: str) -> Iterator[dict[str, str]]:
    url = address + _FILE.format(service=service, region=region)
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT) as answer:
            if answer.status_code in (403, 404):
                raise OffersRefused(f"{region}: AWS has no price file of {service} for it: is it a region?")
            answer.raise_for_status()
            answer.encoding = "utf-8"
            lines = cast(Iterable[Any], answer.iter_lines(chunk_size=1 << 16, decode_unicode=True))
            yield from _table(map(str, lines), service)
    except requests.RequestException as error:
        raise OffersRefused(
            f"{service}: its price file did not come ({type(error).__name__}): see the network, nothing was changed"
        ) from None


def _table(lines: Iterable[str], service: str) -> Iterator[dict[str, str]]:
    """Rows below the head; before it stand format, date and version of the file."""
    reader = csv.reader(lines)
    head: list[str] = []
    for cells in reader:
        if head:
            yield dict(zip(head, cells, strict=False))
        elif cells and cells[0] == _HEAD:
            head = cells
    if not head:
        raise OffersRefused(f"{service}: what came is no price file, nothing was changed")
