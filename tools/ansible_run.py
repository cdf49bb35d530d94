"""Makes machines K3s nodes, takes one away, or fetches the kubeconfig: `python -m tools.ansible_run`, run by Pulumi.

    configure HOSTS   run ansible/site.yml on them (a pattern of Ansible's), once they answer
    remove NODE       move its pods elsewhere and forget it
    kubeconfig        print the kubeconfig as JSON, for a client that reaches the API at the URL in API_URL

The inventory is in the variable INVENTORY, and the private SSH key comes on standard input: it goes into an SSH agent
of this run, and neither on a disk nor on a command line. Only the kubeconfig is printed on standard output.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tools.announcement import announce
from tools.machines import Machines, hosts_of
from tools.setup import ROOT
from tools.ssh_agent import Refused, agent, program

FOLDER: Final = ROOT / "ansible"
_UNREACHABLE: Final = 255
"""What `ssh` exits with when the connection failed, and not the command."""
_STANDARD_ERROR: Final = 2
_DRAIN_SECONDS: Final = 300
# A machine that is missing from the inventory of one run is not gone: it leaves by `remove`.
_NOBODY_DEPARTED: Final = json.dumps({"k3s_departed": []})


@dataclass(frozen=True)
class Waits:
    """How long this waits for an API."""

    balancer_seconds: float = 300
    """For a load balancer to find it healthy."""
    tunnel_seconds: float = 30
    """For a tunnel, which is there at once or not at all."""
    pause: float = 5


@dataclass(frozen=True)
class Run:
    """What one run knows."""

    inventory: str
    environ: Mapping[str, str]
    key: str = field(default="", repr=False)
    waits: Waits = Waits()

    def ssh(self, node: str, *words: str) -> list[str]:
        """Command that runs `words` on a server."""
        host = hosts_of(self.inventory)[node]
        return [program("ssh"), *host.ssh("-o", "BatchMode=yes", "-o", "ConnectTimeout=15")[1:], *words]

    def first_server(self) -> str:
        """Node that answers for the cluster."""
        return next(host.name for host in hosts_of(self.inventory).values() if host.group == "servers")

    def playbook(self, file: str, *options: str, stdout: int, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook, with `variables` in its environment."""
        command = Path(sys.executable).with_name("ansible-playbook")
        if not command.exists():
            raise Refused(f"{command.name} is not installed beside {sys.executable}: `make setup` does that")
        with tempfile.TemporaryDirectory(prefix="socle-") as folder:
            inventory = Path(folder) / "inventory.yml"
            inventory.write_text(self.inventory, encoding="utf-8")
            return subprocess.run(
                [str(command), "--inventory", str(inventory), *options, str(FOLDER / file)],
                env={**self.environ, "ANSIBLE_CONFIG": str(FOLDER / "ansible.cfg"), **variables},
                stdout=stdout,
                stdin=subprocess.DEVNULL,
                text=True,
                check=False,
            )


def configure(run: Run, hosts: str) -> None:
    """Run the playbook on some hosts; what it prints goes to standard error, where Pulumi shows it."""
    done = run.playbook("site.yml", "--limit", hosts, "--extra-vars", _NOBODY_DEPARTED, stdout=_STANDARD_ERROR)
    if done.returncode:
        raise Refused(
            f"Ansible stopped on {hosts}: correct what it says above, then deploy again with `make up`; what it did so "
            "far stays, and the machines after these are as they were"
        )


def remove(run: Run, node: str) -> None:
    """Move the pods of a node elsewhere, then forget it; a cluster that does not answer has nothing to forget."""
    drain = f"drain {node} --ignore-daemonsets --delete-emptydir-data --timeout={_DRAIN_SECONDS}s"
    for words in (f"get node {node}", drain, f"delete node {node}"):
        done = subprocess.run(
            run.ssh(run.first_server(), f"sudo k3s kubectl {words}"),
            env=dict(run.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        said = " ".join(done.stderr.split())
        if done.returncode == _UNREACHABLE:
            print(f"{node} was not drained, {run.first_server()} does not answer ({said})", file=sys.stderr)
            return
        if "NotFound" in said:
            return
        if done.returncode:
            raise Refused(
                f"{node} could not be taken out of the cluster ({said}): see with `kubectl get pods -A -o wide` what "
                f"stays on it, make room elsewhere, then deploy again with `make up`"
            )


def kubeconfig(run: Run, url: str) -> str:
    """Kubeconfig of the administrator in JSON, for a client that reaches the API at `url`, which answers."""
    address = json.dumps({"kubeconfig_address": urlsplit(url).hostname})
    done = run.playbook(
        "kubeconfig.yml", "--extra-vars", address, stdout=subprocess.PIPE, ANSIBLE_STDOUT_CALLBACK="outcome"
    )
    if done.returncode:
        raise Refused(f"{run.first_server()} gave no kubeconfig: correct what Ansible says above, then `make up` again")
    found: dict[str, Any] = json.loads(done.stdout)
    # With the port too, which the playbook does not know of a tunnel.
    for cluster in found["clusters"]:
        cluster["cluster"]["server"] = url
    # A `make up` around this opens its tunnel now: before, there were no machines to go through.
    announce(Machines(inventory=run.inventory, private_key=run.key, api_url=url), run.environ)
    _wait_for_api(url, run.waits)
    return json.dumps(found)


def _wait_for_api(url: str, waits: Waits) -> None:
    where = urlsplit(url)
    host, port = where.hostname or "", where.port or 443
    loopback = host == "127.0.0.1"
    until = time.monotonic() + (waits.tunnel_seconds if loopback else waits.balancer_seconds)
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
        except OSError as error:
            if time.monotonic() >= until:
                raise Refused(_no_api(host, port, error, loopback)) from None
            time.sleep(waits.pause)
        else:
            return


def _no_api(host: str, port: int, error: OSError, loopback: bool) -> str:
    if loopback:
        return (
            f"no tunnel to the Kubernetes API is open at {host}:{port}: deploy with `make up STACK=...`, which opens "
            "one, or open it yourself with `make tunnel STACK=...`"
        )
    return f"the Kubernetes API does not answer at {host}:{port} ({error}): see whether api_cidrs holds your address"


def print_kubeconfig(run: Run) -> None:
    """Print the kubeconfig for the address in the variable API_URL."""
    print(kubeconfig(run, run.environ["API_URL"]))


VERBS: Final[Mapping[str, tuple[Callable[..., None], int]]] = {
    "configure": (configure, 1),
    "remove": (remove, 1),
    "kubeconfig": (print_kubeconfig, 0),
}
"""What to do, and how many words follow."""


def main(arguments: Sequence[str], environ: Mapping[str, str], read_key: Callable[[], str]) -> int:
    """Do what the words say; the exit code is 2 for words that say nothing, 1 for a failure."""
    verb, *words = arguments or [""]
    act, count = VERBS.get(verb, (None, 0))
    needed = {"INVENTORY", "API_URL"} if verb == "kubeconfig" else {"INVENTORY"}
    if act is None or len(words) != count or not needed <= environ.keys():
        print(__doc__, file=sys.stderr)
        return 2
    try:
        key = read_key()
        with agent(key, environ) as with_agent:
            act(Run(environ["INVENTORY"], with_agent, key), *words)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdin.read))
