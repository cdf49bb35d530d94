"""Who K3s machines are in AWS: a role for servers and one for agents, and the tokens by which machines join."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components import iam
from components.credentials import password
from components.k3s_permissions import manage_volumes, read_secret, write_snapshots
from components.private_bucket import PrivateBucket, PrivateBucketArgs

Part = Literal["server", "agent"]

_PULL_IMAGES = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
# K3s deletes snapshots by count; what it deletes can be fetched back this long.
_NONCURRENT_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class K3sIdentityArgs:
    """Inputs of `K3sIdentity`."""

    cluster_name: str
    """Name of the cluster, in the tags by which the EBS CSI driver knows its own."""
    region: str
    """Region of the machines."""
    account_id: pulumi.Input[str]
    """Account of the machines."""
    recovery_days: int = 7
    """Days that AWS keeps the tokens after a destroy, 7 to 30; 0 deletes them at once."""
    delete_snapshots: bool = False
    """True empties the bucket of etcd snapshots when it is destroyed; otherwise what is in it makes that stop."""
    protect: bool = False
    """True makes Pulumi refuse to delete the bucket of etcd snapshots."""

    def __post_init__(self) -> None:
        """Refuse what Secrets Manager would refuse at deployment."""
        if self.recovery_days not in (0, *range(7, 31)):
            raise ValueError(f"recovery_days must be 0 or from 7 to 30, got {self.recovery_days}")


class K3sIdentity(pulumi.ComponentResource):
    """Roles and join tokens of a K3s cluster, and the bucket of its etcd snapshots.

    Servers manage volumes and snapshots of etcd; both kinds pull images from ECR and read their own token. Who has
    the servers' token owns the cluster, so agents get one that joins agents only. Billed: the two secrets per month,
    and what the bucket holds.
    """

    profile_names: Mapping[Part, pulumi.Output[str]]
    """Instance profile of each kind of machine."""
    role_names: Mapping[Part, pulumi.Output[str]]
    """Role of each kind of machine, for further permissions."""
    token_arns: Mapping[Part, pulumi.Output[str]]
    """Secret in Secrets Manager with the token of each kind of machine."""
    snapshot_bucket: pulumi.Output[str]
    """Bucket of etcd snapshots."""
    ready: list[pulumi.Resource]
    """What must exist before a machine starts to use its role."""

    def __init__(self, name: str, args: K3sIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:K3sIdentity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        roles = {part: _role(f"{name}-{part}", child) for part in ("server", "agent")}
        self.token_arns = {
            "server": _token(f"{name}-server-token", args, "server", child),
            "agent": _token(f"{name}-agent-token", args, "agent", child),
        }
        bucket = PrivateBucket(
            f"{name}-etcd",
            PrivateBucketArgs(
                noncurrent_days=_NONCURRENT_DAYS, delete_contents=args.delete_snapshots, protect=args.protect
            ),
            child,
        )
        # Nobody but the servers' role, and over TLS only.
        bucket.allow([])
        volumes = pulumi.Output.from_input(args.account_id).apply(
            lambda account: manage_volumes(cluster_name=args.cluster_name, region=args.region, account_id=account)
        )
        policies: list[tuple[str, Part, pulumi.Output[str]]] = [
            ("server-token", "server", self.token_arns["server"].apply(read_secret)),
            # A server also says which token agents may use.
            ("server-agent-token", "server", self.token_arns["agent"].apply(read_secret)),
            ("server-snapshots", "server", bucket.arn.apply(write_snapshots)),
            ("server-volumes", "server", volumes),
            ("agent-token", "agent", self.token_arns["agent"].apply(read_secret)),
        ]
        self.ready = [
            aws.iam.RolePolicy(f"{name}-{key}-policy", role=roles[part].name, policy=policy, opts=child)
            for key, part, policy in policies
        ]
        self.ready += [
            aws.iam.RolePolicyAttachment(f"{name}-{part}-registry", role=role.name, policy_arn=_PULL_IMAGES, opts=child)
            for part, role in roles.items()
        ]
        self.profile_names = {
            "server": aws.iam.InstanceProfile(f"{name}-server-profile", role=roles["server"].name, opts=child).name,
            "agent": aws.iam.InstanceProfile(f"{name}-agent-profile", role=roles["agent"].name, opts=child).name,
        }
        self.role_names = {"server": roles["server"].name, "agent": roles["agent"].name}
        self.snapshot_bucket = bucket.bucket_name
        self.register_outputs(
            {
                "profile_names": self.profile_names,
                "role_names": self.role_names,
                "token_arns": self.token_arns,
                "snapshot_bucket": self.snapshot_bucket,
            }
        )


def _role(name: str, opts: pulumi.ResourceOptions) -> aws.iam.Role:
    return aws.iam.Role(f"{name}-role", assume_role_policy=iam.trust("ec2.amazonaws.com"), opts=opts)


def _token(name: str, args: K3sIdentityArgs, part: Part, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """ARN of a secret that holds a new token: who knows it can already read a value."""
    secret = aws.secretsmanager.Secret(
        f"{name}-secret",
        description=f"Token by which {part}s join the K3s cluster {args.cluster_name}",
        recovery_window_in_days=args.recovery_days,
        opts=opts,
    )
    value = aws.secretsmanager.SecretVersion(
        f"{name}-value", secret_id=secret.id, secret_string=password(name, opts), opts=opts
    )
    return pulumi.Output.all(secret.arn, value.id).apply(lambda known: known[0])
