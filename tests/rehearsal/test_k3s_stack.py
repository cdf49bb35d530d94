"""A small stack on K3s with the real engine: it rises, changes by what was asked for alone, and leaves nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine import Engine
from rehearsal.world import Thing
from tests.rehearsal.checkouts import Checkout, Done, copy_project, of_type, replaced, updated
from tests.rehearsal.k3s_program import write_k3s_program
from tests.rehearsal.programs import STACK
from tests.rehearsal.secrets import drawn, search
from tests.rehearsal.simulated_k3s import COMMAND, INSTANCE

pytestmark = pytest.mark.usefixtures("engine")

Cloud = dict[str, Thing]
DONE = re.compile(r"^ [-+~]+ +(\S+) (\S+) (created|updated|deleted) ")


class Stack:
    """The stack, which is up; each change of its settings is previewed and brought up at once."""

    def __init__(self, checkout: Checkout, first: Done) -> None:
        self.checkout = checkout
        self.first = first
        self.cloud = checkout.cloud(STACK)

    def change(self, **settings: Any) -> tuple[Cloud, Cloud, Done]:
        """What exists before and after settings differ, and what the update said."""
        write_k3s_program(self.checkout, **settings)
        before, done = self.cloud, self.checkout.must("up", STACK)
        self.cloud = self.checkout.cloud(STACK)
        return before, self.cloud, done


@pytest.fixture(scope="module")
def risen(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> tuple[Checkout, Done]:
    """The stack, brought up once; tests work on copies."""
    checkout = copy_project(tmp_path_factory.mktemp("k3s") / "socle")
    write_k3s_program(checkout)
    return checkout, checkout.must("up", STACK)


@pytest.fixture
def stack(risen: tuple[Checkout, Done], tmp_path: Path) -> Stack:
    checkout, first = risen
    return Stack(checkout.copied(tmp_path / "socle"), first)


def _order(done: Done) -> list[str]:
    """Machines and commands in the order in which they were finished."""
    found = [match for line in done.output.splitlines() if (match := DONE.match(line))]
    return [match[2] for match in found if match[1].partition(":")[2] in ("ec2:Instance", "local:Command")]


def _of_node(name: str) -> set[str]:
    return {f"{INSTANCE} main-{name}", f"{COMMAND} main-configuration-{name}"}


def test_it_rises_settles_hides_its_secrets_and_leaves_nothing(stack: Stack) -> None:
    checkout = stack.checkout
    assert set(stack.first.changes) == {"create"}
    assert set(of_type(stack.cloud, INSTANCE)) == {
        "bastion-instance",
        *(f"main-server-{number}" for number in (1, 2, 3)),
        *(f"main-agents-{number}" for number in (1, 2)),
    }
    assert stack.first.result["checked"]["not_executed"] == []
    (fetched,) = (thing for name, thing in of_type(stack.cloud, COMMAND).items() if name == "main-kubeconfig")
    assert json.loads(fetched.outputs["stdout"])["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:16443"
    zones = {name: thing.outputs["availabilityZone"] for name, thing in of_type(stack.cloud, INSTANCE).items()}
    assert {zones[f"main-server-{number}"] for number in (1, 2, 3)} == {f"eu-west-3{letter}" for letter in "abc"}

    secrets = drawn(checkout, STACK)
    tokens = [thing.outputs["result"] for thing in stack.cloud.values() if thing.type.startswith("random:")]
    (key,) = (thing.outputs["privateKeyOpenssh"] for thing in stack.cloud.values() if thing.type.startswith("tls:"))
    assert {*tokens, key, fetched.outputs["stdout"]} < secrets
    assert len(tokens) == 2
    assert search(checkout, STACK, secrets, stack.first.output) == []
    assert stack.first.result["outputs"]["kubeconfig"] == stack.first.result["outputs"]["private_key"] == "[secret]"

    again = checkout.must("up", STACK)
    assert again.changes == {}
    down = checkout.must("destroy", STACK)
    assert down.changes == {"delete": stack.first.changes["create"]}
    assert (down.result["left"], checkout.cloud(STACK)) == (0, {})
    order = _order(down)
    commands = [name for name in order if name.startswith(("main-configuration", "main-kubeconfig"))]
    assert order[: len(commands)] == commands
    assert "bastion-instance" in order[len(commands) :]


def test_agents_come_and_go_alone(stack: Stack) -> None:
    before, after, done = stack.change(agents=3)
    assert after.keys() - before.keys() == _of_node("agents-3")
    assert (updated(before, after), replaced(before, after)) == (set(), set())
    assert done.changes == {"create": 2}

    before, after, done = stack.change(agents=2)
    assert before.keys() - after.keys() == _of_node("agents-3")
    assert (updated(before, after), replaced(before, after)) == (set(), set())
    assert done.changes == {"delete": 2}
    # Its pods move elsewhere while it still runs.
    assert _order(done) == ["main-configuration-agents-3", "main-agents-3"]

    # Machines of a newer image join before the old ones leave.
    before, after, done = stack.change(image_revision=2)
    names = ("agents-1", "agents-2")
    assert after.keys() - before.keys() == {each for name in names for each in _of_node(f"{name}-r2")}
    assert before.keys() - after.keys() == {each for name in names for each in _of_node(name)}
    assert (updated(before, after), replaced(before, after)) == (set(), set())
    joined = _order(done).index("main-configuration-agents-2-r2")
    assert all("-r2" in name for name in _order(done)[: joined + 1])

    # So do machines on spot.
    before, after, done = stack.change(capacity="spot")
    assert after.keys() - before.keys() == {each for name in names for each in _of_node(f"{name}-spot-t3-micro")}
    assert before.keys() - after.keys() == {each for name in names for each in _of_node(f"{name}-r2")}
    assert (updated(before, after), replaced(before, after)) == (set(), set())
    joined = _order(done).index("main-configuration-agents-2-spot-t3-micro")
    assert all("-spot" in name for name in _order(done)[: joined + 1])


def test_an_upgrade_goes_to_the_servers_and_then_to_agent_after_agent(stack: Stack) -> None:
    commands = [f"main-configuration-{name}" for name in ("servers", "agents-1", "agents-2")]
    version = {"version": "v1.36.2+k3s1"}
    before, after, done = stack.change(**version)
    assert before.keys() == after.keys()
    assert replaced(before, after) == set()
    assert updated(before, after) == {f"{COMMAND} {name}" for name in commands}
    assert _order(done) == commands
    assert done.changes == {"update": 3}

    # Servers leave etcd before their machines stop.
    before, after, done = stack.change(servers=1, **version)
    gone = [f"main-configuration-server-{number}" for number in (3, 2)]
    assert before.keys() - after.keys() == _of_node("server-2") | _of_node("server-3")
    assert replaced(before, after) == set()
    assert updated(before, after) == {
        *(f"{COMMAND} {name}" for name in commands),
        "kubernetes:helm.sh/v3:Release main-storage-ebs-csi-release",  # its replicas
    }
    order = _order(done)
    assert [name for name in order if name in gone] == gone
    assert order.index(gone[1]) < min(order.index("main-server-2"), order.index("main-server-3"))

    # Another address and another certificate are the same cluster still.
    before, after, done = stack.change(servers=1, tunnel_port=16444, kubeconfig_revision=2, **version)
    assert before.keys() == after.keys()
    assert replaced(before, after) == set()
    assert updated(before, after) == {f"{COMMAND} main-kubeconfig"}
    assert done.changes == {"update": 3}  # the command, and two providers
