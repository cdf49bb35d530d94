"""Takes a cluster that is gone out of a stack's state: `python -m tools.forget_cluster STACK`."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from tools import cluster_api
from tools.account import Account, Failure
from tools.cluster_api import ClusterApi, ClusterRefused, ClusterSilent
from tools.drain import KUBECONFIG, Reach, confirmed, status
from tools.forgetting import Forgotten, forget
from tools.owner import Owner, read_owner
from tools.pulumi_cli import Export, Pulumi
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.setup import ROOT
from tools.tunnel import reachable

BACKUPS: Final = ROOT / ".pulumi-backups"
"""Where the state is kept as it was; the folder tells git to ignore it."""
Connect = Callable[[str], ClusterApi]
Status = Callable[[Owner], str]


def run(
    stack: str,
    pulumi: Pulumi,
    *,
    yes: bool,
    force: bool,
    backups: Path = BACKUPS,
    connect: Connect = cluster_api.connect,
    status_of: Status = lambda owner: status(Account(), owner),
    reach: Reach = reachable,
) -> None:
    """Forget the cluster's objects, unless the cluster is there."""
    console = Console(highlight=False)
    with sentences(stack, f"make forget-cluster STACK={stack}"):
        owner = read_owner(stack)
        export = pulumi.export()
        forgotten = forget(export)
        if not forgotten.removed:
            console.print(f"{stack}: its state has nothing of a cluster, there is nothing to forget")
            return
        there = "" if force else _sign_of_life(owner, pulumi, connect, status_of, reach)
        if there:
            raise refuse(
                f"{stack}: {there}: `make destroy STACK={stack}` empties and deletes a cluster that is there; "
                f"`python -m tools.forget_cluster {stack} --force` forgets it all the same, and what is in it stays",
                FAILED,
            )
        asked = f"{stack}: {forgotten.objects} Kubernetes resources leave the state; nothing is deleted anywhere."
        if not confirmed(stack, asked, yes=yes):
            raise refuse(f"{stack}: that was not its name, nothing was changed", BAD_INPUT)
        kept = _keep(export, backups, stack)
        _load(pulumi, forgotten.export, kept.with_suffix(".new.json"))
    _tell(console, stack, forgotten, kept)


def _sign_of_life(owner: Owner, pulumi: Pulumi, connect: Connect, status_of: Status, reach: Reach) -> str:
    """What shows that the cluster is there: AWS has it, or its API answers from here; empty when nothing does.

    A silent API alone proves nothing: it answers only the networks that it lets in.
    """
    try:
        known = status_of(owner)
    except Failure as error:
        return (
            f"AWS does not say whether {owner.cluster} is gone ({type(error).__name__}, `aws sts get-caller-identity`)"
        )
    if known:
        return f"AWS has the cluster {owner.cluster} in {owner.region}, {known}"
    kubeconfig = pulumi.outputs().get(KUBECONFIG)
    try:
        if kubeconfig:
            with reach(owner.stack):
                connect(str(kubeconfig)).answers()
    except ClusterSilent:
        return ""
    except ClusterRefused:
        pass
    return f"the API of {owner.cluster} answers" if kubeconfig else ""


def _keep(export: Export, folder: Path, stack: str) -> Path:
    """Write the state as it was, for its owner's eyes only."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    file = folder / f"{stack}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    _write(file, export)
    return file


def _load(pulumi: Pulumi, export: Export, file: Path) -> None:
    _write(file, export)
    try:
        pulumi.load(file)
    finally:
        file.unlink()


def _write(file: Path, export: Export) -> None:
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(json.dumps(export, indent=2), encoding="utf-8")


def _tell(console: Console, stack: str, forgotten: Forgotten, kept: Path) -> None:
    """Say what was done, what may be left, and what to type next."""
    providers = len(forgotten.removed) - forgotten.objects
    lines = [
        f"{stack}: forgot {forgotten.objects} Kubernetes resources and {providers} providers of theirs.",
        f"The state as it was: {kept} (`pulumi stack import --stack {stack} --file {kept}` brings it back).",
        *(f"It was under way and is forgotten, look for it in AWS: {each}" for each in forgotten.unfinished),
        "What such a cluster made by itself may be left: volumes of claims and their snapshots, DNS records, load",
        "balancers of Services, network interfaces, log groups. Next:",
        f"  make destroy STACK={stack}     deletes what Pulumi made, and lists what is left",
        f"  make leftovers STACK={stack}   lists it with its price and the commands that delete it",
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the stack's name.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also when the cluster is there, or may be.")] = False,
) -> None:
    """Take the objects of a cluster that is gone out of a stack's state; nothing is deleted anywhere."""
    run(stack, Pulumi(stack), yes=yes, force=force)


if __name__ == "__main__":
    typer.run(main)
