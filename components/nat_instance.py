"""Egress of private subnets through one small instance that replaces itself: the thrifty sibling of a NAT gateway."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import iam
from components.next_hop import NextHop

ANYWHERE = "0.0.0.0/0"
# Graviton families carry a `g` after their generation: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
_ARM_INSTANCE_TYPE = re.compile(r"[a-z]+\d+g[a-z]*\.[a-z0-9]+")
# Root device of Amazon Linux 2023, on which fck-nat is built: https://github.com/AndrewGuenther/fck-nat
_ROOT_DEVICE = "/dev/xvda"
# What an instance brings into the world by itself, out of reach of the provider's default tags.
_BORN_WITH_INSTANCE = ("instance", "volume", "network-interface")


@dataclass(frozen=True, kw_only=True)
class NatInstanceMachine:
    """The machine that a stack chooses for its NAT instance."""

    image_id: pulumi.Input[str]
    """ARM image of fck-nat (https://fck-nat.dev); another image means another instance, and a minute without egress."""
    instance_type: str = "t4g.nano"
    """ARM instance type; its network allowance bounds the egress of the whole VPC."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of the stack, for the group and what it launches, which the provider's default tags do not reach."""

    def __post_init__(self) -> None:
        """Refuse types on which the ARM image cannot start."""
        if not _ARM_INSTANCE_TYPE.fullmatch(self.instance_type):
            raise ValueError(f"instance_type must be an ARM type such as 't4g.nano', got {self.instance_type!r}")


@dataclass(frozen=True, kw_only=True)
class NatInstanceArgs:
    """Inputs of `NatInstance`."""

    machine: NatInstanceMachine
    """Image, type and tags of the instance."""
    vpc_id: pulumi.Input[str]
    """VPC of the subnets."""
    vpc_cidr: str
    """IPv4 range of the VPC: the only addresses whose traffic the instance accepts."""
    subnet_id: pulumi.Input[str]
    """Public subnet of the instance; its internet route exists before the instance starts."""
    subnet_arn: pulumi.Input[str]
    """The same subnet, as the instance's permissions name it."""
    zone_names: tuple[str, ...]
    """Zones whose private subnets it serves."""

    def __post_init__(self) -> None:
        """Refuse an instance that serves nobody."""
        if not self.zone_names:
            raise ValueError("zone_names must name at least one zone, got none")


def user_data(interface_id: str, allocation_id: str) -> str:
    """First-boot script: the settings of fck-nat, see https://fck-nat.dev/stable/configuration/. It holds no secret.

    fck-nat sends traffic out by the instance's own interface, so the elastic address goes there (`eip_id`); the
    fixed interface (`eni_id`) is where the private route tables send it.
    """
    return (
        "#!/bin/sh\n"
        f"printf 'eni_id=%s\\neip_id=%s\\n' {interface_id} {allocation_id} > /etc/fck-nat.conf\n"
        "systemctl restart fck-nat.service\n"
    )


def permissions(*, name: str, interface_arn: str, address_arn: str, profile_arn: str, subnet_arn: str) -> str:
    """JSON policy of the instance: attach the fixed interface and take the fixed address, to and for itself only.

    fck-nat documents these four actions on every resource. EC2 lets them be narrowed: the fixed interface and the
    address by ARN, the instance by its profile, its own interface by subnet and `Name` tag.
    """
    address_actions = ["ec2:AssociateAddress", "ec2:DisassociateAddress"]
    return iam.document(
        iam.statement(["ec2:AttachNetworkInterface"], [interface_arn]),
        iam.statement(
            ["ec2:AttachNetworkInterface"],
            ["arn:aws:ec2:*:*:instance/*"],
            conditions={"ArnEquals": {"ec2:InstanceProfile": profile_arn}},
        ),
        iam.statement(address_actions, [address_arn]),
        iam.statement(
            ["ec2:ModifyNetworkInterfaceAttribute", *address_actions],
            ["arn:aws:ec2:*:*:network-interface/*"],
            conditions={"ArnEquals": {"ec2:Subnet": subnet_arn}, "StringEquals": {"ec2:ResourceTag/Name": name}},
        ),
    )


class NatInstance(pulumi.ComponentResource):
    """Lets private subnets open connections to the internet; nothing can open one to them.

    Billed by AWS per instance and hour, per gigabyte-month of its root volume, and per public IPv4 address and hour;
    nothing per gigabyte processed, which is the price that weighs with a NAT gateway. Burstable types that run beyond
    their credits pay for the surplus. Other zones pay for crossing zones.

    It opens the instance to all traffic from inside the VPC, and to none from outside. An auto scaling group of one
    replaces a failed instance, in about the time of a boot, during which there is no egress; open connections are
    lost. Routes point at a fixed interface, and the outside world sees a fixed address: neither changes.
    """

    public_ips: list[pulumi.Output[str]]
    """The address that the outside world sees."""
    next_hops: Mapping[str, NextHop]
    """Where each zone sends what leaves the VPC, by zone name: everywhere the fixed interface."""
    ready: list[pulumi.Resource]
    """What must exist, beside the routes, before traffic gets out."""

    def __init__(self, name: str, args: NatInstanceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:NatInstance", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        address = aws.ec2.Eip(f"{name}-address", domain="vpc", tags={"Name": name}, opts=child)
        security_group, rules = _security_group(name, args, child)
        interface = aws.ec2.NetworkInterface(
            f"{name}-interface",
            description="Fixed way out of the private subnets",
            subnet_id=args.subnet_id,
            security_groups=[security_group.id],
            source_dest_check=False,
            tags={"Name": f"{name}-fixed"},
            opts=child,
        )
        profile, policy = _identity(name, args.subnet_arn, interface, address, child)
        boot = pulumi.Output.all(interface.id, address.allocation_id).apply(lambda ids: user_data(*ids))
        template = _launch_template(
            name, args.machine, group_id=security_group.id, profile_arn=profile.arn, boot=boot, opts=child
        )
        # The instance takes its address once, at boot: what lets it do so comes first.
        ready = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy, *rules]))
        self.ready = [_group_of_one(name, args, template, ready)]
        self.next_hops = dict.fromkeys(args.zone_names, NextHop(network_interface_id=interface.id))
        self.public_ips = [address.public_ip]
        self.register_outputs({"public_ips": self.public_ips})


def _security_group(
    name: str, args: NatInstanceArgs, child: pulumi.ResourceOptions
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    """Everything in from the VPC, everything out: the group, and its rules."""
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        description="NAT instance: in from the VPC, out to anywhere",
        vpc_id=args.vpc_id,
        tags={"Name": name},
        opts=child,
    )
    inward = aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-vpc",
        security_group_id=group.id,
        description="Machines of the private subnets",
        ip_protocol="-1",
        cidr_ipv4=args.vpc_cidr,
        opts=child,
    )
    outward = aws.vpc.SecurityGroupEgressRule(
        f"{name}-to-anywhere",
        security_group_id=group.id,
        description="The internet, and answers to the VPC",
        ip_protocol="-1",
        cidr_ipv4=ANYWHERE,
        opts=child,
    )
    return group, [inward, outward]


def _identity(
    name: str,
    subnet_arn: pulumi.Input[str],
    interface: aws.ec2.NetworkInterface,
    address: aws.ec2.Eip,
    child: pulumi.ResourceOptions,
) -> tuple[aws.iam.InstanceProfile, aws.iam.RolePolicy]:
    role = aws.iam.Role(f"{name}-role", assume_role_policy=iam.trust("ec2.amazonaws.com"), opts=child)
    profile = aws.iam.InstanceProfile(f"{name}-profile", role=role.name, opts=child)
    arns = pulumi.Output.all(
        interface_arn=interface.arn, address_arn=address.arn, profile_arn=profile.arn, subnet_arn=subnet_arn
    )
    policy = aws.iam.RolePolicy(
        f"{name}-policy", role=role.name, policy=arns.apply(lambda known: permissions(name=name, **known)), opts=child
    )
    return profile, policy


def _launch_template(
    name: str,
    machine: NatInstanceMachine,
    *,
    group_id: pulumi.Output[str],
    profile_arn: pulumi.Output[str],
    boot: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> aws.ec2.LaunchTemplate:
    tags = {**machine.tags, "Name": name}
    return aws.ec2.LaunchTemplate(
        f"{name}-template",
        image_id=machine.image_id,
        instance_type=machine.instance_type,
        iam_instance_profile={"arn": profile_arn},
        # The elastic address is taken by calling EC2, which already needs a way out: a passing public address.
        network_interfaces=[
            {
                "device_index": 0,
                "associate_public_ip_address": "true",
                "delete_on_termination": "true",
                "security_groups": [group_id],
            }
        ],
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        block_device_mappings=[
            {
                "device_name": _ROOT_DEVICE,
                "ebs": {"volume_type": "gp3", "encrypted": "true", "delete_on_termination": "true"},
            }
        ],
        user_data=boot.apply(lambda text: base64.b64encode(text.encode()).decode()),
        update_default_version=True,
        tag_specifications=[{"resource_type": kind, "tags": tags} for kind in _BORN_WITH_INSTANCE],
        opts=opts,
    )


def _group_of_one(
    name: str, args: NatInstanceArgs, template: aws.ec2.LaunchTemplate, opts: pulumi.ResourceOptions
) -> aws.autoscaling.Group:
    tags = {**args.machine.tags, "Name": name}
    return aws.autoscaling.Group(
        f"{name}-group",
        min_size=1,
        max_size=1,
        desired_capacity=1,
        vpc_zone_identifiers=[args.subnet_id],
        # A numbered version, and not `$Latest`: this is how the group learns that the template changed.
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        # The old instance leaves first: the fixed interface cannot be on two at once.
        instance_refresh={"strategy": "Rolling", "preferences": {"min_healthy_percentage": 0}},
        # IAM takes seconds to spread a new profile, and the group tries again by itself.
        ignore_failed_scaling_activities=True,
        tags=[{"key": key, "value": value, "propagate_at_launch": False} for key, value in tags.items()],
        opts=opts,
    )
