import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.nat_instance import NatInstance, NatInstanceArgs, NatInstanceMachine, permissions, user_data
from tests.conftest import Declare, Plan

TAGS = {"project": "socle", "owner": "team"}


def machine(**changes: Any) -> NatInstanceMachine:
    given: dict[str, Any] = {"image_id": "ami-1", "tags": TAGS, **changes}
    return NatInstanceMachine(**given)


def args(**changes: Any) -> NatInstanceArgs:
    given: dict[str, Any] = {
        "machine": machine(),
        "vpc_id": "vpc-1",
        "vpc_cidr": "10.0.0.0/16",
        "subnet_id": "subnet-1",
        "subnet_arn": "arn:subnet-1",
        "zone_names": ("eu-west-3a", "eu-west-3b"),
        **changes,
    }
    return NatInstanceArgs(**given)


@pytest.fixture
def plan(declare: Declare) -> Plan:
    return declare(lambda: NatInstance("nat", args()))


@pytest.fixture
def template(plan: Plan) -> dict[str, Any]:
    return plan.one("aws:ec2/launchTemplate:LaunchTemplate")


def statements() -> list[dict[str, Any]]:
    document = permissions(
        name="nat", interface_arn="arn:eni", address_arn="arn:eip", profile_arn="arn:profile", subnet_arn="arn:subnet"
    )
    return json.loads(document)["Statement"]


def test_every_zone_goes_out_through_the_fixed_interface(declare: Declare) -> None:
    known: dict[str, str] = {}

    def program() -> None:
        for zone, hop in NatInstance("nat", args()).next_hops.items():
            assert hop.network_interface_id is not None
            assert hop.nat_gateway_id is None
            hop.network_interface_id.apply(lambda found, zone=zone: known.__setitem__(zone, found))

    declare(program)
    assert known == {"eu-west-3a": "nat-interface-id", "eu-west-3b": "nat-interface-id"}


def test_the_fixed_interface_forwards_traffic_that_is_not_its_own(plan: Plan) -> None:
    interface = plan.one("aws:ec2/networkInterface:NetworkInterface")
    assert interface["sourceDestCheck"] is False
    assert interface["subnetId"] == "subnet-1"
    assert interface["securityGroups"] == ["nat-security-group-id"]


def test_the_group_keeps_one_instance_and_replaces_it_when_the_template_changes(plan: Plan) -> None:
    group = plan.one("aws:autoscaling/group:Group")
    assert (group["minSize"], group["maxSize"], group["desiredCapacity"]) == (1, 1, 1)
    assert group["vpcZoneIdentifiers"] == ["subnet-1"]
    assert group["instanceRefresh"] == {"strategy": "Rolling", "preferences": {"minHealthyPercentage": 0}}
    assert group["launchTemplate"]["id"] == "nat-template-id"
    assert group["launchTemplate"]["version"] != "$Latest"


def test_the_boot_script_names_the_fixed_interface_and_address(template: dict[str, Any]) -> None:
    script = base64.b64decode(template["userData"]).decode()
    assert "nat-interface-id" in script
    assert script.startswith("#!/bin/sh\n")
    assert script.endswith("systemctl restart fck-nat.service\n")


def test_the_boot_script_writes_the_settings_that_fck_nat_reads(tmp_path: Path) -> None:
    settings = tmp_path / "fck-nat.conf"
    script = user_data("eni-1", "eipalloc-1").replace("/etc/fck-nat.conf", str(settings))
    lines = [line for line in script.splitlines() if not line.startswith("systemctl")]
    subprocess.run(["/bin/sh", "-c", "\n".join(lines)], check=True)
    assert settings.read_text() == "eni_id=eni-1\neip_id=eipalloc-1\n"


def test_the_instance_can_call_ec2_before_it_holds_its_fixed_address(template: dict[str, Any]) -> None:
    [own] = template["networkInterfaces"]
    assert own["associatePublicIpAddress"] == "true"
    assert own["securityGroups"] == ["nat-security-group-id"]


def test_metadata_takes_a_session_token_and_stays_on_the_instance(template: dict[str, Any]) -> None:
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1


def test_the_root_volume_is_encrypted_gp3(template: dict[str, Any]) -> None:
    [root] = template["blockDeviceMappings"]
    assert root["deviceName"] == "/dev/xvda"
    assert root["ebs"]["volumeType"] == "gp3"
    assert root["ebs"]["encrypted"] == "true"


def test_whatever_the_template_launches_carries_the_stack_s_tags(template: dict[str, Any]) -> None:
    tags = {each["resourceType"]: each["tags"] for each in template["tagSpecifications"]}
    assert tags == {kind: {**TAGS, "Name": "nat"} for kind in ("instance", "volume", "network-interface")}


def test_the_group_carries_the_stack_s_tags(plan: Plan) -> None:
    tags = plan.one("aws:autoscaling/group:Group")["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {**TAGS, "Name": "nat"}


def test_only_the_vpc_may_send_traffic_in(plan: Plan) -> None:
    rule = plan.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule["cidrIpv4"], rule["ipProtocol"]) == ("10.0.0.0/16", "-1")


def test_traffic_may_leave_to_anywhere(plan: Plan) -> None:
    rule = plan.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert (rule["cidrIpv4"], rule["ipProtocol"]) == ("0.0.0.0/0", "-1")


def test_the_role_is_for_instances_and_its_policy_is_attached(plan: Plan) -> None:
    trust = json.loads(plan.one("aws:iam/role:Role")["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    policy = plan.one("aws:iam/rolePolicy:RolePolicy")
    assert policy["role"] == plan.one("aws:iam/instanceProfile:InstanceProfile")["role"] == "nat-role"
    assert "arn:aws:mock:::nat-interface" in policy["policy"]


def test_the_instance_may_do_only_what_fck_nat_documents() -> None:
    actions = {action for each in statements() for action in each["Action"]}
    assert actions == {
        "ec2:AttachNetworkInterface",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:AssociateAddress",
        "ec2:DisassociateAddress",
    }


def test_no_permission_on_many_resources_goes_without_a_condition() -> None:
    broad = [each for each in statements() if any(resource.endswith("*") for resource in each["Resource"])]
    assert [each["Condition"] for each in broad] == [
        {"ArnEquals": {"ec2:InstanceProfile": "arn:profile"}},
        {"ArnEquals": {"ec2:Subnet": "arn:subnet"}, "StringEquals": {"ec2:ResourceTag/Name": "nat"}},
    ]


def test_the_name_that_permissions_ask_for_is_the_one_that_interfaces_carry(
    plan: Plan, template: dict[str, Any]
) -> None:
    tags = {each["resourceType"]: each["tags"] for each in template["tagSpecifications"]}
    policy = json.loads(plan.one("aws:iam/rolePolicy:RolePolicy")["policy"])
    [asked] = [
        each["Condition"]["StringEquals"]["ec2:ResourceTag/Name"]
        for each in policy["Statement"]
        if "StringEquals" in each.get("Condition", {})
    ]
    assert tags["network-interface"]["Name"] == asked


def test_the_group_is_among_what_must_exist_before_private_machines_go_out(declare: Declare) -> None:
    seen: list[NatInstance] = []
    declare(lambda: seen.append(NatInstance("nat", args())))
    assert {type(each).__name__ for each in seen[0].ready} == {"Group"}
    assert len(seen[0].public_ips) == 1


@pytest.mark.parametrize("instance_type", ["t4g.nano", "c7gn.medium", "m6gd.large"])
def test_arm_types_are_accepted(instance_type: str) -> None:
    assert machine(instance_type=instance_type).instance_type == instance_type


@pytest.mark.parametrize("instance_type", ["t3.nano", "g5.xlarge", "nano", "t4g"])
def test_types_that_cannot_start_the_arm_image_are_refused(instance_type: str) -> None:
    with pytest.raises(ValueError, match=f"instance_type must be an ARM type .* got '{instance_type}'"):
        machine(instance_type=instance_type)


def test_an_instance_that_serves_no_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone_names must name at least one zone, got none"):
        args(zone_names=())
