"""The real playbooks with the inventories that the component really writes: names, groups, limits and variables."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.playbooks import ANSIBLE, SECRET, run
from tests.components.simulated_k3s import COMMAND, OUTPUTS, make_cluster, pool
from tests.conftest import Declare
from tools import ansible_run

pytest.importorskip("ansible", reason="no ansible-core is installed beside this Python")

POOLS = {"web": pool(count=2), "batch": pool(count=1, labels={"tier": "batch"}, taints=("dedicated=batch:NoSchedule",))}
AGENTS = ("web-1", "web-2", "batch-1")
SUBNETS = ["subnet-a", "subnet-b", "subnet-c"]


@pytest.fixture(params=[1, 3])
def commands(request: pytest.FixtureRequest, declare: Declare) -> dict[str, Any]:
    """Environments of the commands by their words, for so many servers."""
    machines = {"server_count": request.param, "private_subnet_ids": SUBNETS, "agent_pools": POOLS}
    made = declare(lambda: make_cluster(machines), outputs=OUTPUTS).of(COMMAND).values()
    return {each["create"].partition("ansible_run ")[2]: each["environment"] for each in made if "create" in each}


def write(folder: Path, environment: dict[str, str]) -> Path:
    file = folder / "inventory.yml"
    file.write_text(environment["INVENTORY"])
    return file


def servers_of(commands: dict[str, Any]) -> set[str]:
    tree = yaml.safe_load(commands["configure bastion:servers"]["INVENTORY"])
    return set(tree["all"]["children"]["servers"]["hosts"])


def test_each_agent_has_its_command(commands: dict[str, Any]):
    agents = {f"configure {each}" for each in AGENTS}
    assert set(commands) == {"configure bastion:servers", *agents, "kubeconfig"}


@pytest.mark.parametrize(
    ("playbook", "words"),
    [
        ("site", "configure bastion:servers"),
        ("site", "configure web-2"),
        ("kubeconfig", "kubeconfig"),
        ("upgrade", "configure bastion:servers"),
        ("restore", "configure bastion:servers"),
    ],
)
def test_the_playbooks_parse_with_the_inventories(playbook: str, words: str, commands: dict[str, Any], tmp_path: Path):
    file = write(tmp_path, commands[words])
    done = run("ansible-playbook", "-i", file, "--syntax-check", f"{playbook}.yml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("hosts", ["bastion:servers", "batch-1"])
def test_a_command_touches_the_hosts_that_it_names_and_no_others(hosts: str, commands: dict[str, Any], tmp_path: Path):
    file = write(tmp_path, commands[f"configure {hosts}"])
    done = run("ansible-playbook", "-i", file, "--limit", hosts, "--list-hosts", "site.yml")
    assert done.returncode == 0, done.stderr
    servers = servers_of(commands)
    everybody = {"bastion-0", *servers, *AGENTS}
    touched = {line.strip() for line in done.stdout.splitlines()} & everybody
    assert touched == ({"bastion-0", *servers} if hosts == "bastion:servers" else {hosts})


def test_every_machine_fulfils_the_contract_of_the_roles(commands: dict[str, Any], tmp_path: Path):
    play = {
        "hosts": "servers:agents",
        "connection": "local",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": {"name": "k3s", "tasks_from": "contract.yml"}}],
    }
    book = tmp_path / "contract.yml"
    book.write_text(yaml.safe_dump([play]))
    for words in ("bastion:servers", "batch-1"):
        file = write(tmp_path, real(commands[f"configure {words}"]))
        done = run("ansible-playbook", "-i", file, "-e", "k3s_architecture=amd64", "--limit", words, book)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "ok=2" in done.stdout


def real(environment: dict[str, str]) -> dict[str, str]:
    """The same with ids of the form that AWS gives, which the simulated ones have not."""
    text = re.sub(r"(instance_id: ).*", r"\1i-0123456789abcdef0", environment["INVENTORY"])
    return {"INVENTORY": re.sub(r"(token_secret_arn: ).*", rf"\1{SECRET}", text)}


def test_the_readme_names_every_variable_that_the_component_gives(commands: dict[str, Any]):
    readme = (ANSIBLE / "README.md").read_text()
    tree = yaml.safe_load(commands["configure batch-1"]["INVENTORY"])["all"]
    hosts = tree["children"]["agents"]["hosts"]["batch-1"]
    assert [name for name in {*tree["vars"], *hosts} if f"`{name}`" not in readme] == []


def test_nobody_has_departed_for_a_run_that_knows_some_nodes_alone(commands: dict[str, Any], tmp_path: Path):
    """The list of the role is empty, whatever nodes the cluster has: `--extra-vars` wins over what a task finds."""
    text = commands["configure web-1"]["INVENTORY"]
    given: list[tuple[str, ...]] = []

    class Recorded(ansible_run.Run):
        def playbook(self, file: str, *options: str, stdout: int, **variables: str) -> Any:
            given.append((file, *options))
            return run("true")

    ansible_run.configure(Recorded(text, {}), "web-1")
    ((file, *options),) = given
    assert (file, options[:2]) == ("site.yml", ["--limit", "web-1"])
    found = {"ansible.builtin.set_fact": {"k3s_departed": ["web-2", "batch-1"]}}
    told = {"ansible.builtin.debug": {"msg": "departed: {{ k3s_departed | length }}"}}
    play = {"hosts": "web-1", "connection": "local", "gather_facts": False, "tasks": [found, told]}
    book = tmp_path / "departed.yml"
    book.write_text(yaml.safe_dump([play]))
    done = run("ansible-playbook", "-i", write(tmp_path, commands["configure web-1"]), *options, book)
    assert "departed: 0" in done.stdout, done.stdout + done.stderr
    role = yaml.safe_load((ANSIBLE / "roles" / "k3s" / "tasks" / "departed.yml").read_text())
    assert "k3s_departed" in str(role)
