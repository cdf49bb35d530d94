"""What a month of a stack is assumed to use, where its settings do not say."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from tools.costing.reading import COSTS, Table, read

HOURS_PER_WEEK: Final = 168
Amount = Annotated[float, Field(ge=0)]


class Usage(Table):
    """Assumptions about a month; every one may be replaced in `costs/usage.<stack>.yaml`."""

    nat_data_gb: Amount
    """Through a NAT gateway: images, Datadog, Let's Encrypt."""
    balancer_units: Amount
    """Capacity units in use on average, of each load balancer."""
    internet_out_gb: Amount
    """To the internet, CloudFront apart."""
    cross_zone_gb: Amount
    """Between zones, each way."""
    control_plane_logs_gb: Amount
    """Of an EKS cluster that keeps them."""
    flow_logs_gb: Amount
    """Of a VPC that keeps them."""
    application_logs_gb: Amount
    """Of each other log group."""
    backups_gb: Amount
    """In each bucket of backups."""
    backup_puts_thousands: Amount
    """Into each of them."""
    bucket_gb: Amount
    """In each other bucket."""
    registry_gb: Amount
    """Of images, in each registry."""
    snapshots_gb: Amount
    """Of volumes that are backed up."""
    site_out_gb: Amount
    """Out of CloudFront."""
    site_requests_thousands: Amount
    """To CloudFront."""
    dns_queries_millions: Amount
    """For each hosted zone."""
    endpoint_gb: Amount
    """Through each interface endpoint."""
    datadog_hosts: Amount | Literal["nodes"]
    """Machines that Datadog bills; `nodes` are those of the cluster."""
    awake_hours_per_week: Annotated[float, Field(ge=0, le=HOURS_PER_WEEK)]
    """Of machines that do not sleep by a schedule."""


def read_usage(stack: str, folder: Path = COSTS) -> Usage:
    """Assumptions for a stack. Raises `CostsRefused` naming the key, what it holds and what it may."""
    own = folder / f"usage.{stack}.yaml"
    return read(Usage, folder / "usage.yaml", *([own] if own.is_file() else []))
