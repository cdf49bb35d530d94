"""How machines become a cluster: which command runs when, and what it is told."""

from typing import Any

import pytest
import yaml

from tests.components.seen_options import SeenOptions
from tests.components.simulated_k3s import COMMAND, KEY, OUTPUTS, address, cluster_args, make_cluster, pool
from tests.conftest import Declare, Plan

RUN = ".venv/bin/python -m tools.ansible_run"
CONFIGURATION = "main-configuration"
# How the engine marks a secret: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
SECRET = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
THREE = {"server_count": 3, "private_subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}


def declared(declare: Declare, machines: dict[str, Any] | None = None, **changes: Any) -> Plan:
    return declare(lambda: make_cluster(machines, **changes), outputs=OUTPUTS)


def commands(plan: Plan) -> dict[str, dict[str, Any]]:
    """Commands by what follows the name of the configuration."""
    return {name.removeprefix(f"{CONFIGURATION}-"): each for name, each in plan.of(COMMAND).items()}


def told(command: dict[str, Any]) -> dict[str, Any]:
    return yaml.safe_load(command["environment"]["INVENTORY"])["all"]


def test_servers_are_configured_together_and_each_agent_by_itself(declare: Declare):
    found = commands(declared(declare))
    assert {name: each["create"] for name, each in found.items()} == {
        "servers": f"{RUN} configure bastion:servers",
        "agents-1": f"{RUN} configure agents-1",
        "agents-2": f"{RUN} configure agents-2",
        "main-kubeconfig": f"{RUN} kubeconfig",
    }


def test_servers_come_before_agents_and_agents_one_by_one(declare: Declare):
    seen = SeenOptions()
    declare(lambda: make_cluster(opts=seen.opts), outputs=OUTPUTS)
    assert seen.before(f"{CONFIGURATION}-agents-1") == {f"{CONFIGURATION}-servers"}
    assert seen.before(f"{CONFIGURATION}-agents-2") == {f"{CONFIGURATION}-agents-1"}
    everything = {f"{CONFIGURATION}-{name}" for name in ("servers", "agents-1", "agents-2")}
    assert seen.before("main-kubeconfig") == everything


def test_an_agent_more_changes_no_command_but_its_own(declare: Declare):
    fewer, more = (commands(declared(declare, {"agent_pools": {"agents": pool(count=count)}})) for count in (2, 3))
    assert set(more) - set(fewer) == {"agents-3"}
    assert {name: more[name] for name in fewer} == fewer


def test_another_version_changes_every_node_and_not_the_kubeconfig(declare: Declare):
    before, after = (commands(declared(declare, k3s_version=v)) for v in ("v1.36.2+k3s1", "v1.36.3+k3s1"))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"servers", "agents-1", "agents-2"}
    assert told(after["agents-1"])["vars"]["k3s_version"] == "v1.36.3+k3s1"


def test_another_playbook_runs_again_everywhere_and_in_place(declare: Declare):
    before, after = (commands(declared(declare, playbook_digest=digest)) for digest in ("one", "two"))
    assert {name for name in before if before[name] != after[name]} == {"servers", "agents-1", "agents-2"}
    assert all("triggers" not in each for each in after.values())


def test_the_kubeconfig_is_fetched_again_when_asked(declare: Declare):
    before, after = (commands(declared(declare, kubeconfig_revision=n)) for n in (1, 2))
    assert {name for name in before if before[name] != after[name]} == {"main-kubeconfig"}


def test_an_agent_leaves_the_cluster_before_its_machine_goes(declare: Declare):
    found = commands(declared(declare))
    assert found["agents-2"]["delete"] == f"{RUN} remove agents-2"
    assert "delete" not in found["servers"]


def test_of_three_servers_all_but_the_first_leave_etcd_one_after_another(declare: Declare):
    seen = SeenOptions()
    plan = declare(lambda: make_cluster(THREE, seen.opts), outputs=OUTPUTS)
    found = commands(plan)
    assert found["server-3"]["delete"] == f"{RUN} remove server-3"
    assert "create" not in found["server-3"]
    assert "server-1" not in found
    assert seen.before(f"{CONFIGURATION}-server-3") == {f"{CONFIGURATION}-server-2"}
    assert seen.before(f"{CONFIGURATION}-servers") == {f"{CONFIGURATION}-server-2", f"{CONFIGURATION}-server-3"}
    assert list(told(found["servers"])["children"]["servers"]["hosts"]) == ["server-1", "server-2", "server-3"]


def test_the_key_comes_on_standard_input_and_nowhere_else(declare: Declare):
    for command in commands(declared(declare)).values():
        assert command["stdin"] == {SECRET[0]: SECRET[1], "value": KEY}
        assert command["addPreviousOutputInEnv"] is False
        assert command["logging"] == "stderr"
        rest = {key: value for key, value in command.items() if key != "stdin"}
        assert "PRIVATE KEY" not in str(rest)


def test_what_a_command_prints_is_secret(declare: Declare):
    seen = SeenOptions()
    declare(lambda: make_cluster(opts=seen.opts), outputs=OUTPUTS)
    assert seen.by_name["main-kubeconfig"].additional_secret_outputs == ["stdout", "stderr"]


def test_ansible_is_told_what_the_playbook_asks_for(declare: Declare):
    found = commands(declared(declare, snapshot_schedule="0 1 * * *", snapshot_retention=7))
    assert told(found["agents-1"])["vars"] == {
        "ansible_user": "ubuntu",
        "cluster_name": "demo",
        "region": "eu-west-3",
        "k3s_version": "v1.36.2+k3s1",
        "k3s_sha256": {"amd64": "a" * 64},
        "api_endpoint": address("demo-server-1"),
        "tls_sans": ["127.0.0.1"],
        "token_secret_arn": "arn:aws:mock:::main-identity-server-token-secret",
        "agent_token_secret_arn": "arn:aws:mock:::main-identity-agent-token-secret",
        "etcd_snapshot_bucket": "main-identity-etcd-bucket",
        "etcd_snapshot_schedule": "0 1 * * *",
        "etcd_snapshot_retention": 7,
    }


def test_an_agent_is_told_of_the_servers_and_itself(declare: Declare):
    children = told(commands(declared(declare))["agents-2"])["children"]
    assert {group: list(found["hosts"]) for group, found in children.items()} == {
        "bastion": ["bastion-0"],
        "servers": ["server-1"],
        "agents": ["agents-2"],
    }
    assert children["agents"]["hosts"]["agents-2"]["zone"] == "eu-west-3b"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k3s_version": "1.36"}, r"k3s_version must be a release such as 'v1.36.2\+k3s1', got '1.36'"),
        ({"k3s_sha256": {}}, "k3s_sha256 must be 64 hexadecimal digits by processor, got {}"),
        ({"k3s_sha256": {"amd64": "no"}}, "k3s_sha256 must be 64 hexadecimal digits by processor"),
        ({"snapshot_schedule": "hourly"}, r"snapshot_schedule must be five cron fields .* got 'hourly'"),
        ({"snapshot_retention": 0}, "snapshot_retention must be 1 or more, got 0"),
    ],
)
def test_what_would_fail_on_the_machines_is_refused_first(declare: Declare, changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        declared(declare, **changes)


def test_a_port_that_an_ordinary_user_cannot_open_is_refused():
    with pytest.raises(ValueError, match="tunnel_port must be from 1024 to 65535, got 443"):
        cluster_args(tunnel_port=443)
