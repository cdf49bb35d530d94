"""The cluster: the contract that it fulfils, and what it hands out."""

import json
from typing import Any

import pulumi
import pytest
import yaml

from components.cluster import Cluster
from components.k3s import K3sCluster
from components.k3s_api import K3sApi, K3sApiArgs
from tests.components.seen_options import SeenOptions
from tests.components.simulated_k3s import (
    COMMAND,
    KEY,
    KUBECONFIG,
    OUTPUTS,
    cluster_args,
    known,
    make_cluster,
    make_machines,
)
from tests.conftest import Declare, Plan

PROVIDER = "pulumi:providers:kubernetes"
RELEASE = "kubernetes:helm.sh/v3:Release"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def test_it_fulfils_the_contract(declare: Declare):
    found: list[Cluster] = []
    declare(lambda: found.append(make_cluster()), outputs=OUTPUTS)
    assert found[0].storage_class == "gp3"
    assert set(found[0].ingress_targets.instance_ids) == {"server-1", "agents-1", "agents-2"}


def test_add_ons_wait_for_volumes_and_volumes_for_the_nodes(declare: Declare):
    seen = SeenOptions()
    plan = declare(lambda: make_cluster(opts=seen.opts), outputs=OUTPUTS)
    assert set(plan.of(PROVIDER)) == {"main-api", "main-k8s"}
    # As secrets travel.
    assert [each["kubeconfig"]["value"] for each in plan.of(PROVIDER).values()] == [KUBECONFIG, KUBECONFIG]
    # Another address of the API, or another certificate, is no other cluster.
    assert {each["clusterIdentifier"] for each in plan.of(PROVIDER).values()} == {"demo"}
    assert seen.before("main-k8s") == {
        "main-storage-snapshot-controller",
        "main-storage-ebs-csi",
        "main-storage-gp3",
    }


def test_the_charts_of_the_cluster_itself_use_the_provider_that_waits_for_nobody(declare: Declare):
    plan = declare(make_cluster, outputs=OUTPUTS)
    users = {each.name: each.provider for each in plan.resources if each.type.startswith("kubernetes:")}
    assert set(users) == {
        "main-storage-snapshot-controller-release",
        "main-storage-ebs-csi-release",
        "main-storage-gp3",
    }
    assert all("main-api" in provider for provider in users.values())


def test_volumes_are_encrypted_gp3_in_the_zone_of_their_pod(declare: Declare):
    made = declare(make_cluster, outputs=OUTPUTS).one("kubernetes:storage.k8s.io/v1:StorageClass")
    assert made["metadata"] == {
        "name": "gp3",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    }
    assert made["provisioner"] == "ebs.csi.aws.com"
    assert made["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert made["volumeBindingMode"] == "WaitForFirstConsumer"


def test_a_grant_reaches_the_machines_where_the_pod_may_run(declare: Declare):
    returned: list[list[pulumi.Resource]] = []

    def program() -> None:
        cluster = make_cluster()
        returned.append(cluster.grant("dns", namespace="external-dns", service_account="external-dns", policy="{}"))

    plan = declare(program, outputs=OUTPUTS)
    grants = {name: each for name, each in plan.of("aws:iam/rolePolicy:RolePolicy").items() if name.startswith("dns")}
    assert grants == {
        "dns-server-grant": {"role": "main-identity-server-role", "policy": "{}"},
        "dns-agent-grant": {"role": "main-identity-agent-role", "policy": "{}"},
    }
    assert len(returned[0]) == 2


def outputs_of(declare: Declare, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def program() -> None:
        cluster = make_cluster(**changes)
        for key in ("name", "kubeconfig", "api_url", "ssh_commands", "inventory", "bastion_id", "private_key"):
            output: pulumi.Output[Any] = getattr(cluster, key)
            pulumi.Output.all(output, output.is_secret()).apply(lambda both, key=key: found.__setitem__(key, both))

    declare(program, outputs=OUTPUTS)
    return found


def test_it_hands_out_what_tools_need(declare: Declare):
    found = {key: value for key, (value, _) in outputs_of(declare).items()}
    assert found["name"] == "demo"
    assert found["bastion_id"] == "bastion-instance-id"
    assert set(found["ssh_commands"]) == {"server-1", "agents-1", "agents-2"}
    everything = yaml.safe_load(found["inventory"])["all"]["children"]
    assert list(everything["agents"]["hosts"]) == ["agents-1", "agents-2"]


def test_kubeconfig_and_key_are_secret_and_the_rest_is_not(declare: Declare):
    found = outputs_of(declare)
    assert found["kubeconfig"] == [KUBECONFIG, True]
    assert found["private_key"] == [KEY, True]
    assert {key for key, (_, secret) in found.items() if secret} == {"kubeconfig", "private_key"}


def test_the_api_is_at_the_near_end_of_a_tunnel(declare: Declare):
    assert outputs_of(declare, tunnel_port=17000)["api_url"][0] == "https://127.0.0.1:17000"


# The API on a load balancer


def api_args(**changes: Any) -> K3sApiArgs:
    given: dict[str, Any] = {
        "balancer_arn": "arn:nlb",
        "balancer_security_group_id": "sg-nlb",
        "balancer_dns_name": "nlb.example",
        "cidrs": ("198.51.100.0/24",),
        "vpc_id": "vpc-1",
        "server_group_id": "sg-servers",
        "server_ids": {"server-1": "i-01", "server-2": "i-02"},
        **changes,
    }
    return K3sApiArgs(**given)


@pytest.fixture
def api(declare: Declare) -> Plan:
    return declare(lambda: K3sApi("api", api_args()), outputs=OUTPUTS)


def test_the_load_balancer_that_is_there_listens_for_the_api_too(api: Plan):
    listener = api.one("aws:lb/listener:Listener")
    assert (listener["loadBalancerArn"], listener["port"], listener["protocol"]) == ("arn:nlb", 6443, "TCP")
    targets = api.of("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert {name: each["targetId"] for name, each in targets.items()} == {
        "api-server-1": "i-01",
        "api-server-2": "i-02",
    }
    assert api.one("aws:lb/targetGroup:TargetGroup")["healthCheck"]["protocol"] == "TCP"


def test_the_api_is_open_to_the_listed_networks_and_the_servers_to_the_load_balancer(api: Plan):
    rules = {
        (each["securityGroupId"], each.get("cidrIpv4") or each["referencedSecurityGroupId"], each["fromPort"])
        for each in api.of(INGRESS).values()
    }
    assert rules == {("sg-nlb", "198.51.100.0/24", 6443), ("sg-servers", "sg-nlb", 6443)}
    out = api.one(EGRESS)
    assert (out["securityGroupId"], out["referencedSecurityGroupId"]) == ("sg-nlb", "sg-servers")
    assert (out["fromPort"], out["toPort"]) == (6443, 6443)


def test_with_a_load_balancer_no_tunnel_is_needed(declare: Declare):
    urls: list[str] = []

    def program() -> None:
        cluster = K3sCluster("main", cluster_args(make_machines(), api=K3sApi("api", api_args())))
        known(cluster.api_url, urls)

    plan = declare(program, outputs=OUTPUTS)
    assert urls == ["https://nlb.example:6443"]
    command = plan.of(COMMAND)["main-configuration-servers"]
    assert yaml.safe_load(command["environment"]["INVENTORY"])["all"]["vars"]["tls_sans"] == [
        "127.0.0.1",
        "nlb.example",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cidrs": ()}, "cidrs must name at least one IPv4 network, got none"),
        ({"cidrs": ("0.0.0.0/0",)}, "cidrs must not contain '0.0.0.0/0' unless allow_public_api is true"),
        ({"cidrs": ("somewhere",)}, "cidrs must hold IPv4 networks, got 'somewhere'"),
    ],
)
def test_an_api_open_by_accident_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        api_args(**changes)


def test_the_whole_internet_may_try_only_when_said_in_so_many_words():
    assert api_args(cidrs=("0.0.0.0/0",), allow_public_api=True).cidrs == ("0.0.0.0/0",)


def test_releases_are_pinned_and_lie_in_the_namespace_of_the_cluster(declare: Declare):
    releases = declare(make_cluster, outputs=OUTPUTS).of(RELEASE)
    assert {(each["chart"], each["version"], each["namespace"]) for each in releases.values()} == {
        ("snapshot-controller", "5.2.0", "kube-system"),
        ("aws-ebs-csi-driver", "2.64.0", "kube-system"),
    }
    assert "PRIVATE KEY" not in json.dumps(releases)
