"""Opens a shell on a machine of a K3s stack, through its bastion: `python -m tools.ssh STACK [NODE]`."""

import os
import subprocess
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.machines import Host, Machines, check_installed
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.ssh_agent import Refused, agent
from tools.tunnel import Known, ask, need_machines


def run(stack: str, node: str | None, known: Callable[[str], Known] = ask) -> int:
    """Open a shell, or list the machines when none is named; the exit code is that of `ssh`."""
    with sentences(stack, f"make ssh STACK={stack}"):
        machines = need_machines(stack, known(stack))
        if not node:
            _show(stack, machines)
            return 0
        host = machines.hosts.get(node)
        if host is None:
            raise refuse(f"{stack}: has no machine {node}, it has {', '.join(machines.hosts)}", BAD_INPUT)
        try:
            return _connect(machines, host)
        except Refused as refused:
            raise refuse(f"{stack}: {refused}", FAILED) from None


def _connect(machines: Machines, host: Host) -> int:
    """Run `ssh` on this terminal; the key is in the memory of an agent for as long, and on no disk."""
    check_installed(host.needs())
    with agent(machines.private_key, dict(os.environ)) as environ:
        return subprocess.run(host.ssh(), env=environ, check=False).returncode


def _show(stack: str, machines: Machines) -> None:
    table = Table("machine", "group", "address", box=None)
    for host in machines.hosts.values():
        table.add_row(host.name, host.group, host.address)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"`make ssh STACK={stack} NODE={machines.servers[0].name}` opens a shell", markup=False)


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    node: Annotated[str | None, typer.Argument(metavar="NODE", help="a machine; omitted, they are listed")] = None,
) -> None:
    """Open a shell on a machine of a K3s stack, or list its machines."""
    raise typer.Exit(run(stack, node))


if __name__ == "__main__":
    typer.run(main)
