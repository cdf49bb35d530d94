"""The example bills, each described as a stack, with the lines of the estimate that make up each of its items."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tools.costing.resource import Resource
from tools.costing.usage import Usage, read_usage

BILLS: Final[dict[str, dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "example_bills.yaml").read_text(encoding="utf-8")
)
NOTHING: Final = {name: 0 for name in Usage.model_fields if name not in ("awake_hours_per_week", "datadog_hosts")}
Items = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Described:
    """A bill as a stack."""

    resources: list[Resource]
    items: Items
    """Item of the bill to the beginnings of the lines that make it up; none for what costs nothing."""
    usage: Mapping[str, float] = field(default_factory=dict[str, float])
    worst: frozenset[str] = frozenset()
    """Items that the bill takes at their worst: spot at its ceiling, extended support."""

    def assumptions(self) -> Usage:
        """Nothing is used but what the bill says."""
        return read_usage("nobody").model_copy(update={**NOTHING, **self.usage})


def one(
    type_: str, name: str, parent: str = "", links: dict[str, tuple[str, ...]] | None = None, **inputs: Any
) -> Resource:
    """A resource."""
    return Resource(f"urn:pulumi:test::socle::{type_}::{name}", type_, name, inputs, parent, links or {})


def machine(name: str, kind: str, gib: int, disk: str = "gp3", **more: Any) -> Resource:
    root = {"volumeType": disk, "volumeSize": gib}
    return one("aws:ec2/instance:Instance", name, instanceType=kind, rootBlockDevice=root, **more)


def nodes(name: str, kind: str, count: int, capacity: str = "ON_DEMAND", *, public: bool = False) -> list[Resource]:
    template = one(
        "aws:ec2/launchTemplate:LaunchTemplate",
        f"{name}-template",
        blockDeviceMappings=[{"ebs": {"volumeType": "gp3", "volumeSize": 20}}],
        networkInterfaces=[{"associatePublicIpAddress": public}],
    )
    group = one(
        "aws:eks/nodeGroup:NodeGroup",
        name,
        links={"launchTemplate": (template.urn,)},
        instanceTypes=[kind],
        capacityType=capacity,
        scalingConfig={"desiredSize": count},
    )
    return [template, group]


def nat_instance() -> list[Resource]:
    template = one(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "nat-template",
        "urn:nat",
        instanceType="t4g.nano",
        blockDeviceMappings=[{"ebs": {"volumeType": "gp3", "volumeSize": 4}}],
        networkInterfaces=[{"associatePublicIpAddress": "true"}],
    )
    group = one("aws:autoscaling/group:Group", "nat", "urn:nat", desiredCapacity=1)
    return [template, group, one("aws:ec2/eip:Eip", "nat-address", "urn:nat")]


def balancer(kind: str, zones: int = 2) -> Resource:
    subnets = [f"subnet-{number}" for number in range(zones)]
    return one("aws:lb/loadBalancer:LoadBalancer", "web", loadBalancerType=kind, internal=False, subnets=subnets)


def claim(name: str, gib: int) -> Resource:
    spec = {"resources": {"requests": {"storage": f"{gib}Gi"}}}
    return one("kubernetes:core/v1:PersistentVolumeClaim", name, spec=spec)


def control_plane(support: str = "STANDARD") -> Resource:
    logs = ["audit", "authenticator"]
    return one("aws:eks/cluster:Cluster", "main", upgradePolicy={"supportType": support}, enabledClusterLogTypes=logs)


def gateway(name: str) -> list[Resource]:
    return [one("aws:ec2/natGateway:NatGateway", name), one("aws:ec2/eip:Eip", f"{name}-address")]


KEY: Final = one("aws:kms/key:Key", "main")
ZONE: Final = one("aws:route53/zone:Zone", "public")
BACKUPS: Final = one("aws:s3/bucket:Bucket", "velero-backups")
VELERO: Final = one("kubernetes:helm.sh/v3:Release", "velero", chart="velero")
_COMMON: Final[Items] = {"KMS key": ("KMS key",), "NLB": ("load balancer web (network)",)}


def seed003(count: int, gateways: int) -> Described:
    """The first of the five documents: EKS on t3.large behind NAT gateways."""
    resources = [
        *(control_plane(), *nodes("main", "t3.large", count), balancer("network"), KEY, ZONE, BACKUPS, VELERO),
        *(each for number in range(gateways) for each in gateway(f"nat-{number}")),
        one("kubernetes:helm.sh/v3:Release", "postgresql", chart="oci://example.org/postgresql-ha",
            values={"postgresql": {"replicaCount": 2}, "persistence": {"size": "8Gi"}}),
        *(claim("vaultwarden", 4), one("aws:s3/bucket:Bucket", "state")),
    ]  # fmt: skip
    items: Items = {
        **_COMMON,
        "EKS control plane, standard support": ("EKS control plane main",),
        f"{count} x t3.large on demand": (f"nodes main: {count} x t3.large",),
        f"node root disks {count} x 20 GB gp3": (f"nodes main: {count} x 20 GiB gp3",),
        f"{gateways} NAT gateway": tuple(f"NAT gateway nat-{number}" for number in range(gateways)),
        "NAT data 60 GB (images, Datadog, Let's Encrypt)": tuple(
            f"NAT gateway nat-{number}: data" for number in range(gateways)
        ),
        f"{gateways} NAT public IPv4": tuple(f"nat-{number}-address: public IPv4" for number in range(gateways)),
        "NLB (ingress-nginx)": ("load balancer web (network)",),
        "NLB capacity 0.1 NLCU": ("load balancer web: capacity",),
        "NLB public IPv4, 2 AZ": ("load balancer web: 2 public IPv4",),
        "PostgreSQL-HA PVC 2 x 8 GB gp3": ("volumes of postgresql: 2 x 8Gi",),
        "Vaultwarden etc PVC 4 GB gp3": ("volumes of vaultwarden: 1 x 4Gi",),
        "Velero: S3 30 GB + 50k PUT": ("bucket velero-backups", "bucket velero-backups: requests"),
        "EBS snapshots 20 GB": ("snapshots of volumes",),
        "Route 53: 1 zone + 1 M queries (3 routes = 3 free records)": (
            "hosted zone public",
            "hosted zone public: queries",
        ),
        "CloudWatch logs 3 GB (control plane)": _LOGS,
        "state bucket and lock objects": ("bucket state",),
    }
    usage = {"nat_data_gb": 60, "balancer_units": 0.1, "backups_gb": 30, "backup_puts_thousands": 50}
    more = {"snapshots_gb": 20, "dns_queries_millions": 1, "control_plane_logs_gb": 3, "bucket_gb": 2}
    return Described(resources, items, {**usage, **more})


_LOGS: Final = ("EKS control plane main: logs, taken in", "EKS control plane main: logs, kept")


def seed003_staging() -> Described:
    """Its smaller sibling."""
    resources = [
        *(control_plane(), *nodes("main", "t3.large", 1), balancer("network"), KEY, ZONE),
        *(*gateway("nat"), claim("volumes", 12)),
    ]
    items: Items = {
        **_COMMON,
        "EKS control plane": ("EKS control plane main",),
        "1 x t3.large": ("nodes main: 1 x t3.large",),
        "disk 20 GB gp3": ("nodes main: 1 x 20 GiB gp3",),
        "NAT gateway": ("NAT gateway nat",),
        "NAT data 30 GB": ("NAT gateway nat: data",),
        "NAT IPv4": ("nat-address: public IPv4",),
        "NLB capacity": ("load balancer web: capacity",),
        "NLB IPv4 2 AZ": ("load balancer web: 2 public IPv4",),
        "PVC 12 GB": ("volumes of volumes: 1 x 12Gi",),
        "Route53 zone": ("hosted zone public",),
        "logs 2 GB": _LOGS,
    }
    return Described(resources, items, {"nat_data_gb": 30, "balancer_units": 0.05, "control_plane_logs_gb": 2})


def seed001() -> Described:
    """The second document: K3s on small machines behind an application load balancer."""
    machines = [("bastion", "t3.micro"), ("master", "t3.small"), ("worker-1", "t3.micro"), ("worker-2", "t3.micro")]
    resources = [
        *(machine(name, kind, 8, "gp2", associatePublicIpAddress=name == "bastion") for name, kind in machines),
        *(balancer("application"), *gateway("nat")),
    ]
    items: Items = {
        "bastion t3.micro": ("bastion: 1 x t3.micro",),
        "master t3.small": ("master: 1 x t3.small",),
        "2 x t3.micro workers": ("worker-1: 1 x t3.micro", "worker-2: 1 x t3.micro"),
        "4 root disks x 8 GB (Ubuntu default gp2)": tuple(f"{name}: 1 x 8 GiB gp2" for name, _ in machines),
        "ALB": ("load balancer web (application)",),
        "ALB 0.1 LCU (WebSocket)": ("load balancer web: capacity",),
        "ALB IPv4, 2 AZ": ("load balancer web: 2 public IPv4",),
        "NAT gateway": ("NAT gateway nat",),
        "NAT data 10 GB": ("NAT gateway nat: data",),
        "NAT IPv4": ("nat-address: public IPv4",),
        "bastion IPv4": ("bastion: public IPv4",),
    }
    return Described(resources, items, {"nat_data_gb": 10, "balancer_units": 0.1})


def seed001_cheap() -> Described:
    """The same, as cheap as it gets."""
    kinds = [("server", "t4g.small"), ("agent-1", "t4g.micro"), ("agent-2", "t4g.micro")]
    resources = [*(machine(name, kind, 10) for name, kind in kinds), *nat_instance()]
    items: Items = {
        "server t4g.small": ("server: 1 x t4g.small",),
        "2 x t4g.micro agents": ("agent-1: 1 x t4g.micro", "agent-2: 1 x t4g.micro"),
        "disks 3 x 10 GB gp3": tuple(f"{name}: 1 x 10 GiB gp3" for name, _ in kinds),
        "fck-nat t4g.nano": ("nat: 1 x t4g.nano",),
        "fck-nat disk 4 GB": ("nat: 1 x 4 GiB gp3",),
        "1 public IPv4": ("nat-address: public IPv4",),
        "data out < 100 GB": ("data to the internet",),
    }
    return Described(resources, items, {"internet_out_gb": 99})


_DATA: Final = [claim("data", 20), BACKUPS, VELERO, ZONE, KEY]
_DATA_ITEMS: Final[Items] = {
    "PVC 20 GB gp3": ("volumes of data: 1 x 20Gi",),
    "EBS snapshots 20 GB": ("snapshots of volumes",),
    "S3 20 GB (Velero, artefacts)": ("bucket velero-backups", "bucket velero-backups: requests"),
    "Route 53 zone + 1 M queries": ("hosted zone public", "hosted zone public: queries"),
    "KMS key": ("KMS key main",),
}
_DATA_USAGE: Final = {"snapshots_gb": 20, "backups_gb": 20, "backup_puts_thousands": 38, "dns_queries_millions": 1}
_NAT_ITEMS: Final[Items] = {
    "fck-nat ASG(1) t4g.nano on demand": ("nat: 1 x t4g.nano",),
    "fck-nat disk 4 GB gp3": ("nat: 1 x 4 GiB gp3",),
    "NAT IPv4": ("nat-address: public IPv4",),
}
_EKS_ITEMS: Final[Items] = {
    **_DATA_ITEMS,
    "EKS control plane, standard support": ("EKS control plane main",),
    "EKS control plane, EXTENDED support": ("EKS control plane main",),
    "CloudWatch logs 5 GB above nothing": _LOGS,
    "SSM parameters": ("parameter",),
    "CloudFront free tier": ("CloudFront site: data", "CloudFront site: requests"),
    "ECR 5 GB": ("images registry",),
}
_EKS_USAGE: Final = {**_DATA_USAGE, "control_plane_logs_gb": 5, "registry_gb": 5, "balancer_units": 0.2}


def eks(machines: list[tuple[str, int, str]], *, public: bool = False, support: str = "STANDARD") -> Described:
    """EKS behind a NAT instance with one application load balancer, or with public nodes and a network one."""
    groups = [
        nodes(f"group-{n}", kind, count, capacity, public=public) for n, (kind, count, capacity) in enumerate(machines)
    ]
    total = sum(count for _, count, _ in machines)
    resources = [
        *(control_plane(support), *(each for group in groups for each in group), *_DATA),
        *([balancer("network")] if public else [balancer("application"), *nat_instance()]),
        one("aws:ssm/parameter:Parameter", "parameter"),
        one("aws:cloudfront/distribution:Distribution", "site"),
        one("aws:ecr/repository:Repository", "registry"),
    ]
    items: Items = {**_EKS_ITEMS, **({} if public else _NAT_ITEMS)}
    for number, (kind, count, capacity) in enumerate(machines):
        paid = "spot" if capacity == "SPOT" else "on demand"
        line = (f"nodes group-{number}: {count} x {kind}",)
        items |= {f"{count} x {kind} {paid}": line, f"{count} x {kind} spot @0.45": line}
    disks = tuple(f"nodes group-{number}: {count} x 20 GiB gp3" for number, (_, count, _) in enumerate(machines))
    items |= {f"disks {total} x 20 GB gp3": disks, "disks": disks}
    if public:
        items |= {
            "node IPv4 x2": ("nodes group-0: public IPv4",),
            "NLB": ("load balancer web (network)",),
            "NLCU 0.1": ("load balancer web: capacity",),
            "NLB IPv4 x2": ("load balancer web: 2 public IPv4",),
        }
    else:
        items |= {
            "ALB shared by all ingresses": ("load balancer web (application)",),
            "ALB 0.2 LCU": ("load balancer web: capacity",),
            "ALB IPv4, 2 AZ": ("load balancer web: 2 public IPv4",),
        }
    return Described(resources, items, {**_EKS_USAGE, **({"balancer_units": 0.1} if public else {})})


def k3s_prod() -> Described:
    """Three servers of K3s, one in each zone."""
    names = [f"server-{number}" for number in range(3)]
    resources = [*(machine(name, "t4g.small", 20) for name in names), *nat_instance(), balancer("network", 3), *_DATA]
    items: Items = {
        **_DATA_ITEMS,
        "3 x t4g.small": tuple(f"{name}: 1 x t4g.small" for name in names),
        "disks 3 x 20 GB gp3": tuple(f"{name}: 1 x 20 GiB gp3" for name in names),
        "fck-nat t4g.nano": ("nat: 1 x t4g.nano",),
        "fck-nat disk": ("nat: 1 x 4 GiB gp3",),
        "NAT IPv4": ("nat-address: public IPv4",),
        "NLB": ("load balancer web (network)",),
        "NLCU 0.1": ("load balancer web: capacity",),
        "NLB IPv4 x3": ("load balancer web: 3 public IPv4",),
    }
    return Described(resources, items, {**_DATA_USAGE, "balancer_units": 0.1})


SPOT: Final = "SPOT"


def _worse(described: Described, usage: dict[str, float], more: Items, *worst: str) -> Described:
    return Described(described.resources, {**described.items, **more}, {**described.usage, **usage}, frozenset(worst))


DESCRIBED: Final[dict[str, Described]] = {
    "seed003_prod_2nat": seed003(2, 2),
    "seed003_prod_1nat": seed003(2, 1),
    "seed003_staging": seed003_staging(),
    "seed001_k3s": seed001(),
    "seed001_k3s_cheap": seed001_cheap(),
    "eks_A": eks([("t4g.large", 2, SPOT)]),
    "eks_B": eks([("t4g.medium", 1, "ON_DEMAND"), ("t4g.medium", 2, SPOT)]),
    "eks_C": eks([("t4g.medium", 2, SPOT)]),
    "eks_A_stress": _worse(
        eks([("t4g.large", 2, SPOT)]),
        {"cross_zone_gb": 100, "application_logs_gb": 15},
        {
            "cross-AZ 100 GB both ways": ("data between zones",),
            "15 GB more logs": ("logs more, taken in", "logs more, kept"),
        },
        "2 x t4g.large spot @0.45",
    ),
    "eks_A_fallback": eks([("t4g.large", 2, "ON_DEMAND")]),
    "eks_A_extended": _worse(
        eks([("t4g.large", 2, SPOT)], support="EXTENDED"), {}, {}, "EKS control plane, EXTENDED support"
    ),
    "eks_D_public": eks([("t4g.medium", 2, SPOT)], public=True),
    "k3s_prod": k3s_prod(),
}
DESCRIBED["eks_A_stress"].resources.append(one("aws:cloudwatch/logGroup:LogGroup", "more"))
