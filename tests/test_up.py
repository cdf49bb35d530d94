"""Deploying a stack: the tunnel around it, the price before it, what is said when it fails, and the last line."""

import json
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer

from rehearsal import engine
from stack import reach
from tests.far_side import GREETING, FarSide, ask, far_side, free_port, machines
from tests.kubernetes_server import kubernetes_server
from tools import ansible_run, tunnel, up
from tools.announcement import VARIABLE, announce
from tools.policing.afterwards import Afterwards
from tools.tunnel import Known
from tools.up import Means

GOOD, BAD = "ghcr.io/example/f1-vote:good", "ghcr.io/example/f1-vote:bad"
EKS, K3S = "kind: eks", "kind: k3s"


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarSide]:
    environ = {"PATH": os.environ["PATH"]}
    with far_side(tmp_path / "far", environ) as there:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield there


class Pulumi:
    """Runs nothing, and remembers what it was asked."""

    def __init__(self, code: int = 0, act: Callable[[Mapping[str, str]], object] = lambda _: None) -> None:
        self.code = code
        self.act = act
        self.commands: list[list[str]] = []
        self.variables: list[Mapping[str, str]] = []

    def __call__(self, arguments: Sequence[str], variables: Mapping[str, str]) -> int:
        self.commands.append(list(arguments))
        self.variables.append(variables)
        self.act(variables)
        return self.code

    @property
    def events(self) -> Path:
        """Where it was told to write events."""
        return Path(self.commands[0][self.commands[0].index("--event-log") + 1])


def means(folder: Path, pulumi: Pulumi, cluster: str = K3S, known: Known | None = None, **more: Any) -> Means:
    def asked(stack: str) -> Known:
        assert stack == "vote"
        return known or Known()

    def unpriced(stack: str) -> None:
        assert stack == "vote"

    (folder / "Pulumi.vote.yaml").write_text(
        f"config:\n  socle:cluster: {{{cluster}}}\n  socle:f1_vote:\n    image: {BAD}\n"
    )
    given: dict[str, Any] = {
        "estimate": unpriced,
        "ask": asked,
        "diagnose": nothing_is_wrong,
        "strays": none,
        "rules": kept,
        **more,
    }
    return Means(launch=pulumi, folder=folder, **given)


def none(stack: str, folder: Path) -> None:
    assert (stack, folder.is_dir()) == ("vote", True)


def kept(stack: str, waiting: Path, folder: Path) -> Afterwards:
    assert (stack, waiting.name) == ("vote", "pending")
    return Afterwards()


def nothing_is_wrong(stack: str) -> None:
    assert stack == "vote"


def deploy(given: Means, **choices: bool) -> int:
    return up.run("vote", **{"preview": False, "yes": False, **choices}, means=given)


# The command


def test_a_stack_is_deployed_by_pulumi_which_asks_its_own_question(tmp_path: Path):
    pulumi = Pulumi()
    assert deploy(means(tmp_path, pulumi, EKS)) == 0
    assert pulumi.commands == [["up", "--stack", "vote", "--event-log", str(pulumi.events)]]
    assert VARIABLE not in pulumi.variables[0]


def test_a_pipeline_says_yes_beforehand(tmp_path: Path):
    pulumi = Pulumi()
    deploy(means(tmp_path, pulumi, EKS), yes=True)
    assert pulumi.commands[0][-1] == "--yes"


def test_the_exit_code_is_that_of_pulumi(tmp_path: Path):
    assert deploy(means(tmp_path, Pulumi(255), EKS)) == 255


def test_a_preview_says_nothing_of_prices_nor_of_destroying(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pulumi = Pulumi()
    asked: list[str] = []
    deploy(means(tmp_path, pulumi, EKS, estimate=asked.append), preview=True, yes=True)
    assert pulumi.commands[0][0] == "preview"
    assert "--yes" not in pulumi.commands[0]
    assert (asked, capsys.readouterr().out) == ([], "")


def test_what_launches_machines_again_is_looked_for_after_an_update_that_worked_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def strays(stack: str, folder: Path) -> str:
        assert (stack, folder) == ("vote", tmp_path)
        return "vote: cancelled"

    deploy(means(tmp_path, Pulumi(), EKS, strays=strays))
    assert capsys.readouterr().err == "vote: cancelled\n"
    deploy(means(tmp_path, Pulumi(255), EKS, strays=strays))
    deploy(means(tmp_path, Pulumi(), EKS, strays=strays), preview=True)
    assert "cancelled" not in capsys.readouterr().err


# The turn


class Ours:
    """A turn that notes when it begins and ends."""

    def __init__(self, pulumi: Pulumi, said: str | None = None) -> None:
        self.seen: list[int] = []
        self._pulumi, self._said = pulumi, said

    def blocked(self) -> str | None:
        return self._said

    @contextmanager
    def taken(self, stack: str, again: str, folder: Path) -> Generator["Ours"]:
        assert (stack, again) == ("vote", "make up STACK=vote")
        self.seen.append(len(self._pulumi.commands))
        yield self
        self.seen.append(len(self._pulumi.commands))


def test_a_deployment_is_one_turn_and_a_preview_takes_none(tmp_path: Path):
    pulumi = Pulumi()
    ours = Ours(pulumi)
    given = means(tmp_path, pulumi, EKS, turn=ours.taken)
    deploy(given, preview=True)
    assert (len(pulumi.commands), ours.seen) == (1, [])
    deploy(given)
    assert (len(pulumi.commands), ours.seen) == (2, [1, 2])


@pytest.mark.parametrize(("code", "told"), [(0, []), (1, ["vote: ada holds the lock"])])
def test_an_engine_that_found_a_lock_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int, told: list[str]
):
    pulumi = Pulumi(code)
    deploy(means(tmp_path, pulumi, EKS, turn=Ours(pulumi, "vote: ada holds the lock").taken))
    assert capsys.readouterr().err.splitlines() == told


# The tunnel


def test_a_first_deployment_reaches_the_api_of_the_machines_that_it_makes(
    far: FarSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    port = free_port()
    monkeypatch.setattr(tunnel, "PORT", port)
    heard: list[bytes] = []

    def act(variables: Mapping[str, str]) -> None:
        announce(machines(f"https://127.0.0.1:{port}"), variables)
        heard.append(ask(port, far.authority))

    assert deploy(means(tmp_path, Pulumi(act=act))) == 0
    assert heard == [GREETING]
    assert far.running() == []


def test_from_an_empty_account_ansible_opens_the_way_for_kubernetes_in_one_deployment(
    far: FarSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As the engine does it: the command that fetches the kubeconfig runs, then the provider speaks to the API."""
    port = free_port()
    monkeypatch.setattr(tunnel, "PORT", port)
    kubeconfig = json.dumps({"clusters": [{"cluster": {"server": "https://10.0.10.1:6443"}}]})
    ansible = far.calls.parent / "ansible-playbook"
    ansible.write_text(f"#!/bin/sh\necho '{kubeconfig}'\n")
    ansible.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(ansible.with_name("python")))
    made = machines(f"https://127.0.0.1:{port}", servers=3)
    heard: list[bytes] = []

    def act(variables: Mapping[str, str]) -> None:
        reach.check_reach("vote", port, variables)
        told = {"INVENTORY": made.inventory, "API_URL": made.api_url}
        assert ansible_run.main(["kubeconfig"], {**os.environ, **variables, **told}, lambda: made.private_key) == 0
        heard.append(ask(port, far.authority))

    assert deploy(means(tmp_path, Pulumi(act=act))) == 0
    assert heard == [GREETING]
    assert [target for _, target, *_ in far.called] == ["ubuntu@203.0.113.7"]
    assert far.running() == []


def test_a_later_one_needs_no_announcement(far: FarSide, tmp_path: Path):
    port = free_port()
    heard: list[bytes] = []
    pulumi = Pulumi(act=lambda _: heard.append(ask(port)))
    deploy(means(tmp_path, pulumi, known=Known(machines(f"https://127.0.0.1:{port}"))), preview=True)
    assert heard == [GREETING]
    assert far.running() == []


def test_an_api_on_a_load_balancer_needs_no_tunnel(far: FarSide, tmp_path: Path):
    known = Known(machines("https://web.elb.amazonaws.com:6443"))
    pulumi = Pulumi()
    deploy(means(tmp_path, pulumi, f"{K3S}, api_cidrs: [192.0.2.0/24]", known))
    assert VARIABLE not in pulumi.variables[0]


def test_the_tunnel_stays_while_the_load_balancer_is_only_being_made(far: FarSide, tmp_path: Path):
    known = Known(machines(f"https://127.0.0.1:{free_port()}"))
    pulumi = Pulumi()
    deploy(means(tmp_path, pulumi, f"{K3S}, api_cidrs: [192.0.2.0/24]", known))
    assert VARIABLE in pulumi.variables[0]


def test_a_port_that_is_taken_stops_before_anything_is_changed(
    far: FarSide, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    port = free_port()
    known = Known(machines(f"https://127.0.0.1:{port}"))
    pulumi = Pulumi()
    with tunnel.open_tunnel(machines(f"https://127.0.0.1:{port}"), print), pytest.raises(typer.Exit) as ended:
        deploy(means(tmp_path, pulumi, known=known))
    assert (ended.value.exit_code, pulumi.commands) == (1, [])
    assert capsys.readouterr().err.endswith("close that one, then `make up STACK=vote`\n")


def test_the_tunnel_ends_when_pulumi_fails_by_exception(far: FarSide, tmp_path: Path):
    port = free_port()

    def act(variables: Mapping[str, str]) -> None:
        ask(port)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deploy(means(tmp_path, Pulumi(act=act), known=Known(machines(f"https://127.0.0.1:{port}"))))
    assert far.running() == []


# What is said


def test_the_price_comes_first_and_the_way_to_destroy_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def price(stack: str) -> None:
        typer.echo(f"{stack}: 78 EUR a month")

    deploy(means(tmp_path, Pulumi(act=lambda _: typer.echo("deploying")), EKS, estimate=price))
    assert capsys.readouterr().out.splitlines() == [
        "vote: 78 EUR a month",
        "deploying",
        "vote: deployed, and costs money until `make destroy STACK=vote` takes it down",
    ]


def test_a_failure_names_both_ways_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    deploy(means(tmp_path, Pulumi(1), EKS))
    assert capsys.readouterr().out.splitlines()[-1] == (
        "vote: stopped, and what exists costs money: `make up STACK=vote` goes on, "
        "`make destroy STACK=vote` takes it down"
    )


def test_a_stack_that_pulumi_does_not_know_is_not_said_to_cost_money(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert deploy(means(tmp_path, Pulumi(6), EKS)) == 6
    assert capsys.readouterr().out.splitlines()[-1] == (
        "vote: is not known where Pulumi keeps its state, `pulumi stack init vote` makes it: then `make up STACK=vote`"
    )


def test_the_price_is_left_out_where_there_is_no_such_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(up, "COST", "tools.no_such_command")
    up.estimate("vote")
    assert capfd.readouterr() == ("", "")


def failing(pulumi: Pulumi) -> Callable[[Mapping[str, str]], object]:
    """Writes the event of a Deployment that did not become ready."""

    def side(image: str) -> dict[str, Any]:
        spec = {"template": {"spec": {"containers": [{"image": image}]}}}
        return {"inputs": {"metadata": {"name": "f1-vote", "namespace": "f1-vote"}, "spec": spec}}

    step = {"urn": "urn", "type": "kubernetes:apps/v1:Deployment", "old": side(GOOD), "new": side(BAD)}
    return lambda _: pulumi.events.write_text(json.dumps({"resOpFailedEvent": {"metadata": step}}))


def test_a_roll_out_that_failed_is_explained_with_the_way_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pulumi = Pulumi(1)
    pulumi.act = failing(pulumi)
    with kubernetes_server() as server:
        metadata = {"name": "f1-vote", "namespace": "f1-vote"}
        spec = {"template": {"spec": {"containers": [{"image": BAD}]}}}
        server.put({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
        deploy(means(tmp_path, pulumi, EKS, Known(kubeconfig=server.kubeconfig)))
    assert capsys.readouterr().err.splitlines() == [
        f"vote: the Deployment f1-vote/f1-vote did not become ready with {BAD}",
        f"{GOOD} ran before it. Back to it:",
        f"  pulumi config set --path socle:f1_vote.image {GOOD} --stack vote",
        "  make up STACK=vote",
    ]


def test_a_cluster_that_is_silent_does_not_hide_the_way_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pulumi = Pulumi(1)
    pulumi.act = failing(pulumi)
    with kubernetes_server() as server:
        kubeconfig = server.kubeconfig
    deploy(means(tmp_path, pulumi, EKS, Known(kubeconfig=kubeconfig)))
    said = capsys.readouterr().err
    assert "the cluster does not say why (" in said
    assert f"socle:f1_vote.image {GOOD}" in said


# The engine's own process


def terminal(there: bool) -> Callable[[int], bool]:
    return lambda number: there


def fake_engine(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = folder / "pulumi"
    command.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{body}\n")
    command.chmod(0o700)
    found = engine.Engine(command=command, version="3.250.0", origin="PATH")
    monkeypatch.setattr(engine, "find", lambda: found)
    monkeypatch.setattr(up.policing, "options", lambda: ["--policy-pack", "policy"])


def test_the_engine_gets_its_words_variables_policies_and_this_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    fake_engine(tmp_path, "print(*sys.argv[1:], os.environ['TOLD']); sys.exit(7)", monkeypatch)
    assert up.launch(["up", "--stack", "vote"], {"TOLD": "so"}) == 7
    assert capfd.readouterr().out == "up --stack vote --policy-pack policy so\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_is_for_the_engine_which_ends_in_its_own_time(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    body = f"""
signal.signal({int(number)}, lambda *_: sys.exit(9))
os.kill(os.getppid(), {int(number)})
time.sleep(20)
"""
    fake_engine(tmp_path, body, monkeypatch)
    monkeypatch.setattr(os, "isatty", terminal(False))
    before = signal.getsignal(number)
    assert up.launch(["up"], {}) == 9
    assert signal.getsignal(number) is before


def test_ctrl_c_on_a_terminal_reaches_the_engine_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    body = """
signal.signal(signal.SIGINT, lambda *_: sys.exit(9))
os.kill(os.getppid(), signal.SIGINT)
time.sleep(0.5)
"""
    fake_engine(tmp_path, body, monkeypatch)
    monkeypatch.setattr(os, "isatty", terminal(True))
    assert up.launch(["up"], {}) == 0
