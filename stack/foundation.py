"""What every part of a stack stands on: the AWS provider, its tags, the hosted zone and the network."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import versions
from components.dns import HostedZone, HostedZoneArgs
from components.flow_logs import FlowLogsArgs
from components.network import NatInstanceMachine, Network, NetworkArgs
from settings import Settings, SettingsError

Outputs = dict[str, Any]
"""What the stack exports, by name."""

FCK_NAT_OWNER = "568608671756"
"""Account that publishes the NAT instance's image, https://fck-nat.dev/stable/deploying/."""


@dataclass(frozen=True)
class Foundation:
    """What every part of the stack stands on."""

    settings: Settings
    tags: dict[str, str]
    """Tags of everything: the provider adds them, but for what AWS creates by itself (machines and their disks)."""
    opts: pulumi.ResourceOptions
    """Places a component on the stack's AWS provider."""
    look_up: pulumi.InvokeOptions
    """Places a look-up on it."""
    outputs: Outputs
    """What the stack's user needs next; every part adds its own."""

    @property
    def name(self) -> str:
        """Name of the stack among those of all projects, for what people read in consoles."""
        return f"{self.tags['project']}-{self.tags['stack']}"

    def account_id(self) -> pulumi.Output[str]:
        """AWS account of the stack, looked up."""
        return aws.get_caller_identity_output(opts=self.look_up).account_id


@dataclass(frozen=True)
class Zone:
    """The public hosted zone in which the stack's names are made."""

    id: pulumi.Output[str]
    name: str


def foundation(settings: Settings) -> Foundation:
    """The AWS provider and the tags that say whose everything is."""
    tags = {
        "project": pulumi.get_project(),
        "stack": pulumi.get_stack(),
        "owner": settings.owner,
        "managed-by": "pulumi",
    }
    if settings.expires:
        tags["expires"] = settings.expires
    provider = aws.Provider(
        "aws",
        region=settings.region,
        default_tags={"tags": tags},
        allowed_account_ids=[settings.account_id] if settings.account_id else None,
    )
    return Foundation(
        settings, tags, pulumi.ResourceOptions(providers=[provider]), pulumi.InvokeOptions(provider=provider), {}
    )


def hosted_zone(base: Foundation) -> Zone | None:
    """The public hosted zone, looked up or created."""
    dns = base.settings.dns
    if dns is None:
        return None
    if not dns.create:
        return Zone(aws.route53.get_zone_output(name=dns.zone, opts=base.look_up).zone_id, dns.zone)
    pulumi.log.info(
        f"{dns.zone}: certificates are issued once its registrar delegates it to the name servers of the new zone; "
        "to read those first, bring the stack up with no section but socle:dns"
    )
    zone = HostedZone("public", HostedZoneArgs(domain_name=dns.zone), base.opts)
    base.outputs["name_servers"] = zone.name_servers
    return Zone(zone.zone_id, dns.zone)


def private_network(base: Foundation) -> Network | None:
    """The VPC, over as many availability zones as the settings ask for."""
    wanted = base.settings.network
    if wanted is None:
        return None
    # Local and wavelength zones have to be opted into, and hold neither NAT gateways nor EKS.
    zones = aws.get_availability_zones(
        state="available",
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=base.look_up,
    )
    if len(zones.names) < wanted.zones:
        raise SettingsError([f"socle:network.zones: {base.settings.region} has only {len(zones.names)}"])
    logs = wanted.flow_logs
    return Network(
        "main",
        NetworkArgs(
            cidr=str(wanted.cidr),
            region=base.settings.region,
            zone_names=tuple(sorted(zones.names)[: wanted.zones]),
            egress=wanted.egress,
            nat_instance=nat_machine(base, wanted.nat_instance_type) if wanted.egress == "nat-instance" else None,
            flow_logs=logs
            and FlowLogsArgs(
                retention_days=logs.retention_days,
                account_id=base.account_id(),
                delete_with_network=logs.delete_contents,
            ),
        ),
        base.opts,
    )


def nat_machine(base: Foundation, instance_type: str) -> NatInstanceMachine:
    """The NAT instance's machine; a newer build of the pinned fck-nat restarts it at the next update."""
    image = aws.ec2.get_ami_output(
        most_recent=True,
        owners=[FCK_NAT_OWNER],
        filters=[{"name": "name", "values": [f"fck-nat-al2023-hvm-{versions.FCK_NAT.version}-*-arm64-ebs"]}],
        opts=base.look_up,
    )
    return NatInstanceMachine(image_id=image.id, instance_type=instance_type, tags=base.tags)
