"""`make sleep` and `make wake` on a simulated account."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from tests.moto_account import client, empty_account, tagged
from tools import leftovers
from tools.account import Account
from tools.left.item import Item
from tools.owner import Owner
from tools.sleep import Means, go_to_sleep, wake_up

ROOT = Path(__file__).parents[2]
OF_CLUSTER = {"Key": "kubernetes.io/cluster/socle-staging", "Value": "owned"}
OURS = [{"Key": "project", "Value": "socle"}, {"Key": "stack", "Value": "staging"}]


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with empty_account(monkeypatch):
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with staging's settings."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "versions", tmp_path / "versions")
    write(tmp_path)
    return tmp_path


def write(folder: Path, kind: str = "k3s", **sections: Any) -> None:
    document = yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text())
    document["config"]["socle:cluster"]["kind"] = kind
    document["config"] |= {f"socle:{name}": section for name, section in sections.items()}
    (folder / "Pulumi.staging.yaml").write_text(yaml.safe_dump(document))


def machine(name: str, *tags: dict[str, str]) -> str:
    named = [*OURS, {"Key": "Name", "Value": name}, *tags]
    image = client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = client("ec2").run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t4g.small", TagSpecifications=tagged("instance", named)
    )
    return str(made["Instances"][0]["InstanceId"])


def k3s() -> dict[str, str]:
    """Ids of a server, an agent, the bastion, a machine of another stack."""
    ids = {name: machine(f"socle-staging-{name}", OF_CLUSTER) for name in ("server-1", "main-1")}
    return {**ids, "bastion": machine("bastion")}


def states(ids: dict[str, str]) -> dict[str, str]:
    found = client("ec2").describe_instances(InstanceIds=list(ids.values()))["Reservations"]
    by_id = {each["InstanceId"]: each["State"]["Name"] for group in found for each in group["Instances"]}
    return {name: by_id[id_] for name, id_ in ids.items()}


def node_group(name: str = "socle-staging-main-nodes-main-0a1b2c") -> None:
    eks = client("eks")
    role = "arn:aws:iam::123456789012:role/it"
    if "socle-staging" not in eks.list_clusters()["clusters"]:
        eks.create_cluster(name="socle-staging", roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-1"]})
    sizes = {"minSize": 2, "maxSize": 3, "desiredSize": 3}
    named = {"clusterName": "socle-staging", "nodegroupName": name}
    eks.create_nodegroup(**named, scalingConfig=sizes, subnets=["subnet-1"], nodeRole=role)


def sizes(name: str = "socle-staging-main-nodes-main-0a1b2c") -> dict[str, int]:
    named = {"clusterName": "socle-staging", "nodegroupName": name}
    return client("eks").describe_nodegroup(**named)["nodegroup"]["scalingConfig"]


def nothing_left(account: Account, owner: Owner) -> Sequence[Item]:
    del account, owner
    return []


def invoke(
    folder: Path, verb: str, *, yes: bool = False, production: tuple[str, ...] = (), priced: bool = False
) -> Any:
    means = Means(folder=folder, production=lambda: production, left=leftovers.find if priced else nothing_left)

    def command() -> None:
        if verb == "sleep":
            go_to_sleep("staging", yes=yes, means=means)
        else:
            wake_up("staging", means=means)

    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [], env={"COLUMNS": "200"})


def test_machines_stop_and_start_again_but_the_bastion(folder: Path) -> None:
    ids = k3s()
    done = invoke(folder, "sleep")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "staging: now going to sleep: main-1, server-1; `make wake STACK=staging` wakes it" in done.stdout
    assert states(ids) == {"server-1": "stopped", "main-1": "stopped", "bastion": "running"}
    done = invoke(folder, "wake")
    assert "staging: waking: server-1, main-1; pods answer about five minutes" in done.stdout
    assert set(states(ids).values()) == {"running"}


def test_a_second_time_changes_nothing_and_says_so(folder: Path) -> None:
    k3s()
    assert "is awake already" in invoke(folder, "wake").stdout
    invoke(folder, "sleep")
    done = invoke(folder, "sleep")
    assert (done.exit_code, "staging: sleeps already" in done.stdout) == (0, True)


def test_other_stacks_and_machines_of_groups_are_left_alone(folder: Path) -> None:
    ids = k3s()
    node = machine("socle-staging-node", OF_CLUSTER, {"Key": "eks:nodegroup-name", "Value": "x"})
    other = machine("other", OF_CLUSTER)
    client("ec2").create_tags(Resources=[other], Tags=[{"Key": "stack", "Value": "prod"}])
    invoke(folder, "sleep")
    found = states({**ids, "node": node, "other": other})
    assert (found["node"], found["other"], found["server-1"]) == ("running", "running", "stopped")


def test_node_groups_go_to_zero_and_wake_with_the_sizes_of_the_settings(folder: Path) -> None:
    write(folder, "eks")
    node_group()
    done = invoke(folder, "sleep")
    assert "now going to sleep: socle-staging-main-nodes-main-0a1b2c" in done.stdout
    assert sizes() == {"minSize": 0, "maxSize": 3, "desiredSize": 0}
    assert "sleeps already" in invoke(folder, "sleep").stdout
    assert "waking: socle-staging-main-nodes-main-0a1b2c" in invoke(folder, "wake").stdout
    assert sizes() == {"minSize": 2, "maxSize": 3, "desiredSize": 2}
    assert "is awake already" in invoke(folder, "wake").stdout


def test_a_node_group_that_the_settings_do_not_know_is_named_and_left(folder: Path) -> None:
    write(folder, "eks")
    node_group("by-hand")
    invoke(folder, "sleep")
    done = invoke(folder, "wake")
    assert "staging: by-hand stays as it is: the settings have no such node group" in done.stdout
    assert sizes("by-hand")["desiredSize"] == 0


def test_what_goes_on_costing_is_named_with_its_price(folder: Path) -> None:
    k3s()
    client("ec2").allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", OURS))
    done = invoke(folder, "sleep", priced=True)
    assert done.exit_code == 0
    table = done.stdout.partition("goes on costing while it sleeps")[2]
    assert "ec2:elastic-ip" in table
    # The bastion, its disk and the address; of the machines that stop their disks alone.
    assert "ec2:instance bastion" in table
    assert "ec2:instance socle-staging-server-1" not in table
    assert "in all" in table


def test_the_hours_of_the_schedule_are_told(folder: Path) -> None:
    write(folder, sleep={"awake_from": "07:00", "awake_until": "20:00"})
    k3s()
    done = invoke(folder, "sleep")
    assert (
        "staging: its schedule starts it at 07:00 and stops it at 20:00 on mon, tue, wed, thu, fri (Europe/Paris)"
        in done.stdout
    )


def test_production_does_not_sleep_unless_somebody_says_so(folder: Path) -> None:
    ids = k3s()
    done = invoke(folder, "sleep", production=("staging",))
    assert done.exit_code == 2
    assert "staging: is production, nothing was stopped: `make sleep STACK=staging YES=1` does" in done.stderr
    assert set(states(ids).values()) == {"running"}
    assert invoke(folder, "sleep", production=("staging",), yes=True).exit_code == 0
    assert states(ids)["server-1"] == "stopped"


def test_a_stack_without_machines_is_refused(folder: Path) -> None:
    done = invoke(folder, "sleep")
    assert done.exit_code == 2
    assert "staging: has no machines that can sleep in eu-west-3" in done.stderr


def test_a_stack_without_a_file_is_refused(folder: Path) -> None:
    (folder / "Pulumi.staging.yaml").unlink()
    done = invoke(folder, "wake")
    assert done.exit_code == 2
    assert "Pulumi.staging.yaml: no such file" in done.stderr
