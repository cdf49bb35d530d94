"""The tunnel to the API of a K3s stack: who opens it, where it leads, what it says when it cannot, and how it ends."""

import base64
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from components.k3s import K3sClusterArgs
from stack.k3s import TUNNEL_PORT
from tests.far_side import GREETING, FarSide, ask, far_side, free_port, machines, printed_configuration
from tools import announcement, forward, tunnel
from tools.announcement import announce
from tools.door import Door, PortTaken
from tools.machines import Machines, check_installed, from_outputs, from_state
from tools.pulumi_cli import Done, PulumiFailed
from tools.ssh_agent import Refused
from tools.tunnel import Known, open_tunnel, tunnel_during

Said = list[str]


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarSide]:
    environ = {"PATH": os.environ["PATH"]}
    with far_side(tmp_path / "far", environ) as there:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield there


def at(port: int, **choices: Any) -> Machines:
    return machines(f"https://127.0.0.1:{port}", **choices)


def kubeconfig(authority: str) -> str:
    data = base64.b64encode(authority.encode()).decode()
    return json.dumps({"clusters": [{"cluster": {"certificate-authority-data": data}}]})


def closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def soon(check: Callable[[], bool]) -> bool:
    """Whether something becomes true within seconds."""
    until = time.monotonic() + 10
    while not check() and time.monotonic() < until:
        time.sleep(0.02)
    return check()


# Where it leads


def test_a_port_of_this_machine_becomes_the_api_and_is_closed_again(far: FarSide):
    port = free_port()
    with open_tunnel(at(port), print) as opened:
        assert opened == port
        assert ask(port, far.authority) == GREETING
        assert ask(port, far.authority) == GREETING
        assert len(far.running()) == 1
    assert closed(port)
    assert far.running() == []


def test_the_bastion_passes_it_on_to_the_servers_which_pass_on_nothing(far: FarSide):
    with open_tunnel(at(free_port(), servers=3), print):
        pass
    ((_, target, *how),) = far.called
    assert target == "ubuntu@203.0.113.7"
    assert how[:3] == ["with", "a", "key"]
    doors = [how[i + 1].partition(":")[2] for i, word in enumerate(how) if word == "-L"]
    assert doors == [f"10.0.10.{i}:6443" for i in (1, 2, 3)]
    words = " ".join(how)
    for option in ("ExitOnForwardFailure=yes", "BatchMode=yes", "ServerAliveInterval=15", "HostKeyAlias=i-bastion"):
        assert f"-o {option}" in words


def test_with_access_ssm_the_bastion_itself_is_reached_through_session_manager(far: FarSide):
    for needed in ("aws", "session-manager-plugin"):
        (far.calls.parent / needed).write_text("#!/bin/sh\n")
        (far.calls.parent / needed).chmod(0o700)
    with open_tunnel(at(free_port(), access="ssm"), print):
        pass
    ((_, target, *how),) = far.called
    assert target == "ubuntu@i-bastion"
    assert (
        "-o ProxyCommand=aws ssm start-session --region eu-west-3 --target i-bastion "
        "--document-name AWS-StartSSHSession --parameters portNumber=22 -o"
    ) in " ".join(how)


def test_another_server_is_taken_when_the_first_is_gone(far: FarSide):
    far.lose("10.0.10.1", "10.0.10.2")
    port = free_port()
    with open_tunnel(at(port, servers=3), print):
        assert ask(port) == GREETING
    assert len(far.called) == 1


def test_a_server_that_stops_later_is_left_for_another_without_connecting_again(far: FarSide):
    port = free_port()
    with open_tunnel(at(port, servers=3), print):
        assert ask(port) == GREETING
        far.lose("10.0.10.1")
        assert ask(port) == GREETING
        far.lose("10.0.10.2", "10.0.10.3")
        assert ask(port) == GREETING
    assert len(far.called) == 1


def test_servers_that_all_stop_are_named_and_found_again(far: FarSide):
    port, said = free_port(), Said()
    with open_tunnel(at(port), said.append):
        far.lose("10.0.10.1")
        with pytest.raises(OSError, match=r".*"):
            ask(port)
        far.lose()
        assert ask(port) == GREETING
    assert said == ["the Kubernetes API does not answer behind the bastion, on server-1 (10.0.10.1)"]


def test_it_connects_again_when_its_ssh_ended(far: FarSide):
    port = free_port()
    with open_tunnel(at(port), print):
        (first,) = far.running()
        os.kill(first, 9)
        assert soon(lambda: not closed(port) and ask_or_nothing(port) == GREETING)
        assert len(far.called) == 2


def ask_or_nothing(port: int) -> bytes:
    try:
        return ask(port)
    except OSError:
        return b""


def test_the_real_ssh_reads_the_words_for_every_machine():
    for access in ("ssh", "ssm"):
        for host in at(1, access=access).hosts.values():
            read = printed_configuration(host.ssh())
            assert (read["user"], read["hostname"]) == ("ubuntu", host.address)
            assert read["hostkeyalias"].startswith("i-")
            assert read["stricthostkeychecking"] == "accept-new"
            assert ("aws ssm start-session" in read.get("proxycommand", "")) == (access == "ssm")


# When it cannot


def test_a_bastion_that_cannot_be_reached_is_named_with_what_ssh_said(far: FarSide):
    far.lose("203.0.113.7")
    port = free_port()
    message = "^no tunnel to the Kubernetes API: bastion: ssh: connect to host: Connection timed out$"
    with pytest.raises(Refused, match=message), open_tunnel(at(port), print):
        pass
    assert closed(port)
    assert far.running() == []


def test_servers_whose_api_is_silent_are_given_up_with_what_ssh_said_once(far: FarSide):
    far.lose("10.0.10.1")
    with pytest.raises(Refused) as refused:
        forward.Forward(at(1), seconds=1)
    assert str(refused.value) == (
        "no tunnel to the Kubernetes API: server-1 (10.0.10.1) did not answer within 1 seconds: "
        "channel 2: open failed: connect failed: Connection refused"
    )
    assert soon(lambda: far.running() == [])


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} of this machine is taken"):
            Door(port, None, print)


@pytest.mark.parametrize("program", ["ssh", "aws", "session-manager-plugin"])
def test_a_program_that_is_missing_is_named_with_where_to_get_it(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    needed = at(1, access="ssm").servers[0].needs()
    assert needed == ["ssh", "aws", "session-manager-plugin"]
    for other in needed:
        if other != program:
            (tmp_path / other).write_text("#!/bin/sh\n")
            (tmp_path / other).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match=f"{program} is not installed: install "):
        check_installed(needed)


def test_a_bastion_with_an_open_port_needs_nothing_of_aws():
    assert at(1, access="ssh").servers[0].needs() == ["ssh"]


# While a stack is deployed


def test_a_first_deployment_is_told_of_its_machines_while_it_runs(far: FarSide, monkeypatch: pytest.MonkeyPatch):
    port = free_port()
    monkeypatch.setattr(tunnel, "PORT", port)
    said: Said = []
    with tunnel_during("vote", Known(), said.append) as variables:
        assert not closed(port)
        assert far.called == []
        with pytest.raises(OSError, match=r".*"):
            ask(port)
        announce(at(port), variables)
        assert ask(port, far.authority) == GREETING
    assert said == ["a request for the Kubernetes API came before there were machines"]
    assert closed(port)
    assert far.running() == []


def test_a_later_deployment_connects_when_the_api_is_asked_for(far: FarSide):
    port = free_port()
    with tunnel_during("vote", Known(at(port)), print):
        assert far.called == []
        assert ask(port) == GREETING
    assert far.running() == []


def test_machines_that_were_replaced_take_the_place_of_those_before(far: FarSide):
    port = free_port()
    with tunnel_during("vote", Known(at(port)), print) as variables:
        assert ask(port) == GREETING
        announce(at(port, servers=3), variables)
        assert ask(port) == GREETING
        assert len(far.running()) == 1
    assert len(far.called) == 2


def test_ansible_hears_why_there_is_no_tunnel(far: FarSide):
    far.lose("203.0.113.7")
    port = free_port()
    with (
        tunnel_during("vote", Known(at(port)), print) as variables,
        pytest.raises(Refused, match="no tunnel to the Kubernetes API: bastion: ssh: connect to host"),
    ):
        announce(at(port), variables)


def test_without_a_make_up_around_an_announcement_does_nothing():
    announce(at(1), {})


def test_a_make_up_that_has_ended_is_told_of(tmp_path: Path):
    with pytest.raises(Refused, match="the `make up` that opens the tunnel does not answer"):
        announce(at(1), {announcement.VARIABLE: str(tmp_path / "gone")})


def test_the_key_is_on_no_disk_and_in_no_variable(far: FarSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    known = at(free_port())
    body = known.private_key.splitlines()[1]
    with tunnel_during("vote", Known(known), print) as variables:
        announce(known, variables)
        assert body not in str(variables)
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or body not in path.read_text(errors="replace")
    assert body not in far.calls.read_text()
    assert body not in repr(known)


def test_a_tunnel_to_this_very_cluster_that_is_open_already_is_used(far: FarSide):
    port = free_port()
    said: Said = []
    with (
        open_tunnel(at(port), print),
        tunnel_during("vote", Known(at(port), kubeconfig(far.authority)), said.append) as variables,
    ):
        assert variables == {}
        assert ask(port) == GREETING
    assert said == [f"vote: uses the tunnel that is open at port {port}"]


def test_a_tunnel_to_another_cluster_is_in_the_way(far: FarSide, tmp_path: Path):
    with far_side(tmp_path / "other", dict(os.environ)) as other:
        port = free_port()
        mine = Known(at(port), kubeconfig(other.authority))
        with (
            open_tunnel(at(port), print),
            pytest.raises(PortTaken, match="perhaps by the tunnel of another stack"),
            tunnel_during("vote", mine, print),
        ):
            pass


# What is known of a stack


def test_machines_are_read_from_the_outputs_of_a_stack():
    known = at(16443, servers=3)
    read = from_outputs({"machines": known.model_dump()})
    assert read is not None
    assert read == known
    assert list(read.hosts) == ["bastion", "server-1", "server-2", "server-3", "vote-1"]
    assert (read.tunnel_port, machines("https://web.elb.amazonaws.com:6443").tunnel_port) == (16443, None)
    assert from_outputs({}) is None


def test_outputs_of_another_version_are_refused_without_their_values():
    with pytest.raises(PulumiFailed, match="the output machines is not what this version writes") as refused:
        from_outputs({"machines": {"private_key": "secret-text", "more": 1}})
    assert "secret-text" not in str(refused.value)


def state(known: Machines) -> dict[str, Any]:
    def secret(value: str) -> dict[str, str]:
        return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}

    environment = {"INVENTORY": known.inventory, "API_URL": known.api_url, "REVISION": "1"}
    command = {
        "type": "command:local:Command",
        "inputs": {"environment": environment, "stdin": secret(known.private_key)},
    }
    return {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}, command]}}


def test_a_stack_whose_first_deployment_stopped_is_read_from_its_state():
    known = at(16443)
    assert from_state(state(known)) == known
    assert from_state({"deployment": {}}) is None

    def run(arguments: Any, shown: bool, variables: Any) -> Done:
        return Done(0, json.dumps(state(known) if arguments[1] == "export" else {}))

    assert tunnel.ask("vote", run) == Known(known)


def test_a_stack_that_the_engine_does_not_know_has_nothing():
    def run(arguments: Any, shown: bool, variables: Any) -> Done:
        return Done(255, errors="error: no stack named 'vote'")

    assert tunnel.ask("vote", run) == Known()


def test_the_port_is_that_of_the_kubeconfig():
    assert K3sClusterArgs.tunnel_port == TUNNEL_PORT == tunnel.PORT


# What a person types


def test_a_person_is_told_what_to_type_elsewhere(far: FarSide, capsys: pytest.CaptureFixture[str]):
    port = free_port()
    tunnel.run("vote", None, lambda stack: Known(at(port)), wait=lambda: None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"vote: the Kubernetes API is at https://127.0.0.1:{port} until Ctrl-C.")
    assert lines[2].strip() == "kubectl --kubeconfig ~/.kube/kubeconfig-vote.json get nodes"
    assert lines[-1] == "vote: tunnel closed"


def test_another_port_is_told_to_kubectl(far: FarSide, capsys: pytest.CaptureFixture[str]):
    port = free_port()
    tunnel.run("vote", port, lambda stack: Known(at(1)), wait=lambda: None)
    assert f"--server=https://127.0.0.1:{port} get nodes" in capsys.readouterr().out


def test_a_port_in_use_is_one_sentence(far: FarSide, capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(typer.Exit) as ended:
        tunnel.run("vote", None, lambda stack: Known(at(taken.getsockname()[1])), wait=lambda: None)
    assert ended.value.exit_code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("or take another port with `make tunnel STACK=vote PORT=...`")


def test_a_stack_without_machines_has_no_tunnel(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(typer.Exit) as ended:
        tunnel.run("prod", None, lambda stack: Known())
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "prod: has no machines of its own, its cluster is not K3s\n"
