from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from rehearsal.aws.lookups import answer
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import World
from tests.rehearsal.simulation import ROLE, SUBNET, TRUST, VPC, Refused, Stack

INSTANCE = "aws:ec2/instance:Instance"
KEY_PAIR = "aws:ec2/keyPair:KeyPair"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN5wI4yGdKH7X3ZbYEmUzGm1rH4cVpr8aRvu9NwAo1bR\n"
CIDR = "10.0.1.0/28"


def _image(architecture: str = "x86_64") -> str:
    built = {"x86_64": "amd64", "arm64": "arm64"}[architecture]
    name = {"name": "name", "values": [f"ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-{built}-server-*"]}
    return answer("aws:ec2/getAmi:getAmi", {"owners": ["099720109477"], "filters": [name]}, "eu-west-3")["id"]


@pytest.fixture
def network(aws: Stack) -> Properties:
    vpc = aws.create(VPC, "main", cidrBlock="10.0.0.0/16")["id"]
    subnet = aws.create(SUBNET, "a", vpcId=vpc, cidrBlock=CIDR, availabilityZone="eu-west-3b")["id"]
    return {"vpc": vpc, "subnet": subnet}


def _machine(network: Properties, **changes: Any) -> Properties:
    return {
        "ami": _image(),
        "instanceType": "t3.small",
        "subnetId": network["subnet"],
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 2},
        "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 20, "encrypted": True, "tags": {"Name": "it"}},
        **changes,
    }


def test_a_machine_gets_what_ec2_gives_it(aws: Stack, network: Properties) -> None:
    made = aws.create(INSTANCE, "it", "", **_machine(network))
    assert made["id"].startswith("i-")
    assert IPv4Address(made["privateIp"]) in IPv4Network(CIDR)
    assert made["privateDns"] == f"ip-{made['privateIp'].replace('.', '-')}.eu-west-3.compute.internal"
    assert (made["availabilityZone"], made["instanceState"]) == ("eu-west-3b", "running")
    assert (made["publicIp"], made["publicDns"], made["associatePublicIpAddress"]) == ("", "", False)
    assert made["rootBlockDevice"] | {"volumeId": ""} == {
        "volumeType": "gp3",
        "volumeSize": 20,
        "encrypted": True,
        "tags": {"Name": "it"},
        "deviceName": "/dev/sda1",
        "volumeId": "",
    }


@pytest.mark.parametrize(
    ("by_subnet", "by_machine", "public"), [(True, None, True), (True, False, False), (False, True, True)]
)
def test_a_machine_is_public_by_itself_or_by_its_subnet(
    aws: Stack, network: Properties, by_subnet: bool, by_machine: bool | None, public: bool
) -> None:
    subnet = aws.create(
        SUBNET,
        "public",
        vpcId=network["vpc"],
        cidrBlock="10.0.2.0/24",
        availabilityZone="eu-west-3a",
        mapPublicIpOnLaunch=by_subnet,
    )["id"]
    asked = {} if by_machine is None else {"associatePublicIpAddress": by_machine}
    made = aws.create(INSTANCE, "it", "", **_machine({"subnet": subnet}, **asked))
    assert bool(made["publicIp"]) == public


def test_every_machine_of_a_subnet_has_its_own_address_and_a_full_one_takes_no_more(
    aws: Stack, network: Properties
) -> None:
    def start(number: int) -> str:
        return aws.create(INSTANCE, f"m{number}", "", **_machine(network))["privateIp"]

    with ThreadPoolExecutor(4) as threads:
        given = set(threads.map(start, range(11)))
    assert given == {str(IPv4Network(CIDR)[place]) for place in range(4, 15)}
    with pytest.raises(Refused, match=r"^InsufficientFreeAddressesInSubnet: subnet-"):
        start(11)


def test_an_address_is_kept_through_changes_and_comes_again_after_a_restart(
    aws: Stack, network: Properties, world: World
) -> None:
    first = aws.create(INSTANCE, "it", "", **_machine(network))
    changed = aws.update(INSTANCE, "it", "", **_machine(network, instanceType="t3.medium"))
    assert (changed["privateIp"], changed["instanceType"]) == (first["privateIp"], "t3.medium")
    aws.delete(INSTANCE, "it")
    assert aws.create(INSTANCE, "it", "", **_machine(network))["privateIp"] == first["privateIp"]


def test_an_address_that_was_asked_for_is_given(aws: Stack, network: Properties) -> None:
    assert aws.create(INSTANCE, "it", "", **_machine(network, privateIp="10.0.1.9"))["privateIp"] == "10.0.1.9"


def test_addresses_are_not_known_in_a_preview(aws: Stack, network: Properties) -> None:
    shown = aws.preview(INSTANCE, "it", **_machine(network))
    assert {shown[name] for name in ("id", "privateIp", "availabilityZone", "publicIp") if name in shown} == {UNKNOWN}
    assert shown["rootBlockDevice"]["volumeType"] == "gp3"


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"instanceType": "t3.medium"}, False),
        ({"iamInstanceProfile": "other"}, False),
        ({"vpcSecurityGroupIds": ["sg-0123456789abcdef0"]}, False),
        ({"tags": {"a": "b"}}, False),
        ({"metadataOptions": {"httpTokens": "optional"}}, False),
        (
            {"rootBlockDevice": {"volumeType": "gp3", "volumeSize": 30, "encrypted": True, "tags": {"Name": "it"}}},
            False,
        ),
        (
            {"rootBlockDevice": {"volumeType": "gp3", "volumeSize": 20, "encrypted": False, "tags": {"Name": "it"}}},
            True,
        ),
        ({"ami": "ami-0123456789abcdef0"}, True),
        ({"subnetId": "subnet-0123456789abcdef0"}, True),
        ({"keyName": "other"}, True),
        ({"privateIp": "10.0.1.9"}, True),
        ({"availabilityZone": "eu-west-3a"}, True),
        ({"associatePublicIpAddress": True}, True),
        ({"instanceMarketOptions": {"marketType": "spot"}}, True),
    ],
)
def test_what_ec2_cannot_change_replaces_the_machine(
    aws: Stack, network: Properties, change: Properties, replaces: bool
) -> None:
    aws.create(INSTANCE, "it", "", **_machine(network))
    step = aws.diff(INSTANCE, "it", "", **_machine(network, **change))
    assert bool(step.replaces) == replaces
    assert step.changed


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"instanceType": "t9.small"}, "instanceType: t9.small is not offered in eu-west-3"),
        (
            {"metadataOptions": {"httpTokens": "always"}},
            'metadataOptions.httpTokens: expected one of optional, required, got "always" (AWS::EC2::Instance)',
        ),
        (
            {"rootBlockDevice": {"volumeSize": "big"}},
            'rootBlockDevice.volumeSize: expected integer, got "big" (AWS::EC2::Instance)',
        ),
        (
            {"rootBlockDevice": {"volumeTyp": "gp3"}},
            "rootBlockDevice.volumeTyp: unknown property volumeTyp, did you mean volumeType?",
        ),
    ],
)
def test_values_that_ec2_does_not_take_are_refused(
    aws: Stack, network: Properties, change: Properties, problem: str
) -> None:
    assert aws.problems(INSTANCE, _machine(network, **change)) == {problem}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"ami": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound: ami: the image id 'ami-0123456789abcdef0' does not"),
        ({"instanceType": "t4g.small"}, "InvalidParameterValue: instanceType: t4g.small cannot run ami-"),
        ({"ami": _image("arm64")}, "InvalidParameterValue: instanceType: t3.small cannot run ami-"),
        ({"iamInstanceProfile": "nobody"}, "iamInstanceProfile: nobody does not exist: no such InstanceProfile"),
        ({"keyName": "lost"}, "keyName: lost does not exist: no such KeyPair in this account"),
        ({"availabilityZone": "eu-west-3a"}, "InvalidParameterValue: availabilityZone: subnet-"),
    ],
)
def test_a_machine_that_could_not_start_is_refused(
    aws: Stack, network: Properties, change: Properties, problem: str
) -> None:
    with pytest.raises(Refused) as refused:
        aws.create(INSTANCE, "it", "", **_machine(network, **change))
    assert str(refused.value).startswith(problem)


def test_a_security_group_of_another_network_is_refused(aws: Stack, network: Properties) -> None:
    other = aws.create(VPC, "other", cidrBlock="10.1.0.0/16")["id"]
    groups = [aws.create(GROUP, name, vpcId=vpc)["id"] for name, vpc in (("ours", network["vpc"]), ("theirs", other))]
    aws.create(INSTANCE, "it", "", **_machine(network, vpcSecurityGroupIds=groups[:1]))
    with pytest.raises(Refused, match=f"^InvalidParameter: vpcSecurityGroupIds: {groups[1]} and subnet-"):
        aws.create(INSTANCE, "it2", "", **_machine(network, vpcSecurityGroupIds=groups))


def test_a_machine_with_profile_key_and_target_group(aws: Stack, network: Properties) -> None:
    role = aws.create(ROLE, "it", name="it", assumeRolePolicy=TRUST)["name"]
    profile = aws.create(PROFILE, "it", name="it", role=role)["name"]
    key = aws.create(KEY_PAIR, "it", "", keyName="it", publicKey=ED25519)
    assert (key["keyType"], key["id"]) == ("ed25519", "it")
    made = aws.create(INSTANCE, "it", "", **_machine(network, iamInstanceProfile=profile, keyName=key["id"]))
    targets = aws.create(
        "aws:lb/targetGroup:TargetGroup", "it", name="it", port=6443, protocol="TCP", vpcId=network["vpc"]
    )
    aws.create(ATTACHMENT, "it", targetGroupArn=targets["arn"], targetId=made["id"])
    with pytest.raises(Refused, match=r"^targetId: i-0123456789abcdef0 does not exist"):
        aws.create(ATTACHMENT, "lost", targetGroupArn=targets["arn"], targetId="i-0123456789abcdef0")


@pytest.mark.parametrize("key", ["ecdsa-sha2-nistp256 AAAA", "ssh-ed25519 c29tZXRoaW5nIGVsc2U=", "a key"])
def test_a_key_that_ec2_cannot_read_is_refused(aws: Stack, key: str) -> None:
    with pytest.raises(
        Refused, match=r"^InvalidKey.Format: publicKey must be an OpenSSH key of ssh-ed25519 or ssh-rsa"
    ):
        aws.create(KEY_PAIR, "it", "", keyName="it", publicKey=key)


def test_a_key_pair_is_replaced_by_another_key_and_keeps_its_tags_in_place(aws: Stack) -> None:
    aws.create(KEY_PAIR, "it", "it-1", publicKey=ED25519, tags={"a": "b"})
    assert aws.diff(KEY_PAIR, "it", "it-1", publicKey=ED25519, tags={"a": "c"}).replaces == set()
    other = ED25519.replace("N5w", "N5x")
    assert aws.diff(KEY_PAIR, "it", "it-1", publicKey=other, tags={"a": "b"}).replaces == {"publicKey"}
