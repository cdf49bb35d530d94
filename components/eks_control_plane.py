"""The control plane of an EKS cluster: its API, who may use it, its logs and the key of its Secrets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Literal

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from components import versions

LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
_USUAL_LOGS: tuple[LogType, ...] = ("audit", "authenticator")
# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
_CLUSTER_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
# https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
_FEWEST_SUBNETS = 2
# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
_ACCESS_POLICIES = {"admin": "AmazonEKSAdminPolicy", "edit": "AmazonEKSEditPolicy", "view": "AmazonEKSViewPolicy"}
_WHOLE_CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """What one IAM principal may do through the Kubernetes API."""

    principal_arn: pulumi.Input[str]
    """IAM role or user. Not the one that deploys: EKS makes the cluster's creator its administrator by itself."""
    level: Literal["admin", "edit", "view"]
    """`view` excludes Secrets; `admin` includes RBAC, and on the whole cluster everything."""
    namespaces: tuple[str, ...] = ()
    """Namespaces to which the access is limited; omitted, the whole cluster."""


@dataclass(frozen=True, kw_only=True)
class EksControlPlaneArgs:
    """Inputs of `EksControlPlane`."""

    cluster_name: str
    """Name in AWS, unique in the account and region: 1 to 100 letters, digits, hyphens and underscores."""
    version: str
    """Kubernetes version, such as `1.36`; EKS raises it by one minor version at a time and never lowers it."""
    vpc_id: pulumi.Input[str]
    """VPC of the cluster."""
    private_subnet_ids: Sequence[pulumi.Input[str]]
    """Subnets of the control plane's network interfaces and of the nodes, in two zones at least."""
    api_cidrs: tuple[str, ...] = ()
    """IPv4 ranges that may reach the Kubernetes API from outside the VPC; omitted, it has no public endpoint."""
    allow_public_api: bool = False
    """True accepts `0.0.0.0/0` in `api_cidrs`: anybody may then try to log in."""
    access: Mapping[str, AccessArgs] = field(default_factory=dict[str, AccessArgs])
    """Who may use the Kubernetes API besides the deployer, by a name of your choice."""
    log_types: tuple[LogType, ...] = _USUAL_LOGS
    """Control-plane logs kept in CloudWatch, billed per GB; `audit` is the large one."""
    log_retention_days: int = 30
    """Days that CloudWatch keeps them, one of the numbers that it accepts."""
    deletion_protection: bool = False
    """True makes AWS refuse to delete the cluster until a deployment with False."""

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse at deployment, and an API that is open to everybody by accident."""
        if not _CLUSTER_NAME.fullmatch(self.cluster_name):
            raise ValueError(
                "cluster_name must be 1 to 100 letters, digits, hyphens and underscores, "
                f"the first a letter or digit, got {self.cluster_name!r}"
            )
        if not re.fullmatch(r"1\.\d\d", self.version):
            raise ValueError(f"version must be a minor version such as '1.36', got {self.version!r}")
        if len(self.private_subnet_ids) < _FEWEST_SUBNETS:
            raise ValueError(
                f"private_subnet_ids must be {_FEWEST_SUBNETS} or more, each in its own zone, "
                f"got {len(self.private_subnet_ids)}"
            )
        if self.log_retention_days not in _RETENTIONS:
            accepted = ", ".join(map(str, _RETENTIONS))
            raise ValueError(f"log_retention_days must be one of {accepted}, got {self.log_retention_days}")
        for cidr in self.api_cidrs:
            if _network(cidr).prefixlen == 0 and not self.allow_public_api:
                raise ValueError(f"api_cidrs must not contain {cidr!r} unless allow_public_api is true")


class EksControlPlane(pulumi.ComponentResource):
    """The part of a Kubernetes cluster that AWS runs, with the network and proxy add-ons that every node needs.

    Its API answers inside the VPC, and outside it to `api_cidrs` only; its Secrets are encrypted with a key of their
    own. AWS bills it per hour, the key per month, and the logs per GB. It stays on standard support: at the end of
    that, AWS upgrades the cluster instead of billing it six times more.
    """

    name: pulumi.Output[str]
    """Name of the cluster in AWS."""
    arn: pulumi.Output[str]
    """ARN of the cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig in JSON, secret; it calls the `aws` command line for a token at each use."""
    security_group_id: pulumi.Output[str]
    """Security group that EKS makes, and gives to the control plane and to every managed node."""
    cluster: eks.Cluster
    """What node groups and add-ons of pulumi-eks refer to."""

    def __init__(self, name: str, args: EksControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:EksControlPlane", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        named = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(delete_before_replace=True))

        key = aws.kms.Key(
            f"{name}-secrets",
            description=f"Kubernetes Secrets of {args.cluster_name}",
            enable_key_rotation=True,
            opts=child,
        )
        # Named for whoever looks for the key in the console; AWS demands the prefix.
        aws.kms.Alias(
            f"{name}-secrets-alias", name=f"alias/{args.cluster_name}-secrets", target_key_id=key.key_id, opts=named
        )
        # EKS writes to the group of this very name, and makes it without retention when it is missing: a group with
        # a generated name would stay empty beside it. So the cluster's name is given too, and the group comes first.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            retention_in_days=args.log_retention_days,
            opts=named,
        )
        # The name alone would not tell the engine to make the group before the cluster, nor to delete it after.
        ordered = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[logs]))
        self.cluster = _cluster(f"{name}-cluster", args, key.arn, ordered)
        self.name = self.cluster.eks_cluster.name
        self.arn = self.cluster.eks_cluster.arn
        self.kubeconfig = pulumi.Output.secret(self.cluster.kubeconfig_json)
        self.security_group_id = self.cluster.eks_cluster.vpc_config.cluster_security_group_id
        for entry, access in args.access.items():
            _access(f"{name}-access-{entry}", self.name, access, child)
        self.register_outputs(
            {
                "name": self.name,
                "arn": self.arn,
                "kubeconfig": self.kubeconfig,
                "security_group_id": self.security_group_id,
            }
        )


def access_policy_arn(access: AccessArgs) -> str:
    """ARN of the EKS access policy for a level; `admin` of the whole cluster has one of its own."""
    whole_cluster_admin = access.level == "admin" and not access.namespaces
    policy = _WHOLE_CLUSTER_ADMIN if whole_cluster_admin else _ACCESS_POLICIES[access.level]
    return f"arn:aws:eks::aws:cluster-access-policy/{policy}"


def _network(cidr: str) -> IPv4Network:
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"api_cidrs must be IPv4 networks such as '203.0.113.0/24', got {cidr!r}: {error}") from error


def _cluster(
    name: str, args: EksControlPlaneArgs, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> eks.Cluster:
    addons = versions.EKS_ADDONS[args.version]
    return eks.Cluster(
        name,
        name=args.cluster_name,
        version=args.version,
        upgrade_policy={"support_type": "STANDARD"},
        deletion_protection=args.deletion_protection,
        vpc_id=args.vpc_id,
        private_subnet_ids=args.private_subnet_ids,
        node_associate_public_ip_address=False,
        authentication_mode=eks.AuthenticationMode.API,
        endpoint_private_access=True,
        endpoint_public_access=bool(args.api_cidrs),
        # pulumi-eks refuses the list, even an empty one, beside a closed endpoint.
        public_access_cidrs=list(args.api_cidrs) or None,
        encryption_config_key_arn=key_arn,
        enabled_cluster_log_types=list(args.log_types),
        # Pods get their permissions by Pod Identity, which needs no OpenID provider.
        create_oidc_provider=False,
        skip_default_node_group=True,
        # They would guard nothing: managed nodes use the group that EKS makes.
        skip_default_security_groups=True,
        # Else EKS first installs copies of the same three add-ons, in versions of its own.
        bootstrap_self_managed_addons=False,
        kube_proxy_addon_options={"version": addons["kube-proxy"].version},
        vpc_cni_options={
            "addon_version": addons["vpc-cni"].version,
            # Without its policy agent, a NetworkPolicy is accepted and does nothing.
            "enable_network_policy": True,
            # Addresses by the sixteen: a node then takes 110 pods where a t4g.medium, address by address, takes 17.
            # https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses.html
            "enable_prefix_delegation": True,
        },
        # Its pods need nodes, and the add-on would wait for them in vain: it comes after them.
        coredns_addon_options={"enabled": False},
        opts=opts,
    )


def _access(name: str, cluster_name: pulumi.Output[str], access: AccessArgs, opts: pulumi.ResourceOptions) -> None:
    entry = aws.eks.AccessEntry(name, cluster_name=cluster_name, principal_arn=access.principal_arn, opts=opts)
    aws.eks.AccessPolicyAssociation(
        f"{name}-policy",
        cluster_name=cluster_name,
        principal_arn=entry.principal_arn,
        policy_arn=access_policy_arn(access),
        access_scope=(
            {"type": "namespace", "namespaces": list(access.namespaces)} if access.namespaces else {"type": "cluster"}
        ),
        opts=opts,
    )
