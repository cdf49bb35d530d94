"""Spot requests that would launch machines again: which are cancelled, which are left, and what is said."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from tests.moto_account import OWNER, PARIS, client, empty_account
from tests.pulumi_stand_in import StandIn, resource
from tools import spot_requests
from tools.account import Account
from tools.pulumi_cli import Export, Pulumi, PulumiFailed
from tools.spot_requests import after_update, cancel_all, cancel_strays

MACHINE, GROUP = "aws:ec2/instance:Instance", "aws:ec2/securityGroup:SecurityGroup"
OF_K3S = "urn:pulumi:test::socle::socle:index:K3sMachines$"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    with empty_account(monkeypatch):
        yield


def group(name: str) -> str:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    return client("ec2").create_security_group(GroupName=name, Description="nodes", VpcId=vpc)["GroupId"]


def launched(group_id: str, kind: str = "persistent") -> tuple[str, str]:
    """A machine on spot; ids of the request and of the machine."""
    image = client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    (made,) = client("ec2").request_spot_instances(
        InstanceCount=1,
        Type=kind,
        LaunchSpecification={"ImageId": image, "InstanceType": "t4g.medium", "SecurityGroups": [group_id]},
    )["SpotInstanceRequests"]
    return made["SpotInstanceRequestId"], made["InstanceId"]


def state(group_id: str, *machines: str, **outputs: str) -> Export:
    """A state with the security group of K3s' machines, and machines in it."""
    found = [resource(GROUP, "main-nodes", id=group_id) | {"urn": f"{OF_K3S}{GROUP}::main-nodes"}]
    found += [
        resource(MACHINE, each, id=each, outputs=outputs) | {"urn": f"{OF_K3S}{MACHINE}::{each}"} for each in machines
    ]
    return {"version": 3, "deployment": {"resources": found}}


def live() -> set[str]:
    found = client("ec2").describe_spot_instance_requests()["SpotInstanceRequests"]
    return {each["SpotInstanceRequestId"] for each in found if each["State"] in ("open", "active", "disabled")}


def running() -> set[str]:
    found = client("ec2").describe_instances()["Reservations"]
    return {each["InstanceId"] for one in found for each in one["Instances"] if each["State"]["Name"] == "running"}


def test_before_a_destroy_every_request_of_the_stack_is_cancelled_and_its_machines_are_left_to_pulumi() -> None:
    ours, others = group("nodes"), group("others")
    request, machine = launched(ours)
    foreign, elsewhere = launched(others)
    assert cancel_all(OWNER, state(ours, machine), Account()) == (
        f"test: spot requests cancelled, so that AWS launches no machine again: {request}"
    )
    assert live() == {foreign}
    assert running() == {machine, elsewhere}


def test_before_a_destroy_a_machine_that_came_back_goes_with_its_request() -> None:
    ours = group("nodes")
    _, kept = launched(ours)
    launched(ours)
    assert cancel_all(OWNER, state(ours, kept), Account())
    assert (live(), running()) == (set(), {kept})


def test_after_an_update_a_machine_that_the_stack_no_longer_has_goes_with_its_request() -> None:
    ours = group("nodes")
    kept, machine = launched(ours)
    request, stray = launched(ours)
    assert cancel_strays(OWNER, state(ours, machine), Account()) == (
        f"test: cancelled spot requests of machines that it no longer has: {request}, and terminated what they "
        f"launched: {stray}"
    )
    assert (live(), running()) == ({kept}, {machine})


def test_a_request_whose_machine_is_gone_is_cancelled_all_the_same() -> None:
    ours = group("nodes")
    request, machine = launched(ours)
    client("ec2").terminate_instances(InstanceIds=[machine])
    said = cancel_strays(OWNER, state(ours), Account())
    assert said == f"test: cancelled spot requests of machines that it no longer has: {request}"


def test_a_machine_that_waits_to_be_started_again_is_known_by_its_request() -> None:
    ours = group("nodes")
    request, _ = launched(ours)
    assert cancel_strays(OWNER, state(ours, "i-stopped", spotInstanceRequestId=request), Account()) is None
    assert live() == {request}


def test_requests_that_end_by_themselves_are_left_to_who_made_them() -> None:
    ours = group("nodes")
    request, _ = launched(ours, "one-time")
    assert cancel_all(OWNER, state(ours), Account()) is None
    assert live() == {request}


def test_a_group_named_with_the_network_interface_is_seen_too() -> None:
    class Told(Account):
        """One request as RunInstances makes it of a machine without a public address."""

        def __init__(self) -> None:
            super().__init__()
            self.cancelled: list[str] = []

        def all(self, service: str, operation: str, items: str, *, region: str, **arguments: Any) -> Any:
            assert (service, region) == ("ec2", PARIS)
            launch = {"NetworkInterfaces": [{"Groups": ["sg-ours"]}]}
            yield {"SpotInstanceRequestId": "sir-1", "Type": "persistent", "LaunchSpecification": launch}

        def one(self, service: str, operation: str, *, region: str, **arguments: Any) -> None:
            assert (service, operation, region) == ("ec2", "cancel_spot_instance_requests", PARIS)
            self.cancelled += arguments["SpotInstanceRequestIds"]

    told = Told()
    assert cancel_all(OWNER, state("sg-ours"), told)
    assert told.cancelled == ["sir-1"]


@pytest.mark.parametrize("settle", [cancel_all, cancel_strays])
def test_a_stack_without_machines_of_its_own_asks_aws_nothing(settle: Any) -> None:
    empty = {"version": 3, "deployment": {"resources": [resource(GROUP, "balancer", id="sg-1")]}}
    assert settle(OWNER, empty, None) is None


def write(folder: Path, kind: str) -> None:
    cluster = f"  socle:cluster: {{kind: {kind}}}\n"
    (folder / "Pulumi.staging.yaml").write_text(f"config:\n{cluster}", encoding="utf-8")


def test_a_stack_on_eks_is_not_asked_about(tmp_path: Path) -> None:
    write(tmp_path, "eks")
    assert after_update("staging", tmp_path) is None


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (PulumiFailed("`pulumi stack export` failed (locked)"), "`pulumi stack export` failed (locked)"),
        (NoCredentialsError(), "no AWS credentials that work (Unable to locate credentials): "),
    ],
)
def test_an_update_that_worked_is_not_spoilt_by_what_could_not_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, cause: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise failure

    def answers(*_: object) -> Pulumi:
        return StandIn().pulumi()

    monkeypatch.setattr(spot_requests, "read_owner", refused)
    monkeypatch.setattr(spot_requests, "Pulumi", answers)
    write(tmp_path, "k3s")
    said = after_update("staging", tmp_path)
    assert said
    assert said.startswith(
        f"staging: is up, and whether spot requests of machines that it no longer has are left is not known: {cause}"
    )
