"""Opens the Kubernetes API of a K3s stack on this machine: `python -m tools.tunnel STACK`."""

import base64
import json
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Final, cast

import typer
import yaml
from rich.console import Console

from settings import read_stack_file
from tools.announcement import announced
from tools.door import Door, PortTaken
from tools.forward import answers
from tools.machines import Machines, from_outputs, from_state
from tools.pulumi_cli import NO_VARIABLES, Program, Pulumi, PulumiFailed, Runner
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences
from tools.setup import ROOT
from tools.ssh_agent import Refused

PORT: Final = 16443
"""Where the kubeconfig of a new stack expects the tunnel: `K3sClusterArgs.tunnel_port`."""
KUBECONFIG: Final = "kubeconfig"
"""The output of a stack that has a cluster."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Known:
    """What a stack tells before it is deployed again."""

    machines: Machines | None = None
    kubeconfig: str = ""


def ask(stack: str, run: Runner | None = None) -> Known:
    """Machines and kubeconfig of a stack; neither, when the engine knows nothing of it, which it says itself later.

    Raises `Refused` when the engine may not read the stack's secrets.
    """
    run = run or Program()
    try:
        outputs = Pulumi(stack, run).outputs()
    except PulumiFailed as failed:
        if "passphrase" in str(failed).lower():
            raise Refused(
                f"the secrets of {stack} are locked: set PULUMI_CONFIG_PASSPHRASE to their passphrase, then run the "
                "command again"
            ) from None
        return Known()
    machines = from_outputs(outputs)
    if machines is None:
        export = ["stack", "export", "--show-secrets", "--stack", stack, "--non-interactive"]
        done = run(export, False, NO_VARIABLES)
        machines = None if done.code else from_state(json.loads(done.output))
    return Known(machines, str(outputs.get(KUBECONFIG) or ""))


def is_private(stack: str, folder: Path = ROOT) -> bool:
    """Whether the settings of a stack give it a cluster whose API no load balancer carries. Raises `SettingsError`."""
    cluster = _cluster(stack, folder)
    return cluster.get("kind") == "k3s" and not cluster.get("api_cidrs")


def has_machines(stack: str, folder: Path = ROOT) -> bool:
    """Whether the settings of a stack give it machines of its own. Raises `SettingsError`."""
    return _cluster(stack, folder).get("kind") == "k3s"


@contextmanager
def open_tunnel(machines: Machines, say: Say, port: int | None = None) -> Generator[int]:
    """Open the tunnel at a port, else at that of the kubeconfig; yields the port, where the API answers.

    Raises `Refused` with the reason.
    """
    door = Door(port or machines.tunnel_port or PORT, None, say)
    try:
        door.lead_to(machines)
        yield door.port
    finally:
        door.close()


@contextmanager
def tunnel_during(stack: str, known: Known, say: Say, *, at_once: bool = False) -> Generator[Mapping[str, str]]:
    """Keep the port open that the kubeconfig names, whether or not there are machines yet; yields variables for Pulumi.

    The connection is made by the first request or, for clients without the patience for that, `at_once`. When the port
    leads to this very cluster already, that tunnel is used; when it leads elsewhere, raises `PortTaken`.
    """
    port = (known.machines and known.machines.tunnel_port) or PORT
    try:
        door = Door(port, known.machines, say)
    except PortTaken:
        authority = authority_of(known.kubeconfig)
        if authority is None or not answers(("127.0.0.1", port), authority):
            raise
        say(f"{stack}: uses the tunnel that is open at port {port}")
        yield {}
        return
    try:
        if at_once and known.machines:
            try:
                door.lead_to(known.machines)
            except Refused as refused:
                # Whoever finds the API silent knows what that means for what they do.
                say(f"{stack}: {refused}")
        with announced(door.lead_to) as variables:
            yield variables
    finally:
        door.close()


@contextmanager
def reachable(
    stack: str, known: Callable[[str], Known] = ask, folder: Path = ROOT, *, at_once: bool = True
) -> Generator[Mapping[str, str]]:
    """Keep the Kubernetes API of a stack within reach, by a tunnel where it needs one; yields variables for Pulumi.

    A cluster on EKS, or behind a load balancer, is left alone. Raises `PortTaken` or `SettingsError`.
    """

    def say(line: str) -> None:
        errors().print(line, markup=False)

    if not has_machines(stack, folder):
        yield NO_VARIABLES
        return
    told = known(stack)
    # The settings may say of a load balancer what only the next deployment makes true.
    if is_private(stack, folder) or (told.machines and told.machines.tunnel_port):
        with tunnel_during(stack, told, say, at_once=at_once) as variables:
            yield variables
    else:
        yield NO_VARIABLES


def authority_of(kubeconfig: str) -> str | None:
    """Certificate in PEM of who signs for the API that a kubeconfig names; None without one."""
    if not kubeconfig:
        return None
    found: Any = yaml.safe_load(kubeconfig)["clusters"][0]["cluster"].get("certificate-authority-data")
    return base64.b64decode(found).decode() if found else None


def _cluster(stack: str, folder: Path) -> Mapping[str, Any]:
    text = read_stack_file(folder / f"Pulumi.{stack}.yaml").get("socle:cluster") or "{}"
    try:
        cluster = json.loads(text)
    except ValueError:
        return {}
    return cast(dict[str, Any], cluster) if isinstance(cluster, dict) else {}


def need_machines(stack: str, known: Known) -> Machines:
    """Machines of a stack, or a sentence on why there are none; raises `typer.Exit`."""
    if known.machines is not None:
        return known.machines
    if has_machines(stack):
        raise refuse(f"{stack}: its machines do not exist yet: `make up STACK={stack}` makes them", FAILED)
    raise refuse(f"{stack}: has no machines of its own, its cluster is not K3s", BAD_INPUT)


def run(
    stack: str, port: int | None, known: Callable[[str], Known] = ask, wait: Callable[[], None] | None = None
) -> None:
    """Open the tunnel, say what to type elsewhere, and hold it until Ctrl-C."""
    console = Console(highlight=False, soft_wrap=True)
    again = f"make tunnel STACK={stack}"
    with sentences(stack, again):
        machines = need_machines(stack, known(stack))
        try:
            with open_tunnel(machines, lambda line: console.print(line, markup=False), port) as opened:
                console.print(_hints(stack, machines, opened), markup=False)
                (wait or _until_interrupted)()
        except PortTaken as taken:
            raise refuse(f"{stack}: {taken}, or take another port with `{again} PORT=...`", FAILED) from None
        except Refused as refused:
            raise refuse(f"{stack}: {refused}: see with `make ssh STACK={stack}`, then `{again}`", FAILED) from None
    console.print(f"{stack}: tunnel closed")


def _hints(stack: str, machines: Machines, port: int) -> str:
    elsewhere = "" if port == machines.tunnel_port else f" --server=https://127.0.0.1:{port}"
    file = f"kubeconfig-{stack}.json"
    return (
        f"{stack}: the Kubernetes API is at https://127.0.0.1:{port} until Ctrl-C. In another terminal:\n"
        f"  (umask 077 && pulumi stack output {KUBECONFIG} --show-secrets --stack {stack} > ~/.kube/{file})\n"
        f"  kubectl --kubeconfig ~/.kube/{file}{elsewhere} get nodes"
    )


def _until_interrupted() -> None:
    """Return at Ctrl-C, or when the process is told to end."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    while not ended.wait(1):
        pass


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Port of this machine; else that of the kubeconfig.")
    ] = None,
) -> None:
    """Open the Kubernetes API of a K3s stack on this machine, through its bastion, until Ctrl-C."""
    run(stack, port)


if __name__ == "__main__":
    typer.run(main)
