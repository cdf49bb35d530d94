"""What Ansible and `ssh` are told, read back by Ansible and `ssh`."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.bastion import SshHost
from components.k3s_inventory import KnownNode, Way, inventory, ssh_command

WAY = Way(SshHost("i-0bastion", "i-0bastion"), "ssm", "eu-west-3")
SERVER = KnownNode("server-1", "server", "t3.small", "eu-west-3a", SshHost("10.0.0.10", "i-01"))
AGENT = KnownNode(
    "agents-1",
    "agent",
    "t3.micro",
    "eu-west-3b",
    SshHost("10.0.0.11", "i-02"),
    {"tier": "app"},
    ("dedicated=app:NoSchedule",),
)
TEXT = inventory([SERVER, AGENT], WAY, {"k3s_version": "v1.36.2+k3s1", "tls_sans": ["127.0.0.1"]})


def test_the_text_is_yaml_with_the_groups_that_the_playbook_names():
    everything = yaml.safe_load(TEXT)["all"]
    assert everything["vars"] == {
        "ansible_user": "ubuntu",
        "k3s_version": "v1.36.2+k3s1",
        "tls_sans": ["127.0.0.1"],
    }
    assert {group: list(found["hosts"]) for group, found in everything["children"].items()} == {
        "bastion": ["bastion-0"],
        "servers": ["server-1"],
        "agents": ["agents-1"],
    }


def test_a_node_says_where_and_what_it_is():
    host = yaml.safe_load(TEXT)["all"]["children"]["agents"]["hosts"]["agents-1"]
    del host["ansible_ssh_common_args"]
    assert host == {
        "ansible_host": "10.0.0.11",
        "instance_id": "i-02",
        "instance_type": "t3.micro",
        "zone": "eu-west-3b",
        "node_labels": {"tier": "app"},
        "node_taints": ["dedicated=app:NoSchedule"],
    }


def test_ansible_goes_through_the_bastion_as_people_do():
    hosts = yaml.safe_load(TEXT)["all"]["children"]
    words = shlex.split(hosts["servers"]["hosts"]["server-1"]["ansible_ssh_common_args"])
    assert words == shlex.split(ssh_command(SERVER, WAY))[1:-1]
    assert shlex.split(ssh_command(SERVER, WAY))[-1] == "ubuntu@10.0.0.10"


def test_the_bastion_is_reached_directly():
    bastion = yaml.safe_load(TEXT)["all"]["children"]["bastion"]["hosts"]["bastion-0"]
    assert bastion["ansible_host"] == "i-0bastion"
    assert "ssh -o" not in bastion["ansible_ssh_common_args"]
    assert "aws ssm start-session" in bastion["ansible_ssh_common_args"]


def test_ansible_reads_it_as_it_was_meant(tmp_path: Path):
    program = Path(sys.executable).with_name("ansible-inventory")
    if not program.exists():
        pytest.skip("no ansible is installed beside this Python")
    file = tmp_path / "inventory.yml"
    file.write_text(TEXT)
    done = subprocess.run(
        [str(program), "--inventory", str(file), "--list"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    read: dict[str, Any] = json.loads(done.stdout)
    assert read["servers"]["hosts"] == ["server-1"]
    assert read["agents"]["hosts"] == ["agents-1"]
    assert read["_meta"]["hostvars"]["agents-1"]["node_labels"] == {"tier": "app"}


def test_the_line_for_people_is_one_that_ssh_takes():
    ssh = shutil.which("ssh")
    if ssh is None:
        pytest.skip("no ssh is installed to parse the line")
    line = ssh_command(AGENT, WAY).replace("ssh ", f"{ssh} -G ", 1)
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)
    told = dict(each.split(" ", 1) for each in done.stdout.splitlines() if " " in each)
    assert (told["hostname"], told["user"], told["hostkeyalias"]) == ("10.0.0.11", "ubuntu", "i-02")
    assert told["proxycommand"].endswith("-W %h:%p ubuntu@i-0bastion")
