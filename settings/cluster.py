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
from settings.times import CronLine

# The widest range ever given to one organisation.
WIDEST_API_RANGE = 8
SERVER_COUNTS = (1, 3)
# etcd needs more than half of its members: two servers are worth less than one.
TWO_SERVERS = 2


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
    """Spot costs about a third, and AWS takes a machine back with two minutes' notice. Servers of K3s are on demand."""
    instance_types: tuple[InstanceType, ...] = Field(min_length=1)
    """Machines to choose from: on demand takes the first to be had, spot weighs price and shortage and needs two. K3s
    takes the first."""
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

    @property
    def size(self) -> int:
        """Machines wanted."""
        return self.min_size if self.desired_size is None else self.desired_size

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


class Bastion(Section):
    """The machine that leads to those of K3s."""

    access: Literal["ssm", "ssh"] = "ssm"
    """`ssm` opens no port and asks AWS who you are; `ssh` opens port 22 of a public address to `ssh_cidrs`."""
    allow_public_ssh: bool = False
    """Accept 0.0.0.0/0 in `ssh_cidrs`: the whole internet may then try to log in."""
    ssh_cidrs: tuple[Cidr, ...] = Field(default=(), validate_default=True)
    """Ranges that may open SSH connections."""
    instance_type: InstanceType = "t4g.nano"
    """Its machine, which only passes bytes on."""

    @field_validator("ssh_cidrs")
    @classmethod
    def _let_in(cls, ranges: tuple[IPv4Network, ...], info: ValidationInfo) -> tuple[IPv4Network, ...]:
        access = info.data.get("access")
        if access == "ssh" and not ranges:
            refuse("expected at least one range, because access is ssh, got []")
        if access == "ssm" and ranges:
            refuse("expected none, because access is ssm, which opens no port")
        for each in ranges:
            if each.prefixlen < WIDEST_API_RANGE and not info.data.get("allow_public_ssh", True):
                refuse(
                    f"expected ranges of /{WIDEST_API_RANGE} or narrower unless allow_public_ssh is true, because"
                    f' strangers could try to log in, got "{each}"'
                )
        return ranges


class K3s(Section):
    """Servers of K3s, and the way to them; the other machines are those of `node_groups`."""

    servers: int = 1
    """Machines that run the control plane: 1, or 3 that go on when one of them, or its zone, is lost."""
    server_type: InstanceType = "t3.small"
    """Their type; with 2 GiB of memory at least."""
    server_disk_gib: int = Field(default=20, ge=16, le=1000)
    """Size of the disk of each, in GiB."""
    ubuntu: Literal["24.04", "22.04"] = "24.04"
    """Family of the image; the newest of it when a machine is made, which then keeps it."""
    snapshot_schedule: CronLine = "0 */6 * * *"
    """When the control plane's data are copied to S3, in UTC."""
    snapshot_retention: int = Field(default=28, ge=1, le=1000)
    """Copies to keep."""
    delete_snapshots: bool = False
    """Delete them when the stack is destroyed; a destroy stops while there are any otherwise."""
    bastion: Bastion = Field(default_factory=Bastion)
    """The machine that leads to the others."""

    @field_validator("servers")
    @classmethod
    def _quorum(cls, servers: int) -> int:
        if servers == TWO_SERVERS:
            refuse("expected 1 or 3, because two stop as soon as either of them does, got 2")
        if servers not in SERVER_COUNTS:
            refuse(f"expected 1 or 3, got {servers}")
        return servers


class Cluster(Section):
    """The Kubernetes cluster."""

    kind: Literal["eks", "k3s"]
    """EKS, whose control plane costs 73 USD a month, or K3s on machines of one's own. What only one of them has may
    stay in the file: `log_types`, `access` and sizes from `min_size` to `max_size` of EKS, `k3s` of K3s."""
    version: KubernetesVersion = versions.KUBERNETES.version
    """Kubernetes version, raised one minor at a time."""
    allow_public_api: bool = False
    """Accept ranges wider than /8 in `api_cidrs`: with 0.0.0.0/0 the whole internet may try to log in."""
    api_cidrs: tuple[Cidr, ...]
    """Public ranges that may reach the Kubernetes API. With `[]` nobody outside does: on EKS whoever deploys has to be
    inside the VPC, on K3s `make up` opens a tunnel."""
    log_types: tuple[ControlPlaneLog, ...] = ("audit", "authenticator")
    """Control-plane logs to keep in CloudWatch, at about 0.60 USD per GB received."""
    log_retention_days: LogRetentionDays = 30
    """Days that CloudWatch keeps them."""
    access: tuple[Access, ...] = ()
    """Who may use the Kubernetes API beside the identity that creates the cluster."""
    node_groups: dict[GroupName, NodeGroup] = Field(min_length=1)
    """Groups of machines, by name. K3s runs as many as `desired_size` says, else `min_size`, of the first of their
    types; on spot, AWS stops a machine where it would take it back, and starts it again later."""
    k3s: K3s = Field(default_factory=K3s)
    """What K3s has and EKS does not."""

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
