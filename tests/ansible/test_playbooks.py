"""The playbooks parse, keep the linter's strictest profile, and touch machines in an order that keeps the quorum."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.ansible.playbooks import ANSIBLE, COMMON, PLAYBOOKS, Values, inventory, machine, plays, run, write


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    servers = {f"server-{number}": machine(f"10.0.10.1{number}", 10 + number) for number in range(3)}
    agents = {f"agent-web-{number}": machine(f"10.0.20.1{number}", 20 + number) for number in range(2)}
    return write(tmp_path_factory.mktemp("inventory") / "inventory.yaml", inventory(servers, agents))


def tasks_of(name: str) -> list[Values]:
    """The tasks of one file of a role, such as `k3s/upgrade`."""
    role, _, file = name.partition("/")
    return yaml.safe_load((ANSIBLE / "roles" / role / "tasks" / f"{file}.yml").read_text(encoding="utf-8"))


def test_the_linter_finds_nothing_in_its_profile_for_production() -> None:
    done = run("ansible-lint", "--offline", "--nocolor", "--profile", "production", timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_but_the_modules_of_ansible_core_is_used() -> None:
    files = [*ANSIBLE.glob("*.yml"), *ANSIBLE.glob("roles/*/tasks/*.yml"), *ANSIBLE.glob("roles/*/handlers/*.yml")]
    modules = re.findall(r"^ +([a-z]\w+\.\w+\.\w+):", "\n".join(map(Path.read_text, files)), re.MULTILINE)
    assert modules
    assert {name for name in modules if not name.startswith("ansible.builtin.")} == set()


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_parses(name: str, hosts: Path) -> None:
    done = run("ansible-playbook", "-i", hosts, "--syntax-check", f"{name}.yml")
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_the_inventory_of_the_contract_is_one_of_ansible(hosts: Path) -> None:
    done = run("ansible-inventory", "-i", hosts, "--list")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert listed["servers"]["hosts"] == ["server-0", "server-1", "server-2"]
    assert listed["_meta"]["hostvars"]["agent-web-1"]["ansible_host"] == "10.0.20.11"


# Order


def test_a_site_is_hardened_then_served_then_worked_on() -> None:
    order = [
        (play["hosts"], play.get("serial"), [each["role"] for each in play.get("roles", [])]) for play in cluster()
    ]
    assert order == [
        ("bastion:servers:agents", None, []),
        ("bastion:servers:agents", None, ["hardening"]),
        ("servers", None, []),
        ("servers[0]", None, ["k3s", "k3s_server"]),
        ("servers[1:]", 1, ["k3s", "k3s_server"]),
        ("agents", None, ["k3s", "k3s_agent"]),
        ("servers[0]", None, []),
    ]


def cluster() -> list[Values]:
    return [play for play in plays("site") if "hosts" in play]


def test_a_site_upgrades_what_it_has_before_anything_joins() -> None:
    names = [play["name"] for play in plays("site")]
    assert names.index("Hardening") < names.index("Upgrade") < names.index("First server")


def test_an_upgrade_takes_servers_before_agents_and_one_machine_at_a_time() -> None:
    moving = [(play["hosts"], play["serial"]) for play in plays("upgrade") if "serial" in play]
    assert moving == [("servers", 1), ("agents", 1)]


def test_a_node_is_drained_before_its_binary_changes_and_comes_back_when_it_is_ready() -> None:
    steps = [task["name"] for task in tasks_of("k3s/upgrade")]
    assert steps == [
        "See that every node is there",
        "Let its pods go elsewhere",
        "Bring the new binary",
        "Restart with it",
        "Wait until it is ready",
        "Wait until it says that it runs the new version",
        "Let pods come back",
    ]


def test_a_restore_stops_every_server_before_the_first_one_goes_back() -> None:
    order = [(play["hosts"], play.get("serial")) for play in plays("restore")]
    assert order == [
        ("servers", None),
        ("servers", None),
        ("servers[0]", None),
        ("servers[1:]", 1),
        ("agents", None),
        ("servers[0]", None),
    ]
    assert plays("restore")[1]["tasks"][0]["ansible.builtin.systemd_service"] == {
        "name": "k3s.service",
        "state": "stopped",
    }


def test_only_servers_are_asked_about_the_cluster() -> None:
    asked: dict[str, set[object]] = {}
    for path in (ANSIBLE / "roles/k3s/tasks").glob("*.yml"):
        for task in tasks_of(f"k3s/{path.stem}"):
            if "k3s_kubectl" in str(task.get("ansible.builtin.command")):
                asked.setdefault(path.stem, set()).add(task.get("delegate_to"))
    assert asked == {
        "former": {"{{ k3s_witness }}"},
        "ready": {"{{ k3s_speaker }}"},
        "upgrade": {"{{ k3s_speaker }}"},
        "departed": {None},  # its plays are those of the first server
    }


# What is refused


def test_a_restore_asks_for_consent_by_the_name_of_the_cluster(hosts: Path) -> None:
    done = run("ansible-playbook", "-i", hosts, "restore.yml", "-e", "snapshot=etcd-snapshot-1", "-e", "confirm=yes")
    assert done.returncode == 2
    assert "restoring takes cluster vote back in time" in done.stdout


def test_a_restore_of_some_servers_is_refused(hosts: Path) -> None:
    options = ["-e", "snapshot=etcd-snapshot-1", "-e", "confirm=vote", "--limit", "server-0"]
    done = run("ansible-playbook", "-i", hosts, "restore.yml", *options)
    assert done.returncode == 2
    assert "run without --limit" in done.stdout


def test_a_machine_that_never_answers_is_named_with_the_next_command(tmp_path: Path) -> None:
    silent = {"ansible_port": 9, "ansible_ssh_common_args": "-o ConnectTimeout=1", "ansible_host": "127.0.0.1"}
    alone = {"server-0": machine("127.0.0.1", 10) | silent}
    content = inventory(alone, ssh_timeout=2)
    content["all"]["children"]["bastion"] = {"hosts": {}}
    done = run("ansible-playbook", "-i", write(tmp_path / "hosts.yaml", content), "site.yml")
    assert done.returncode == 2
    said = " ".join(done.stdout.split())
    assert "server-0 (127.0.0.1) did not answer SSH in 2 seconds" in said
    assert "aws ec2 get-console-output --region eu-west-3 --instance-id i-0000000000000000a" in said
    assert "PLAY [Hardening]" not in done.stdout


BAD: dict[str, tuple[Values, str]] = {
    "loose-version": ({"k3s_version": "latest"}, "k3s_version must be a release such as v1.36.5+k3s1, got latest"),
    "no-checksum": ({"k3s_sha256": {"amd64": "", "arm64": ""}}, "64 hexadecimal digits"),
    "no-instance": ({"instance_id": "ami-123"}, "instance_id must be that of an EC2 instance, got ami-123"),
    "far-away": ({"zone": "us-east-1a"}, "zone must lie in eu-west-3, got us-east-1a"),
    "open-secret": ({"token_secret_arn": "hunter2"}, "token_secret_arn must be the ARN of a secret"),
    "proud-label": ({"node_labels": {"node-role.kubernetes.io/web": ""}}, "node_labels must be labels of ours"),
    "odd_name": ({}, "the name of a node must be one of DNS"),
}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Values:
    """What the contract says of each bad machine; two of them are servers, which is an even number."""
    folder = tmp_path_factory.mktemp("contract")
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    bad = {name: machine("10.0.0.1", 1) | local | wrong for name, (wrong, _) in BAD.items()}
    names = list(bad)
    content = inventory({name: bad[name] for name in names[:2]}, {name: bad[name] for name in names[2:]})
    task = {"name": "Contract", "ansible.builtin.include_role": {"name": "k3s", "tasks_from": "contract.yml"}}
    play = {"name": "Contract", "hosts": "servers:agents", "gather_subset": ["!all", "min"], "tasks": [task]}
    playbook = write(folder / "play.yaml", [play])
    hosts = write(folder / "hosts.yaml", content)
    roles = str(ANSIBLE / "roles")
    done = run("ansible-playbook", "-i", hosts, playbook, ANSIBLE_ROLES_PATH=roles, ANSIBLE_DISPLAY_FAILED_STDERR="1")
    assert done.returncode == 2, done.stdout + done.stderr
    said = done.stdout + done.stderr
    return {name: "\n".join(line for line in said.splitlines() if f"{name}: " in line) for name in BAD}


@pytest.mark.parametrize("name", BAD)
def test_an_inventory_that_breaks_the_contract_is_refused_with_the_reason(name: str, complaints: Values) -> None:
    assert BAD[name][1] in complaints[name]


def test_two_servers_are_refused_because_neither_may_fail(complaints: Values) -> None:
    assert "the number of servers must be odd" in complaints["loose-version"]


def test_the_versions_of_the_examples_are_those_of_the_contract() -> None:
    assert set(COMMON["k3s_sha256"]) == {"amd64", "arm64"}
