"""The K3s cluster of a stack: its machines, the way to them, and what makes them a cluster."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from components import versions
from components.bastion import Bastion, BastionArgs
from components.cluster import Cluster
from components.k3s import AgentPoolArgs, K3sCluster, K3sClusterArgs, K3sMachines, K3sMachinesArgs
from components.k3s_api import K3sApi, K3sApiArgs
from components.network import Network
from settings.cluster import K3s
from settings.kinds import architecture_of
from stack.door import Balancer
from stack.foundation import Foundation
from stack.playbook import digest_of

TUNNEL_PORT = 16443
"""Port of this machine at which `make tunnel` and `make up` serve a private Kubernetes API."""
PLAYBOOKS = Path(__file__).resolve().parents[1] / "ansible"
UBUNTU_OWNER = "099720109477"
"""Canonical's account, https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/."""
_IMAGES = {"24.04": "hvm-ssd-gp3/ubuntu-noble-24.04", "22.04": "hvm-ssd/ubuntu-jammy-22.04"}
_PROCESSORS = {"x86_64": "amd64", "arm64": "arm64"}


def k3s_machines(base: Foundation, network: Network | None) -> K3sMachines | None:
    """The machines of K3s in the private subnets, and the bastion that leads to them."""
    wanted = base.settings.cluster
    if wanted is None or network is None or wanted.kind != "k3s":
        return None
    k3s = wanted.k3s
    return K3sMachines(
        "main",
        K3sMachinesArgs(
            cluster_name=base.name,
            region=base.settings.region,
            account_id=base.account_id(),
            vpc_id=network.vpc_id,
            private_subnet_ids=network.private_subnet_ids,
            private_routes=network.private_routes,
            bastion=_bastion(base, network, k3s),
            image_id=ubuntu_image(base, k3s.ubuntu, k3s.server_type),
            architecture=architecture_of(k3s.server_type),
            server_count=3 if k3s.servers > 1 else 1,
            server_type=k3s.server_type,
            server_disk_gib=k3s.server_disk_gib,
            agent_pools={
                name: AgentPoolArgs(
                    instance_type=group.instance_types[0],
                    count=group.size,
                    capacity=group.capacity,
                    disk_gib=group.disk_gib,
                    labels=group.labels,
                )
                for name, group in wanted.node_groups.items()
            },
            delete_snapshots=k3s.delete_snapshots,
            tags=base.tags,
        ),
        base.opts,
    )


def k3s_cluster(
    base: Foundation, network: Network | None, machines: K3sMachines | None, balancer: Balancer | None
) -> Cluster | None:
    """The Kubernetes cluster on those machines."""
    wanted = base.settings.cluster
    if wanted is None or network is None or machines is None:
        return None
    release = versions.K3S_RELEASES[wanted.version].version
    made = K3sCluster(
        "main",
        K3sClusterArgs(
            machines=machines,
            k3s_version=release,
            k3s_sha256=versions.K3S_SHA256[release],
            playbook_digest=digest_of(PLAYBOOKS),
            api=_api(base, network, machines, balancer),
            tunnel_port=TUNNEL_PORT,
            snapshot_schedule=wanted.k3s.snapshot_schedule,
            snapshot_retention=wanted.k3s.snapshot_retention,
            driver_chart_version=base.settings.versions.chart("aws-ebs-csi-driver"),
            snapshot_chart_version=base.settings.versions.chart("snapshot-controller"),
        ),
        base.opts,
    )
    stack = base.tags["stack"]
    base.outputs["cluster"] = made.name
    base.outputs["kubeconfig"] = made.kubeconfig
    saved = f"(umask 077; pulumi stack output --stack {stack} --show-secrets kubeconfig > kubeconfig.json)"
    base.outputs["to_use_the_cluster"] = saved if wanted.api_cidrs else f"make tunnel STACK={stack}"
    base.outputs["ssh_commands"] = made.ssh_commands
    base.outputs["machines"] = pulumi.Output.secret(
        {"inventory": made.inventory, "private_key": made.private_key, "api_url": made.api_url}
    )
    return made


def ubuntu_image(base: Foundation, family: str, instance_type: str) -> pulumi.Output[str]:
    """The newest image of a family for the processor of a type; a machine keeps the one that it was made from."""
    processor = _PROCESSORS[architecture_of(instance_type)]
    pattern = f"ubuntu/images/{_IMAGES[family]}-{processor}-server-*"
    return aws.ec2.get_ami_output(
        most_recent=True,
        owners=[UBUNTU_OWNER],
        filters=[{"name": "name", "values": [pattern]}],
        opts=base.look_up,
    ).id


def _bastion(base: Foundation, network: Network, k3s: K3s) -> Bastion:
    wanted = k3s.bastion
    private = wanted.access == "ssm"
    return Bastion(
        "bastion",
        BastionArgs(
            vpc_id=network.vpc_id,
            subnet_id=(network.private_subnet_ids if private else network.public_subnet_ids)[0],
            private_routes=network.private_routes if private else (),
            image_id=ubuntu_image(base, k3s.ubuntu, wanted.instance_type),
            instance_type=wanted.instance_type,
            access=wanted.access,
            ssh_cidrs=tuple(map(str, wanted.ssh_cidrs)),
            allow_any_ssh=wanted.allow_public_ssh,
            tags=base.tags,
        ),
        base.opts,
    )


def _api(base: Foundation, network: Network, machines: K3sMachines, balancer: Balancer | None) -> K3sApi | None:
    wanted = base.settings.cluster
    if wanted is None or balancer is None or not wanted.api_cidrs:
        return None
    return K3sApi(
        "api",
        K3sApiArgs(
            balancer_arn=balancer.made.arn,
            balancer_security_group_id=balancer.made.security_group_id,
            balancer_dns_name=balancer.made.dns_name,
            cidrs=tuple(map(str, wanted.api_cidrs)),
            allow_public_api=wanted.allow_public_api,
            vpc_id=network.vpc_id,
            server_group_id=machines.server_group_id,
            server_ids={
                name: machine.instance_id
                for name, machine in machines.machines.items()
                if machine.plan.part == "server"
            },
        ),
        base.opts,
    )
