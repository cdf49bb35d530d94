"""The one machine through which people and Ansible reach the private machines of a stack."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
import pulumi_tls as tls

from components import iam
from components.cidrs import ipv4_network

Access = Literal["ssm", "ssh"]

ANYWHERE = "0.0.0.0/0"
SSH = 22
# Package mirrors, and Amazon Systems Manager.
_WEB = {"http": 80, "https": 443}
_SSM_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
_INSTANCE_TYPE = re.compile(r"[a-z]+\d[a-z0-9-]*\.[a-z0-9-]+")


@dataclass(frozen=True, kw_only=True)
class BastionArgs:
    """Inputs of `Bastion`."""

    vpc_id: pulumi.Input[str]
    """VPC of the machines that it leads to."""
    subnet_id: pulumi.Input[str]
    """Its subnet: private with access `ssm`, public with access `ssh`."""
    private_routes: Sequence[pulumi.Resource] = ()
    """What gives a private `subnet_id` the internet: through it the bastion reaches Systems Manager."""
    image_id: pulumi.Input[str]
    """Ubuntu image for the processor of `instance_type`; kept for the life of the bastion."""
    instance_type: str = "t3.micro"
    """EC2 type; it only passes bytes on."""
    access: Access = "ssm"
    """`ssm` opens no port, and AWS asks who you are; `ssh` opens port 22 to `ssh_cidrs`."""
    ssh_cidrs: tuple[str, ...] = ()
    """IPv4 ranges that may open SSH connections, with access `ssh` only."""
    allow_any_ssh: bool = False
    """True accepts `0.0.0.0/0` in `ssh_cidrs`: anybody may then try to log in."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of the root volume, which the provider's default tags do not reach."""

    def __post_init__(self) -> None:
        """Refuse a door that is open to everybody by accident, or to nobody."""
        if not _INSTANCE_TYPE.fullmatch(self.instance_type):
            raise ValueError(f"instance_type must be an EC2 type such as 't4g.nano', got {self.instance_type!r}")
        if self.access == "ssh" and not self.ssh_cidrs:
            raise ValueError("ssh_cidrs must name at least one IPv4 network with access 'ssh', got none")
        if self.access == "ssm" and self.ssh_cidrs:
            raise ValueError(f"ssh_cidrs must be empty with access 'ssm', which opens no port, got {self.ssh_cidrs!r}")
        for cidr in self.ssh_cidrs:
            if ipv4_network("ssh_cidrs", cidr).prefixlen == 0 and not self.allow_any_ssh:
                raise ValueError(f"ssh_cidrs must not contain {cidr!r} unless allow_any_ssh is true")


@dataclass(frozen=True)
class SshHost:
    """A machine that answers SSH to those who hold the key, as `ssh` has to be told."""

    address: str
    """What the connection is made to: an IPv4 address or, through Systems Manager, an instance id."""
    instance_id: str
    """Under which its host key is remembered: another machine with the same address is another machine."""
    user: str = "ubuntu"
    """User of Ubuntu's images."""


def bastion_options(bastion: SshHost, access: Access, region: str) -> list[str]:
    """Options of `ssh` for a connection to the bastion itself."""
    options = _host_key(bastion.instance_id)
    if access == "ssm":
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-enable-ssh-connections.html
        session = (
            f"aws ssm start-session --region {region} --target {bastion.instance_id} "
            f"--document-name AWS-StartSSHSession --parameters portNumber={SSH}"
        )
        options.append(f"ProxyCommand={session}")
    return options


def through_bastion(host: SshHost, bastion: SshHost, access: Access, region: str) -> list[str]:
    """Options of `ssh` for a connection to `host` that goes through the bastion; the key is the caller's affair."""
    inner = " ".join(f'-o "{option}"' for option in bastion_options(bastion, access, region))
    return [*_host_key(host.instance_id), f"ProxyCommand=ssh {inner} -W %h:%p {bastion.user}@{bastion.address}"]


def as_arguments(options: Sequence[str]) -> str:
    """The same options as words for a shell."""
    return " ".join(f"-o '{option}'" for option in options)


class Bastion(pulumi.ComponentResource):
    """The only way to SSH on private machines, and the key pair that they all accept.

    It holds no key: connections pass through it to the machine behind. With access `ssm` no port is open and it has no
    public address, so that nobody reaches it while the way out of its subnet is cut; with `ssh` it has one, and port 22
    is open to `ssh_cidrs`. What it may reach behind, whoever owns that grants to `security_group_id`. AWS bills the
    machine, its volume, and its public IPv4 address per hour. The private key is secret, and lies in the state.
    """

    instance_id: pulumi.Output[str]
    """Id of the instance."""
    address: pulumi.Output[str]
    """What `ssh` connects to: its public IPv4 address or, with access `ssm`, its instance id."""
    security_group_id: pulumi.Output[str]
    """Its security group, for the rules of what lies behind."""
    key_name: pulumi.Output[str]
    """Key pair in EC2, for the machines behind."""
    private_key: pulumi.Output[str]
    """Private key of the pair in OpenSSH's format, secret."""
    access: Access
    """How it is reached."""

    def __init__(self, name: str, args: BastionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Bastion", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        key = tls.PrivateKey(f"{name}-key", algorithm="ED25519", opts=child)
        pair = aws.ec2.KeyPair(f"{name}-key", public_key=key.public_key_openssh, tags={"Name": name}, opts=child)
        group, rules = _security_group(name, args, child)
        instance = _instance(name, args, group.id, pair.key_name, child, after=rules)

        self.access = args.access
        self.instance_id = instance.id
        self.address = instance.id if args.access == "ssm" else instance.public_ip
        self.security_group_id = group.id
        self.key_name = pair.key_name
        self.private_key = pulumi.Output.secret(key.private_key_openssh)
        self.register_outputs(
            {
                "instance_id": self.instance_id,
                "address": self.address,
                "security_group_id": self.security_group_id,
                "key_name": self.key_name,
                "private_key": self.private_key,
                "access": self.access,
            }
        )


def _host_key(instance_id: str) -> list[str]:
    return [f"HostKeyAlias={instance_id}", "StrictHostKeyChecking=accept-new"]


def _security_group(
    name: str, args: BastionArgs, child: pulumi.ResourceOptions
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        description="Bastion: the way to the private machines",
        vpc_id=args.vpc_id,
        tags={"Name": name},
        opts=child,
    )
    rules: list[pulumi.Resource] = [
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-ssh-from-{cidr.replace('/', '-')}",
            security_group_id=group.id,
            description="People and pipelines, SSH",
            ip_protocol="tcp",
            from_port=SSH,
            to_port=SSH,
            cidr_ipv4=cidr,
            opts=child,
        )
        for cidr in args.ssh_cidrs
    ]
    rules += [
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-{role}-to-anywhere",
            security_group_id=group.id,
            description="Package mirrors and Systems Manager",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=ANYWHERE,
            opts=child,
        )
        for role, port in _WEB.items()
    ]
    return group, rules


def _instance(
    name: str,
    args: BastionArgs,
    group_id: pulumi.Output[str],
    key_name: pulumi.Output[str],
    child: pulumi.ResourceOptions,
    *,
    after: Sequence[pulumi.Resource],
) -> aws.ec2.Instance:
    role = aws.iam.Role(f"{name}-role", assume_role_policy=iam.trust("ec2.amazonaws.com"), opts=child)
    profile = aws.iam.InstanceProfile(f"{name}-profile", role=role.name, opts=child)
    needs = [*after, *args.private_routes]
    if args.access == "ssm":
        needs.append(
            aws.iam.RolePolicyAttachment(f"{name}-ssm-policy", role=role.name, policy_arn=_SSM_POLICY, opts=child)
        )
    return aws.ec2.Instance(
        f"{name}-instance",
        ami=args.image_id,
        instance_type=args.instance_type,
        subnet_id=args.subnet_id,
        vpc_security_group_ids=[group_id],
        associate_public_ip_address=args.access == "ssh",
        key_name=key_name,
        iam_instance_profile=profile.name,
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        root_block_device={
            "volume_type": "gp3",
            "encrypted": True,
            "delete_on_termination": True,
            "tags": {**args.tags, "Name": name},
        },
        tags={"Name": name},
        # The newest image of each day would replace the bastion each day; it gets its updates by itself. And without
        # its rules and policy nobody could pass, on a destroy neither.
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(ignore_changes=["ami"], depends_on=needs)),
    )
