"""A small stack on K3s for rehearsals: network, bastion, machines, cluster, and one chart on it."""

from typing import Any

from tests.rehearsal.checkouts import Checkout
from tests.rehearsal.programs import write_program

SERVERS = ("server-1", "server-2", "server-3")

DEFAULTS: dict[str, Any] = {
    "servers": 3,
    "agents": 2,
    "agent_type": "t3.micro",
    "capacity": "on-demand",
    "image_revision": 1,
    "version": "v1.36.1+k3s1",
    "digest": "digest-1",
    "tunnel_port": 16443,
    "kubeconfig_revision": 1,
}

_BODY = """
import pulumi_aws as aws

from components.bastion import Bastion, BastionArgs
from components.chart import Chart, ChartArgs
from components.k3s import AgentPoolArgs, K3sCluster, K3sClusterArgs, K3sMachines, K3sMachinesArgs
from components.namespace import make_namespace
from components.network import Network, NetworkArgs

region = "eu-west-3"
tags = {"owner": "devu42", "stack": "small"}
provider = aws.Provider("aws", region=region, default_tags={"tags": tags})
on_aws = pulumi.ResourceOptions(providers=[provider])
image = aws.ec2.get_ami_output(
    owners=["099720109477"],
    most_recent=True,
    filters=[
        {"name": "name", "values": ["ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*"]},
        {"name": "architecture", "values": ["x86_64"]},
    ],
    opts=pulumi.InvokeOptions(provider=provider),
).id
zones = tuple(f"{region}{letter}" for letter in "abc")
network = Network(
    "main", NetworkArgs(cidr="10.9.0.0/16", region=region, zone_names=zones, egress="nat-gateway"), on_aws
)
bastion = Bastion(
    "bastion",
    BastionArgs(
        vpc_id=network.vpc_id,
        subnet_id=network.private_subnet_ids[0],
        private_routes=network.private_routes,
        image_id=image,
    ),
    on_aws,
)
machines = K3sMachines(
    "main",
    K3sMachinesArgs(
        cluster_name="small",
        region=region,
        account_id="123456789012",
        vpc_id=network.vpc_id,
        private_subnet_ids=network.private_subnet_ids,
        private_routes=network.private_routes,
        bastion=bastion,
        image_id=image,
        server_count=settings["servers"],
        server_type="t3.small",
        agent_pools={
            "agents": AgentPoolArgs(
                instance_type=settings["agent_type"],
                count=settings["agents"],
                capacity=settings["capacity"],
                image_revision=settings["image_revision"],
            )
        },
        tags=tags,
        recovery_days=0,
        delete_snapshots=True,
    ),
    on_aws,
)
k3s = K3sCluster(
    "main",
    K3sClusterArgs(
        machines=machines,
        k3s_version=settings["version"],
        k3s_sha256={"amd64": settings["version"].encode().hex().ljust(64, "0")[:64]},
        playbook_digest=settings["digest"],
        tunnel_port=settings["tunnel_port"],
        kubeconfig_revision=settings["kubeconfig_revision"],
    ),
    on_aws,
)
space = make_namespace("shop", cluster=k3s, namespace="shop", pod_security="restricted", opts=pulumi.ResourceOptions())
Chart(
    "shop",
    ChartArgs(chart="oci://example.org/charts/shop", version="1.0.0", namespace=space, values={"replicas": 2}),
)
pulumi.export("kubeconfig", k3s.kubeconfig)
pulumi.export("inventory", k3s.inventory)
pulumi.export("private_key", k3s.private_key)
pulumi.export("bastion", bastion.address)
"""


def write_k3s_program(checkout: Checkout, **settings: Any) -> None:
    """Make the stack `small` one on K3s; `settings` are those that differ."""
    chosen = {**DEFAULTS, **settings}
    write_program(checkout, f"settings = {chosen!r}\n{_BODY}")
