"""The machines of a K3s cluster: servers and agents on EC2, private, each with its kind's permissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws

from components.bastion import Bastion
from components.cluster import IngressTargets
from components.k3s_identity import K3sIdentity, K3sIdentityArgs
from components.k3s_nodes import (
    AgentPoolArgs,
    Architecture,
    NodePlan,
    ServerCount,
    check_architecture,
    check_disk,
    check_pools,
    check_servers,
    plan_nodes,
)
from components.k3s_permissions import CLUSTER_TAG, OWNED
from components.k3s_security_groups import NodeGroups, make_groups

__all__ = ["AgentPoolArgs", "K3sMachines", "K3sMachinesArgs", "Machine"]

_WEB = (80, 443)
# A machine of a persistent request may be stopped and started, by AWS as by a schedule; it keeps its disk and address.
# The request outlives a machine that is terminated, and would launch another: `tools/spot_requests.py` cancels it.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html
_SPOT: Final[aws.ec2.InstanceInstanceMarketOptionsArgsDict] = {
    "market_type": "spot",
    "spot_options": {"spot_instance_type": "persistent", "instance_interruption_behavior": "stop"},
}


@dataclass(frozen=True, kw_only=True)
class K3sMachinesArgs(K3sIdentityArgs):
    """Inputs of `K3sMachines`: those of its identity, and these."""

    vpc_id: pulumi.Input[str]
    """VPC of the machines."""
    private_subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets, one per zone: two at least, three for three servers. A machine stays where it was made."""
    private_routes: Sequence[pulumi.Resource] = ()
    """What gives `private_subnet_ids` the internet: machines install packages and pull images through it."""
    bastion: Bastion
    """The way to the machines; they accept its key."""
    image_id: pulumi.Input[str]
    """Ubuntu image of `architecture`; each machine keeps the one that it was made from."""
    architecture: Architecture = "x86_64"
    """Processor of all machines."""
    server_count: ServerCount = 1
    """Machines that run the control plane: 1, or 3 that go on when one of them, or its zone, is lost."""
    server_type: str
    """EC2 type of the servers; another one stops and starts each of them."""
    server_disk_gib: int = 20
    """Root volume of each server in GiB, 16 or more; etcd lies on it."""
    agent_pools: Mapping[str, AgentPoolArgs] = field(default_factory=dict[str, AgentPoolArgs])
    """Agents by pool; without any, pods run on the servers."""
    egress_ports: tuple[int, ...] = _WEB
    """TCP ports of the internet that machines and pods may use; omitted, HTTP and HTTPS."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of root volumes, which the provider's default tags do not reach."""

    def __post_init__(self) -> None:
        """Refuse a cluster that could not decide, or could not start."""
        super().__post_init__()
        check_servers(self.server_count, len(self.private_subnet_ids))
        check_disk("server_disk_gib", self.server_disk_gib)
        check_pools(self.agent_pools)
        check_architecture("server_type", self.server_type, self.architecture)
        for name, pool in self.agent_pools.items():
            check_architecture(f"agent_pools[{name!r}].instance_type", pool.instance_type, self.architecture)
        if not set(_WEB) <= set(self.egress_ports):
            raise ValueError(f"egress_ports must contain 80 and 443 for packages and images, got {self.egress_ports}")


@dataclass(frozen=True)
class Machine:
    """One machine that exists, or will."""

    plan: NodePlan
    instance_id: pulumi.Output[str]
    private_ip: pulumi.Output[str]
    zone: pulumi.Output[str]


class K3sMachines(pulumi.ComponentResource):
    """EC2 machines without a public address, on encrypted gp3 volumes, reached through the bastion only.

    Pods can reach the metadata of their machine, and so have its role: on K3s that is how they get permissions, and
    every pod of the cluster has all that was granted to any. AWS bills each machine and its volume, traffic between
    zones, and what burstable types use beyond their credits. Agents on spot cost about a third, and AWS may stop them;
    servers are never on spot, for etcd would lose its majority with them.
    """

    machines: Mapping[str, Machine]
    """Every machine by node name, servers first."""
    ingress_targets: IngressTargets
    """How a load balancer reaches the ingress controller, on any node."""
    server_group_id: pulumi.Output[str]
    """Security group of the servers: who gets a rule in it reaches the Kubernetes API."""
    identity: K3sIdentity
    """Roles, join tokens, bucket of etcd snapshots."""
    args: K3sMachinesArgs
    """What it was made from, for the cluster on it."""

    def __init__(self, name: str, args: K3sMachinesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:K3sMachines", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        plans = plan_nodes(
            server_count=args.server_count,
            server_type=args.server_type,
            server_disk_gib=args.server_disk_gib,
            pools=args.agent_pools,
            places=len(args.private_subnet_ids),
        )

        self.args = args
        self.identity = K3sIdentity(f"{name}-identity", args, child)
        groups = make_groups(
            name,
            vpc_id=args.vpc_id,
            bastion_id=args.bastion.security_group_id,
            egress_ports=args.egress_ports,
            opts=child,
        )
        # A machine that boots before these could neither be reached nor join; on a destroy it leaves before them.
        needs = [*groups.rules, *self.identity.ready, *args.private_routes]
        ordered = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=needs))
        self.machines = {plan.name: self._machine(f"{name}-{plan.name}", plan, groups, ordered) for plan in plans}
        self.server_group_id = groups.servers
        self.ingress_targets = IngressTargets(
            security_group_id=groups.nodes,
            instance_ids={name: machine.instance_id for name, machine in self.machines.items()},
        )
        self.register_outputs({"server_group_id": self.server_group_id})

    def _machine(self, name: str, plan: NodePlan, groups: NodeGroups, opts: pulumi.ResourceOptions) -> Machine:
        args = self.args
        label = f"{args.cluster_name}-{plan.name}"
        instance = aws.ec2.Instance(
            name,
            ami=args.image_id,
            instance_type=plan.instance_type,
            subnet_id=args.private_subnet_ids[plan.place],
            vpc_security_group_ids=[groups.nodes, groups.servers] if plan.part == "server" else [groups.nodes],
            iam_instance_profile=self.identity.profile_names[plan.part],
            key_name=args.bastion.key_name,
            associate_public_ip_address=False,
            instance_market_options=_SPOT if plan.spot else None,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # A pod is one hop further than its machine; K3s has no other way to give pods permissions.
                "http_put_response_hop_limit": 2,
            },
            # Tags of the root volume alone: `volume_tags` would take from the EBS CSI driver's volumes, once attached,
            # the tags by which the driver knows them.
            root_block_device={
                "volume_type": "gp3",
                "volume_size": plan.disk_gib,
                "encrypted": True,
                "delete_on_termination": True,
                "tags": {**args.tags, "Name": label},
            },
            tags={"Name": label, CLUSTER_TAG.format(name=args.cluster_name): OWNED},
            # A newer image, or a zone added to the network, would replace machines that nobody wanted to replace.
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["ami", "subnetId"])),
        )
        return Machine(plan, instance.id, instance.private_ip, instance.availability_zone)
