"""Empties a cluster before a destroy, so that nothing it made by itself stays: `python -m tools.drain STACK`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from tools import cluster_api
from tools.account import Account, Failure
from tools.cluster_api import ClusterApi, ClusterSilent
from tools.drain_steps import Cloud, Drain
from tools.left.records import owned_by_external_dns
from tools.owner import Owner, read_owner
from tools.protection import MARK, read_protection
from tools.pulumi_cli import Export, Pulumi
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.tunnel import has_machines, reachable
from tools.waiting import Waiting

MINUTES: Final = 20
"""What a drain takes at most, unless told otherwise."""
KUBECONFIG: Final = "kubeconfig"
"""The output of a stack that has a cluster."""


Reach = Callable[[str], AbstractContextManager[Mapping[str, str]]]
"""Keeps the Kubernetes API of a stack within reach, and gives variables for Pulumi."""
# States of a machine that may run again: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
_MACHINES: Final = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True)
class AwsCloud:
    """AWS, as a drain sees it."""

    account: Account
    owner: Owner

    def records(self) -> Collection[str]:
        """Names of the records that external-dns of the cluster answers for."""
        return owned_by_external_dns(self.account, self.owner)

    def volumes(self, ids: Sequence[str]) -> Collection[str]:
        """Which of these EBS volumes exist."""
        wanted = [{"Name": "volume-id", "Values": list(ids)}]
        found = self.account.all("ec2", "describe_volumes", "Volumes[]", region=self.owner.region, Filters=wanted)
        return [each["VolumeId"] for each in found if each["State"] not in ("deleting", "deleted")]


def status(account: Account, owner: Owner) -> str:
    """What AWS says of the stack's cluster, such as ACTIVE; empty when there is none."""
    if has_machines(owner.stack):
        return _state_of_machines(account, owner)
    found = account.one("eks", "describe_cluster", region=owner.region, name=owner.cluster)
    return str(found["cluster"]["status"]) if found else ""


def _state_of_machines(account: Account, owner: Owner) -> str:
    key, value = owner.cluster_tags[0]
    wanted = [{"Name": f"tag:{key}", "Values": [value]}, {"Name": "instance-state-name", "Values": [*_MACHINES]}]
    found = account.all("ec2", "describe_instances", "Reservations[].Instances[]", region=owner.region, Filters=wanted)
    states = {each["State"]["Name"] for each in found}
    return next((state for state in ("running", *_MACHINES) if state in states), "")


@dataclass(frozen=True)
class Means:
    """What a drain works with, so that tests can give it others."""

    cloud: Callable[[Owner], Cloud] = lambda owner: AwsCloud(Account(), owner)
    connect: Callable[[str], ClusterApi] = cluster_api.connect
    status: Callable[[Owner], str] = lambda owner: status(Account(), owner)
    reach: Reach = reachable
    waiting: type[Waiting] = Waiting


def drain(
    owner: Owner, outputs: Mapping[str, Any], export: Export, *, minutes: float, console: Console, means: Means
) -> list[str]:
    """Empty the cluster that the outputs lead to; names what is left when the time is over.

    Raises `ClusterSilent` when the API does not answer, with what AWS says of the cluster.
    """

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    api = means.connect(str(outputs[KUBECONFIG]))
    try:
        api.answers()
    except ClusterSilent as error:
        raise ClusterSilent(f"{error}; {_told(owner, means)}") from None
    say(f"{owner.stack}: draining {owner.cluster}, {minutes:g} minutes at most")
    protection = read_protection(api, export)
    for _, namespace, name in sorted(protection.keys):
        say(f"  protected, stays: {'/'.join(filter(None, (namespace, name)))}")
    waiting = means.waiting(say, minutes * 60)
    left = Drain(api, means.cloud(owner), protection, waiting, say).run()
    say(f"{owner.stack}: {'left' if left else 'drained'}{': ' + ', '.join(left) if left else ''}")
    return left


def _told(owner: Owner, means: Means) -> str:
    try:
        found = means.status(owner)
    except Failure as error:
        return f"AWS does not say whether it exists ({type(error).__name__})"
    return f"AWS says it is {found}" if found else f"AWS has no cluster {owner.cluster} in {owner.region}"


def confirmed(stack: str, what: str, *, yes: bool) -> bool:
    """Whether the person typed the stack's name, or said so beforehand."""
    return yes or str(typer.prompt(f"{what} Type {stack} to go on", default="", show_default=False)) == stack


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the stack's name.")] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Minutes that it takes at most.")] = MINUTES,
) -> None:
    """Delete what would outlive the cluster, and wait until it is gone: 0 when it is, 1 when something is left."""
    run(stack, Pulumi(stack), yes=yes, minutes=timeout)


def run(stack: str, pulumi: Pulumi, *, yes: bool, minutes: float, means: Means | None = None) -> None:
    """Drain a stack, after its name was typed."""
    console = Console(highlight=False)
    with sentences(stack, f"make drain STACK={stack}"):
        owner = read_owner(stack)
        outputs = pulumi.outputs()
        if KUBECONFIG not in outputs:
            console.print(f"{stack}: has no cluster, there is nothing to drain")
            return
        export = pulumi.export()
        asked = f"{stack}: every ingress, database and volume without {MARK} is deleted, with its data."
        if not confirmed(stack, asked, yes=yes):
            raise refuse(f"{stack}: that was not its name, nothing was changed", BAD_INPUT)
        means = means or Means()
        with means.reach(stack):
            left = drain(owner, outputs, export, minutes=minutes, console=console, means=means)
    if left:
        raise refuse(f"{stack}: not all is gone: see why above, then `make drain STACK={stack}` goes on", FAILED)


if __name__ == "__main__":
    typer.run(main)
