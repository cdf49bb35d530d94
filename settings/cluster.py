"""The cluster's section of a stack's settings, with its node groups and who may use it."""

from ipaddress import IPv4Network
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from components import versions
from settings.kinds import (
    Architecture,
    Cidr,
    ControlPlaneLog,
    GroupName,
    InstanceType,
    KubernetesVersion,
    LabelKey,
    LabelValue,
    LogRetentionDays,
    NamespaceName,
    PrincipalArn,
    Section,
    architecture_of,
    is_private,
    refuse,
)

# The widest range ever given to one organisation.
WIDEST_API_RANGE = 8


class Access(Section):
    """Who may use the Kubernetes API."""

    principal_arn: PrincipalArn
    """IAM role or user that is let in."""
    level: Literal["admin", "edit", "view"]
    """What it may do: everything, change workloads, or read all but secrets."""
    namespaces: tuple[NamespaceName, ...] = ()
    """Namespaces where it may do so; the whole cluster when omitted."""


class NodeGroup(Section):
    """Machines of one kind that run the pods."""

    architecture: Architecture
    """Processor: arm64 costs a fifth less, x86_64 runs every image."""
    capacity: Literal["on-demand", "spot"]
    """Spot costs about a third, and AWS takes a machine back with two minutes' notice."""
    instance_types: tuple[InstanceType, ...] = Field(min_length=1)
    """Machines to choose from: on demand takes the first to be had, spot weighs price and shortage and needs two."""
    min_size: int = Field(ge=0, le=100)
    """Fewest machines. Two in the smallest group of a cluster let one fail."""
    max_size: int = Field(ge=1, le=100)
    """Most machines, which bounds the bill."""
    desired_size: int | None = Field(default=None, ge=0, le=100)
    """Machines wanted; `min_size` when omitted."""
    disk_gib: int = Field(default=20, ge=20, le=1000)
    """Size of each machine's encrypted gp3 disk, in GiB, at about 0.093 USD per GiB and month."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict[LabelKey, LabelValue])
    """Kubernetes labels of the machines."""

    @field_validator("instance_types")
    @classmethod
    def _fit(cls, types: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        wanted = info.data.get("architecture")
        for each in types:
            if wanted and architecture_of(each) != wanted:
                refuse(f'expected {wanted} instance types, as architecture says, got "{each}"')
        if info.data.get("capacity") == "spot" and len(set(types)) == 1:
            refuse(f'expected at least two instance types, because capacity is spot, got only "{types[0]}"')
        return types

    @field_validator("max_size")
    @classmethod
    def _not_below_minimum(cls, size: int, info: ValidationInfo) -> int:
        smallest: int = info.data.get("min_size", 0)
        if size < smallest:
            refuse(f"expected a whole number from min_size {smallest} to 100, got {size}")
        return size

    @field_validator("desired_size")
    @classmethod
    def _within(cls, size: int | None, info: ValidationInfo) -> int | None:
        if size is not None and {"min_size", "max_size"} <= info.data.keys():
            low, high = info.data["min_size"], info.data["max_size"]
            if not low <= size <= high:
                refuse(f"expected a whole number from min_size {low} to max_size {high}, got {size}")
        return size


class Cluster(Section):
    """The Kubernetes cluster."""

    kind: Literal["eks"]
    """EKS, whose control plane costs 73 USD a month."""
    version: KubernetesVersion = versions.KUBERNETES.version
    """Kubernetes version, raised one minor at a time."""
    allow_public_api: bool = False
    """Accept ranges wider than /8 in `api_cidrs`: with 0.0.0.0/0 the whole internet may try to log in."""
    api_cidrs: tuple[Cidr, ...]
    """Public ranges that may reach the Kubernetes API; `[]` closes its public endpoint, and
    whoever deploys has to be inside the VPC then."""
    log_types: tuple[ControlPlaneLog, ...] = ("audit", "authenticator")
    """Control-plane logs to keep in CloudWatch, at about 0.60 USD per GB received."""
    log_retention_days: LogRetentionDays = 30
    """Days that CloudWatch keeps them."""
    access: tuple[Access, ...] = ()
    """Who may use the Kubernetes API beside the identity that creates the cluster."""
    node_groups: dict[GroupName, NodeGroup] = Field(min_length=1)
    """Groups of machines, by name."""

    @field_validator("api_cidrs")
    @classmethod
    def _reachable(cls, ranges: tuple[IPv4Network, ...], info: ValidationInfo) -> tuple[IPv4Network, ...]:
        for each in ranges:
            if is_private(each):
                refuse(f'expected public ranges, because the endpoint sees callers from the internet, got "{each}"')
            if each.prefixlen < WIDEST_API_RANGE and not info.data.get("allow_public_api", True):
                refuse(
                    f"expected ranges of /{WIDEST_API_RANGE} or narrower unless allow_public_api is true, because"
                    f' strangers could try to log in, got "{each}"'
                )
        return ranges

    @field_validator("access")
    @classmethod
    def _named_once(cls, entries: tuple[Access, ...]) -> tuple[Access, ...]:
        # The last part of the ARN names the entry in the stack.
        names = [entry.principal_arn.rpartition("/")[2] for entry in entries]
        for name in names:
            if names.count(name) > 1:
                refuse(f'expected principals of different names, got "{name}" twice')
        return entries
