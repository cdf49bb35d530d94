"""The bastion: what it opens, and how `ssh` is told to go through it."""

import json
import shutil
import subprocess
from typing import Any

import pulumi
import pytest

from components.bastion import Bastion, SshHost, as_arguments, bastion_options, through_bastion
from tests.components.seen_options import SeenOptions
from tests.components.simulated_k3s import INSTANCE, KEY, OUTPUTS, bastion_args, known
from tests.conftest import Declare, Plan

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def declared(declare: Declare, **changes: Any) -> Plan:
    return declare(lambda: Bastion("bastion", bastion_args(**changes)), outputs=OUTPUTS)


def test_by_default_no_port_is_open_and_systems_manager_is_the_way(declare: Declare):
    plan = declared(declare)
    assert plan.of(INGRESS) == {}
    assert plan.one(ATTACHMENT)["policyArn"] == "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def test_access_by_ssh_opens_port_22_to_each_listed_network_and_to_nobody_else(declare: Declare):
    plan = declared(declare, access="ssh", ssh_cidrs=("198.51.100.0/24", "203.0.113.4/32"))
    rules = plan.of(INGRESS)
    assert set(rules) == {"bastion-ssh-from-198.51.100.0-24", "bastion-ssh-from-203.0.113.4-32"}
    assert {(r["cidrIpv4"], r["fromPort"], r["toPort"], r["ipProtocol"]) for r in rules.values()} == {
        ("198.51.100.0/24", 22, 22, "tcp"),
        ("203.0.113.4/32", 22, 22, "tcp"),
    }
    assert plan.of(ATTACHMENT) == {}


def test_it_goes_out_for_packages_and_systems_manager_only(declare: Declare):
    rules = declared(declare).of(EGRESS).values()
    assert {(r["cidrIpv4"], r["fromPort"], r["toPort"], r["ipProtocol"]) for r in rules} == {
        ("0.0.0.0/0", 80, 80, "tcp"),
        ("0.0.0.0/0", 443, 443, "tcp"),
    }


@pytest.mark.parametrize(("access", "cidrs", "public"), [("ssm", (), False), ("ssh", ("198.51.100.0/24",), True)])
def test_it_has_a_public_address_only_where_people_connect_to_one(
    declare: Declare, access: str, cidrs: tuple[str, ...], public: bool
):
    machine = declared(declare, access=access, ssh_cidrs=cidrs).one(INSTANCE)
    assert machine["associatePublicIpAddress"] is public


def test_without_an_address_of_its_own_it_comes_after_the_way_out(declare: Declare):
    seen = SeenOptions()

    def program() -> None:
        route = pulumi.ComponentResource("test:index:Route", "route", opts=seen.opts)
        Bastion("bastion", bastion_args(private_routes=[route]), seen.opts)

    declare(program, outputs=OUTPUTS)
    assert "route" in seen.before("bastion-instance")


def test_the_machine_is_encrypted_and_keeps_its_metadata_to_itself(declare: Declare):
    machine = declared(declare, instance_type="t4g.nano", tags={"owner": "team"}).one(INSTANCE)
    assert machine["instanceType"] == "t4g.nano"
    assert machine["subnetId"] == "subnet-1"
    assert machine["vpcSecurityGroupIds"] == ["bastion-security-group-id"]
    assert machine["keyName"] == "bastion-key"
    assert machine["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    assert machine["rootBlockDevice"] == {
        "volumeType": "gp3",
        "encrypted": True,
        "deleteOnTermination": True,
        "tags": {"owner": "team", "Name": "bastion"},
    }
    assert "userData" not in machine


def test_the_bastion_may_do_nothing_in_aws_but_be_managed(declare: Declare):
    plan = declared(declare)
    assert plan.of("aws:iam/rolePolicy:RolePolicy") == {}
    trust = json.loads(plan.one("aws:iam/role:Role")["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}


@pytest.mark.parametrize(
    ("changes", "address"),
    [({}, "bastion-instance-id"), ({"access": "ssh", "ssh_cidrs": ("198.51.100.0/24",)}, "203.0.113.7")],
)
def test_ssh_reaches_it_by_instance_id_or_by_address(declare: Declare, changes: dict[str, Any], address: str):
    found: list[str] = []
    declare(lambda: known(Bastion("bastion", bastion_args(**changes)).address, found), outputs=OUTPUTS)
    assert found == [address]


def test_the_private_key_is_ed25519_and_secret(declare: Declare):
    found: list[Any] = []

    def program() -> None:
        key = Bastion("bastion", bastion_args()).private_key
        pulumi.Output.from_input(key.is_secret()).apply(found.append)
        key.apply(found.append)

    plan = declare(program, outputs=OUTPUTS)
    assert plan.one("tls:index/privateKey:PrivateKey") == {"algorithm": "ED25519"}
    assert plan.one("aws:ec2/keyPair:KeyPair")["publicKey"] == "ssh-ed25519 AAAA"
    assert True in found
    assert KEY in found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"access": "ssh"}, "ssh_cidrs must name at least one IPv4 network with access 'ssh', got none"),
        ({"ssh_cidrs": ("10.0.0.0/8",)}, "ssh_cidrs must be empty with access 'ssm', which opens no port"),
        (
            {"access": "ssh", "ssh_cidrs": ("0.0.0.0/0",)},
            "ssh_cidrs must not contain '0.0.0.0/0' unless allow_any_ssh is true",
        ),
        ({"access": "ssh", "ssh_cidrs": ("10.0.0.1/8",)}, "ssh_cidrs must hold IPv4 networks, got '10.0.0.1/8'"),
        ({"instance_type": "small"}, "instance_type must be an EC2 type such as 't4g.nano', got 'small'"),
    ],
)
def test_a_door_open_by_accident_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        bastion_args(**changes)


def test_the_whole_internet_is_let_in_only_when_said_in_so_many_words():
    args = bastion_args(access="ssh", ssh_cidrs=("0.0.0.0/0",), allow_any_ssh=True)
    assert args.ssh_cidrs == ("0.0.0.0/0",)


# How ssh understands it

NODE = SshHost("10.0.64.7", "i-0node")


def understood(*words: str) -> dict[str, str]:
    """What `ssh` makes of its arguments."""
    ssh = shutil.which("ssh")
    if ssh is None:
        pytest.skip("no ssh is installed to parse the lines")
    done = subprocess.run([ssh, "-G", *words], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def shell_words(text: str) -> list[str]:
    done = subprocess.run(["/bin/sh", "-c", f"printf '%s\\n' {text}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_ssh_goes_through_a_bastion_with_an_address():
    options = through_bastion(NODE, SshHost("203.0.113.7", "i-0bastion"), "ssh", "eu-west-3")
    told = understood(*shell_words(as_arguments(options)), "ubuntu@10.0.64.7")
    assert told["hostname"] == "10.0.64.7"
    assert told["user"] == "ubuntu"
    assert told["hostkeyalias"] == "i-0node"
    assert told["stricthostkeychecking"] == "accept-new"
    inner = shell_words(told["proxycommand"])
    assert inner[0] == "ssh"
    behind = understood(*[word.replace("%h:%p", "10.0.64.7:22") for word in inner[1:]])
    assert (behind["hostname"], behind["user"], behind["hostkeyalias"]) == ("203.0.113.7", "ubuntu", "i-0bastion")
    assert "proxycommand" not in behind


def test_ssh_goes_through_systems_manager_to_a_bastion_without_an_open_port():
    bastion = SshHost("i-0bastion", "i-0bastion")
    told = understood(*shell_words(as_arguments(through_bastion(NODE, bastion, "ssm", "eu-west-3"))), "ubuntu@x")
    inner = shell_words(told["proxycommand"])
    behind = understood(*[word.replace("%h:%p", "10.0.64.7:22") for word in inner[1:]])
    assert behind["hostname"] == "i-0bastion"
    assert behind["proxycommand"] == (
        "aws ssm start-session --region eu-west-3 --target i-0bastion "
        "--document-name AWS-StartSSHSession --parameters portNumber=22"
    )


def test_a_connection_to_the_bastion_itself_has_the_same_options():
    options = bastion_options(SshHost("i-0bastion", "i-0bastion"), "ssm", "eu-west-3")
    told = understood(*shell_words(as_arguments(options)), "ubuntu@i-0bastion")
    assert told["proxycommand"].startswith("aws ssm start-session")
