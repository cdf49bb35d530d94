"""The machines of an EKS cluster: managed node groups, each made from a launch template of its own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from components import iam

Architecture = Literal["x86_64", "arm64"]
Capacity = Literal["on-demand", "spot"]

# https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html
_AMI_TYPES: Mapping[Architecture, str] = {"x86_64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}
_CAPACITY_TYPES: Mapping[Capacity, str] = {"on-demand": "ON_DEMAND", "spot": "SPOT"}
# After the generation number, "g" stands for AWS's own arm64 processors; only a1 is older than that rule.
# https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
_ARM64_TYPE = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")
# The disk of the AL2023 image itself: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
_SMALLEST_DISK_GIB = 20
# https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
_NODE_POLICIES: Mapping[str, str] = {
    "worker": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "registry": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
}


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    """One group of like machines."""

    instance_types: tuple[str, ...]
    """EC2 types that may be used, by preference; with `spot`, several make interruptions rarer."""
    min_size: int
    """Fewest nodes, 0 or more."""
    max_size: int
    """Most nodes, 1 or more; one above the wanted number lets AWS replace nodes one by one."""
    desired_size: int | None = None
    """Nodes wanted, from `min_size` to `max_size`; omitted, `min_size`."""
    autoscaled: bool = False
    """True once an autoscaler decides how many nodes run: `desired_size` then only says how many to start with."""
    capacity: Capacity = "on-demand"
    """`spot` costs far less, and AWS takes the machine back with two minutes' notice."""
    architecture: Architecture = "x86_64"
    """Processor of every one of `instance_types`; images must exist for it."""
    disk_gib: int = 20
    """Size of the root volume in GiB, 20 or more: system, container images, logs."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Kubernetes labels of the nodes."""

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse after minutes of waiting."""
        if not self.instance_types:
            raise ValueError("instance_types must name at least one type, got none")
        for instance_type in self.instance_types:
            if bool(_ARM64_TYPE.match(instance_type)) != (self.architecture == "arm64"):
                raise ValueError(f"instance_types must all be {self.architecture}, got {instance_type!r}")
        if not 0 <= self.min_size <= self.max_size or self.max_size < 1:
            raise ValueError(
                f"min_size and max_size must satisfy 0 <= min_size <= max_size and 1 <= max_size, "
                f"got {self.min_size} and {self.max_size}"
            )
        if self.desired_size is not None and not self.min_size <= self.desired_size <= self.max_size:
            raise ValueError(
                f"desired_size must be from {self.min_size} to {self.max_size} like its group, got {self.desired_size}"
            )
        if self.disk_gib < _SMALLEST_DISK_GIB:
            raise ValueError(f"disk_gib must be {_SMALLEST_DISK_GIB} or more, got {self.disk_gib}")


@dataclass(frozen=True, kw_only=True)
class EksNodesArgs:
    """Inputs of `EksNodes`."""

    cluster: eks.Cluster
    """Control plane that the nodes join."""
    cluster_name: str
    """Name of the cluster, for the names that the EC2 console shows."""
    version: str
    """Kubernetes version of the nodes, such as `1.36`."""
    groups: Mapping[str, NodeGroupArgs]
    """Node groups by name; another name is another group."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets, in which AWS spreads each group evenly."""
    tags: Mapping[str, str]
    """Tags of machines, volumes and network interfaces."""
    ready: Sequence[pulumi.Resource] = ()
    """What must exist before the first node starts."""


class EksNodes(pulumi.ComponentResource):
    """Machines that run pods: Amazon Linux 2023 without a public address or an SSH key.

    Pods cannot reach the instance metadata, hence not the permissions of the machine. AWS bills each machine, its
    encrypted gp3 volume, and what it sends to other zones.
    """

    role_arn: pulumi.Output[str]
    """Role of the machines: join the cluster and pull images, nothing else."""
    autoscaling_group_names: Mapping[str, pulumi.Output[str]]
    """Auto scaling group that AWS made for each node group, by node group name."""
    node_group_names: Mapping[str, pulumi.Output[str]]
    """Name in AWS of each node group, by its name here."""
    node_group_arns: Mapping[str, pulumi.Output[str]]
    """ARN of each node group, likewise."""

    def __init__(self, name: str, args: EksNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:EksNodes", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        role = aws.iam.Role(f"{name}-role", assume_role_policy=iam.trust("ec2.amazonaws.com"), opts=child)
        self.role_arn = role.arn
        permissions = [
            aws.iam.RolePolicyAttachment(f"{name}-{key}-policy", role=role.name, policy_arn=arn, opts=child)
            for key, arn in _NODE_POLICIES.items()
        ]
        # A node group refers to its role only: it cannot join without the role's permissions, nor leave after them.
        ordered = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[*permissions, *args.ready]))
        made = {
            key: self._group(f"{name}-{key}", f"{args.cluster_name}-{key}", group, args, ordered)
            for key, group in args.groups.items()
        }
        self.autoscaling_group_names = {key: _autoscaling_group_name(group) for key, group in made.items()}
        self.node_group_names = {key: group.node_group.node_group_name for key, group in made.items()}
        self.node_group_arns = {key: group.node_group.arn for key, group in made.items()}
        self.register_outputs(
            {
                "role_arn": self.role_arn,
                "autoscaling_group_names": self.autoscaling_group_names,
                "node_group_names": self.node_group_names,
                "node_group_arns": self.node_group_arns,
            }
        )

    def _group(
        self, name: str, label: str, group: NodeGroupArgs, args: EksNodesArgs, opts: pulumi.ResourceOptions
    ) -> eks.ManagedNodeGroup:
        template = self._launch_template(name, label, group, args.tags)
        return eks.ManagedNodeGroup(
            name,
            cluster=args.cluster,
            version=args.version,
            node_role_arn=self.role_arn,
            subnet_ids=args.subnet_ids,
            ami_type=_AMI_TYPES[group.architecture],
            capacity_type=_CAPACITY_TYPES[group.capacity],
            instance_types=list(group.instance_types),
            scaling_config={
                "min_size": group.min_size,
                "max_size": group.max_size,
                "desired_size": group.min_size if group.desired_size is None else group.desired_size,
            },
            ignore_scaling_changes=group.autoscaled,
            labels=group.labels,
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            opts=opts,
        )

    def _launch_template(
        self, name: str, label: str, group: NodeGroupArgs, tags: Mapping[str, str]
    ) -> aws.ec2.LaunchTemplate:
        """Say what EKS leaves open; without a security group here, nodes get the cluster's own."""
        return aws.ec2.LaunchTemplate(
            f"{name}-template",
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # A pod is one hop further than its machine: it gets no answer, and so not the machine's role.
                "http_put_response_hop_limit": 1,
            },
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "volume_type": "gp3",
                        "volume_size": group.disk_gib,
                        "encrypted": "true",
                        "delete_on_termination": "true",
                    },
                }
            ],
            # The provider's default tags stop at the template: what is born from it says its tags here.
            tag_specifications=[
                {"resource_type": kind, "tags": {**tags, "Name": label}}
                for kind in ("instance", "volume", "network-interface")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )


def _autoscaling_group_name(group: eks.ManagedNodeGroup) -> pulumi.Output[str]:
    # Spelt out: `resources` of an Output is a method of the Output, not the node group's property of that name.
    return group.node_group.apply(lambda made: made.resources)[0].autoscaling_groups[0].name
