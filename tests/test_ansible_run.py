"""The runner of Ansible: what it starts, what it keeps to itself, and what it says when something fails."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.bastion import SshHost
from components.k3s_inventory import KnownNode, Way, inventory
from tools.announcement import announced
from tools.ansible_run import Run, Waits, configure, kubeconfig, main, remove
from tools.machines import Machines
from tools.setup import ROOT
from tools.ssh_agent import Refused, agent

INVENTORY = inventory(
    [
        KnownNode("server-1", "server", "t3.small", "eu-west-3a", SshHost("10.0.0.10", "i-01")),
        KnownNode("agents-1", "agent", "t3.micro", "eu-west-3b", SshHost("10.0.0.11", "i-02")),
    ],
    Way(SshHost("203.0.113.7", "i-0bastion"), "ssh", "eu-west-3"),
    {},
)
QUICK = Waits(balancer_seconds=0, tunnel_seconds=0, pause=0)


@pytest.fixture
def key(tmp_path: Path) -> str:
    keygen = shutil.which("ssh-keygen")
    if keygen is None:
        pytest.skip("no OpenSSH is installed to make a key")
    file = tmp_path / "key"
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return file.read_text()


class Programs:
    """Stand-ins for programs, which write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"

    def answer(self, name: str, *, script: str = "") -> None:
        file = self.folder / name
        file.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self.log}\n{script}\n')
        file.chmod(0o755)

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}:{os.environ['PATH']}"}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    found = Programs(folder)
    monkeypatch.setenv("PATH", found.environ["PATH"])
    # Ansible is looked for beside the Python that runs.
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return found


def run(programs: Programs, **changes: str) -> Run:
    return Run(INVENTORY, {**programs.environ, **changes}, key="the key", waits=QUICK)


# The key


def test_the_key_is_held_in_memory_and_gone_afterwards(key: str, tmp_path: Path):
    with agent(key, os.environ) as environment:
        listed = subprocess.run(
            [shutil.which("ssh-add") or "ssh-add", "-l"], env=environment, capture_output=True, text=True, check=True
        )
        folder = Path(environment["SSH_AUTH_SOCK"]).parent
        held = [path for path in folder.iterdir() if path.is_file()]
    assert "ED25519" in listed.stdout
    assert held == []
    assert not folder.exists()


def test_ctrl_c_in_the_terminal_is_not_for_the_agent(key: str):
    script = """
import os, signal, subprocess, sys
from tools.ssh_agent import agent
with agent(sys.stdin.read(), os.environ) as environment:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.killpg(0, signal.SIGINT)
    sys.exit(subprocess.run(["ssh-add", "-l"], env=environment, timeout=20).returncode)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=key,
        text=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
        start_new_session=True,
    )
    assert (done.returncode, "ED25519" in done.stdout) == (0, True), done.stderr


@pytest.mark.usefixtures("key")
def test_what_is_no_key_is_refused_without_being_shown():
    with pytest.raises(Refused, match="the SSH key on standard input is none") as refused, agent("word", os.environ):
        pass
    assert "word" not in str(refused.value)


# Configure


def test_the_playbook_runs_on_the_hosts_named_and_considers_nobody_departed(programs: Programs):
    programs.answer("ansible-playbook")
    configure(run(programs), "agents-1")
    (call,) = programs.calls()
    assert "--limit agents-1" in call
    assert '--extra-vars {"k3s_departed": []}' in call
    assert call.endswith("/ansible/site.yml")


def test_nothing_of_a_playbook_reaches_standard_output(programs: Programs, capfd: pytest.CaptureFixture[str]):
    programs.answer("ansible-playbook", script="echo TASK")
    configure(run(programs), "agents-1")
    assert capfd.readouterr().out == ""


def test_a_playbook_that_fails_stops_the_deployment_with_what_to_do(programs: Programs):
    programs.answer("ansible-playbook", script="exit 2")
    with pytest.raises(Refused, match="Ansible stopped on agents-1: correct what it says above, then deploy again"):
        configure(run(programs), "agents-1")


def test_an_ansible_that_is_missing_is_asked_for(programs: Programs):
    with pytest.raises(Refused, match=r"ansible-playbook is not installed beside .* `make setup` does that"):
        configure(run(programs), "agents-1")


# Remove


def test_a_node_is_drained_then_forgotten_by_the_first_server(programs: Programs):
    programs.answer("ssh")
    remove(run(programs), "agents-1")
    assert [call.partition("ubuntu@10.0.0.10 ")[2] for call in programs.calls()] == [
        "sudo k3s kubectl get node agents-1",
        "sudo k3s kubectl drain agents-1 --ignore-daemonsets --delete-emptydir-data --timeout=300s",
        "sudo k3s kubectl delete node agents-1",
    ]


def test_a_node_that_the_cluster_does_not_know_is_gone_already(programs: Programs):
    programs.answer("ssh", script='echo "Error from server (NotFound)" >&2; exit 1')
    remove(run(programs), "agents-1")
    assert len(programs.calls()) == 1


def test_a_cluster_that_is_gone_does_not_hold_up_a_destroy(programs: Programs, capsys: pytest.CaptureFixture[str]):
    programs.answer("ssh", script='echo "Connection timed out" >&2; exit 255')
    remove(run(programs), "agents-1")
    assert "agents-1 was not drained, server-1 does not answer (Connection timed out)" in capsys.readouterr().err


def test_pods_that_may_not_leave_keep_their_node(programs: Programs):
    programs.answer("ssh", script='case "$*" in *drain*) echo "Cannot evict pod" >&2; exit 1;; esac')
    message = r"agents-1 could not be taken out of the cluster \(Cannot evict pod\): see with `kubectl get pods"
    with pytest.raises(Refused, match=message):
        remove(run(programs), "agents-1")
    assert not any("delete node" in call for call in programs.calls())


# Kubeconfig


@pytest.fixture
def api() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


READ = json.dumps({"clusters": [{"cluster": {"server": "https://127.0.0.1:6443"}}]})


def test_the_kubeconfig_names_the_address_with_its_port(programs: Programs, api: int):
    programs.answer("ansible-playbook", script=f"[ $ANSIBLE_STDOUT_CALLBACK = outcome ] && echo '{READ}'")
    found = json.loads(kubeconfig(run(programs), f"https://127.0.0.1:{api}"))
    assert found == {"clusters": [{"cluster": {"server": f"https://127.0.0.1:{api}"}}]}
    (call,) = programs.calls()
    assert '--extra-vars {"kubeconfig_address": "127.0.0.1"}' in call


def test_a_make_up_around_it_is_told_of_the_machines_before_the_api_is_asked(programs: Programs, api: int):
    programs.answer("ansible-playbook", script=f"echo '{READ}'")
    told: list[Machines] = []
    with announced(told.append) as variables:
        kubeconfig(run(programs, **variables), f"https://127.0.0.1:{api}")
    assert told == [Machines(inventory=INVENTORY, private_key="the key", api_url=f"https://127.0.0.1:{api}")]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_without_a_tunnel_the_sentence_says_how_to_open_one(programs: Programs):
    programs.answer("ansible-playbook", script=f"echo '{READ}'")
    with pytest.raises(
        Refused, match=r"no tunnel to the Kubernetes API is open at 127.0.0.1:\d+: deploy with `make up"
    ):
        kubeconfig(run(programs), f"https://127.0.0.1:{closed_port()}")


def test_a_server_without_a_kubeconfig_is_named(programs: Programs):
    programs.answer("ansible-playbook", script="exit 2")
    with pytest.raises(Refused, match="server-1 gave no kubeconfig"):
        kubeconfig(run(programs), "https://127.0.0.1:1")


# From the command line


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        ([], {"INVENTORY": INVENTORY}),
        (["configure"], {"INVENTORY": INVENTORY}),
        (["explode", "agents-1"], {"INVENTORY": INVENTORY}),
        (["configure", "agents-1"], {}),
        (["kubeconfig"], {"INVENTORY": INVENTORY}),
    ],
)
def test_words_that_say_nothing_are_answered_with_what_there_is_to_say(
    words: list[str], environ: dict[str, str], capsys: pytest.CaptureFixture[str]
):
    def nobody() -> str:
        raise AssertionError("the key is not asked for")

    assert main(words, environ, nobody) == 2
    assert "configure HOSTS" in capsys.readouterr().err


def test_a_refusal_is_one_sentence_and_no_traceback(programs: Programs, key: str, capsys: pytest.CaptureFixture[str]):
    programs.answer("ansible-playbook", script="exit 2")
    environ = {**programs.environ, "INVENTORY": INVENTORY}
    assert main(["configure", "agents-1"], environ, lambda: key) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert "Ansible stopped on agents-1" in said.err


def test_ansible_finds_the_key_in_an_agent_and_not_on_its_command_line(programs: Programs, key: str):
    listed = programs.folder / "listed"
    programs.answer("ansible-playbook", script=f"ssh-add -l > {listed}; env > {listed}.env")
    assert main(["configure", "agents-1"], {**programs.environ, "INVENTORY": INVENTORY}, lambda: key) == 0
    assert "ED25519" in listed.read_text()
    assert "PRIVATE KEY" not in Path(f"{listed}.env").read_text() + "".join(programs.calls())
