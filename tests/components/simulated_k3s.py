"""What AWS and the machines would answer for K3s, and the least arguments, for tests."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import pulumi

from components.bastion import Bastion, BastionArgs
from components.k3s import K3sCluster, K3sClusterArgs
from components.k3s_machines import AgentPoolArgs, K3sMachines, K3sMachinesArgs

Properties = dict[str, Any]

INSTANCE = "aws:ec2/instance:Instance"
COMMAND = "command:local:Command"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a key\n-----END OPENSSH PRIVATE KEY-----\n"
KUBECONFIG = '{"clusters": []}'
SUM = "a" * 64

ZONES = {"subnet-a": "eu-west-3a", "subnet-b": "eu-west-3b", "subnet-c": "eu-west-3c", "subnet-1": "eu-west-3a"}
_addresses: dict[str, str] = {}


def instance(inputs: Properties) -> Properties:
    """What EC2 adds to a machine: its addresses follow from its name."""
    name = inputs["tags"]["Name"]
    _addresses.setdefault(name, f"10.0.0.{len(_addresses) + 10}")
    # In whole stacks, subnets are called after their zone.
    zone = ZONES.get(inputs["subnetId"]) or re.sub(r".*-([a-z]+-[a-z]+-\d[a-z])-id", r"\1", inputs["subnetId"])
    found = {"privateIp": _addresses[name], "availabilityZone": zone}
    return {**found, "publicIp": "203.0.113.7"} if inputs["associatePublicIpAddress"] else found


OUTPUTS: dict[str, Callable[[Properties], Properties]] = {
    INSTANCE: instance,
    "tls:index/privateKey:PrivateKey": lambda inputs: {
        "privateKeyOpenssh": KEY,
        "publicKeyOpenssh": "ssh-ed25519 AAAA",
    },
    "aws:ec2/keyPair:KeyPair": lambda inputs: {"keyName": "bastion-key"},
    COMMAND: lambda inputs: {"stdout": KUBECONFIG if inputs.get("create", "").endswith("kubeconfig") else ""},
}


def address(name: str) -> str:
    """Private address of a machine that was declared."""
    return _addresses[name]


def bastion_args(**changes: Any) -> BastionArgs:
    given: dict[str, Any] = {"vpc_id": "vpc-1", "subnet_id": "subnet-1", "image_id": "ami-1", **changes}
    return BastionArgs(**given)


def pool(**changes: Any) -> AgentPoolArgs:
    given: dict[str, Any] = {"instance_type": "t3.micro", "count": 2, **changes}
    return AgentPoolArgs(**given)


def machines_args(bastion: Any = None, **changes: Any) -> K3sMachinesArgs:
    given: dict[str, Any] = {
        "cluster_name": "demo",
        "region": "eu-west-3",
        "account_id": "123456789012",
        "vpc_id": "vpc-1",
        "private_subnet_ids": ["subnet-a", "subnet-b"],
        "bastion": bastion,
        "image_id": "ami-1",
        "server_type": "t3.small",
        "agent_pools": {"agents": pool()},
        "tags": {"owner": "team"},
        **changes,
    }
    return K3sMachinesArgs(**given)


def make_machines(bastion: dict[str, Any] | None = None, **changes: Any) -> K3sMachines:
    return K3sMachines("main", machines_args(Bastion("bastion", bastion_args(**(bastion or {}))), **changes))


def cluster_args(machines: Any = None, **changes: Any) -> K3sClusterArgs:
    given: dict[str, Any] = {
        "machines": machines,
        "k3s_version": "v1.36.2+k3s1",
        "k3s_sha256": {"amd64": SUM},
        "playbook_digest": "digest-1",
        **changes,
    }
    return K3sClusterArgs(**given)


def make_cluster(
    machines: dict[str, Any] | None = None, opts: pulumi.ResourceOptions | None = None, **changes: Any
) -> K3sCluster:
    return K3sCluster("main", cluster_args(make_machines(**(machines or {})), **changes), opts)


T = TypeVar("T")


def known(output: pulumi.Output[T], into: list[T]) -> None:
    """Add the value of an output to a list."""
    output.apply(into.append)
