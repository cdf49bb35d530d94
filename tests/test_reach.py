"""Which commands open a tunnel, which need none, and what is said without one."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import reach
from tests.far_side import GREETING, FarSide, ask, far_side, free_port, machines
from tests.pulumi_stand_in import StandIn
from tools import announcement, tunnel
from tools.door import PortTaken
from tools.ssh_agent import Refused
from tools.tunnel import Known, reachable

EKS, K3S, BALANCED = "kind: eks", "kind: k3s", "kind: k3s, api_cidrs: [192.0.2.0/24]"


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarSide]:
    environ = {"PATH": os.environ["PATH"]}
    with far_side(tmp_path / "far", environ) as there:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield there


def settings(folder: Path, cluster: str) -> Path:
    (folder / "Pulumi.vote.yaml").write_text(f"config:\n  socle:cluster: {{{cluster}}}\n")
    return folder


def nobody(stack: str) -> Known:
    raise AssertionError("the engine is not asked")


@pytest.mark.parametrize(("cluster", "private"), [(K3S, True), (BALANCED, False), (EKS, False)])
def test_settings_say_whether_a_tunnel_is_needed(cluster: str, private: bool, tmp_path: Path):
    assert tunnel.is_private("vote", settings(tmp_path, cluster)) is private


def test_nothing_is_asked_or_opened_for_eks(tmp_path: Path):
    with reachable("vote", nobody, settings(tmp_path, EKS)) as variables:
        assert variables == {}


def test_the_api_of_k3s_answers_from_the_first_moment(far: FarSide, tmp_path: Path):
    port = free_port()
    known = Known(machines(f"https://127.0.0.1:{port}"))
    with reachable("vote", lambda stack: known, settings(tmp_path, K3S)) as variables:
        assert len(far.running()) == 1
        assert ask(port, far.authority) == GREETING
        assert set(variables) == {announcement.VARIABLE}
    assert far.running() == []


def test_an_api_on_a_load_balancer_is_left_alone(far: FarSide, tmp_path: Path):
    known = Known(machines("https://web.elb.amazonaws.com:6443"))
    with reachable("vote", lambda stack: known, settings(tmp_path, BALANCED)) as variables:
        assert variables == {}
    assert far.called == []


def test_until_it_is_on_the_load_balancer_it_comes_through_the_tunnel(far: FarSide, tmp_path: Path):
    port = free_port()
    known = Known(machines(f"https://127.0.0.1:{port}"))
    with reachable("vote", lambda stack: known, settings(tmp_path, BALANCED)):
        assert ask(port, far.authority) == GREETING


def test_machines_that_are_gone_are_told_of_and_stop_nothing(
    far: FarSide, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    far.lose("203.0.113.7")
    known = Known(machines(f"https://127.0.0.1:{free_port()}"))
    with reachable("vote", lambda stack: known, settings(tmp_path, K3S)):
        pass
    assert capsys.readouterr().err == (
        "vote: no tunnel to the Kubernetes API: bastion: ssh: connect to host: Connection timed out\n"
    )


def test_a_port_that_leads_elsewhere_is_in_the_way(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        known = Known(machines(f"https://127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(PortTaken), reachable("vote", lambda stack: known, settings(tmp_path, K3S)):
            pass


# Without a tunnel


def test_a_plain_deployment_is_told_how_to_get_one():
    assert reach.TUNNEL == announcement.VARIABLE
    port = free_port()
    with pytest.raises(Exception, match=r"the Kubernetes API of vote is private") as refused:
        reach.check_reach("vote", port, {})
    for command in ("`make up STACK=vote`", "`make tunnel STACK=vote`"):
        assert command in str(refused.value)


def test_a_tunnel_that_is_open_or_will_be_is_enough():
    port = free_port()
    reach.check_reach("vote", port, {reach.TUNNEL: "somewhere"})
    with socket.create_server(("127.0.0.1", port)):
        reach.check_reach("vote", port, {})


def test_secrets_that_are_locked_are_told_from_a_stack_that_nobody_knows():
    locked = StandIn(codes={"stack output": 255}, said="error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE")
    with pytest.raises(Refused, match="the secrets of staging are locked: set PULUMI_CONFIG_PASSPHRASE"):
        tunnel.ask("staging", locked)
    unknown = StandIn(codes={"stack output": 255}, said="error: no stack named 'staging' found")
    assert tunnel.ask("staging", unknown) == Known()
