"""Persistent spot requests of the machines of K3s: one that outlives its machine has AWS launch another.

Some versions of the provider leave them: https://github.com/hashicorp/terraform-provider-aws/issues/38142
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.account import Account, Failure, Record, explain
from tools.owner import Owner, read_owner
from tools.pulumi_cli import Export, Program, Pulumi, PulumiFailed, resources
from tools.tunnel import has_machines

_INSTANCE: Final = "aws:ec2/instance:Instance"
_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
_OF_K3S: Final = "socle:index:K3sMachines$"
_PERSISTENT: Final = "persistent"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-request-status.html
_LIVE: Final = ("open", "active", "disabled")
_ALIVE: Final = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True)
class _Known:
    """What a state says of the machines of K3s."""

    groups: frozenset[str]
    machines: frozenset[str]
    requests: frozenset[str]

    def has(self, request: Record) -> bool:
        """Whether a request is that of a machine in the state."""
        return request.get("InstanceId") in self.machines or request["SpotInstanceRequestId"] in self.requests


def cancel_all(owner: Owner, export: Export, account: Account | None = None) -> str | None:
    """Cancel the requests of all machines of K3s, before they go; a line that says so, if there were any.

    Raises what AWS refuses with.
    """
    known = _known(export)
    if not known.groups and not known.machines:
        return None
    account = account or Account()
    found = list(_requests(account, owner.region, known))
    if not found:
        return None
    _cancel(account, owner.region, found)
    _terminate(account, owner.region, [each for each in found if not known.has(each)])
    return f"{owner.stack}: spot requests cancelled, so that AWS launches no machine again: {_names(found)}"


def cancel_strays(owner: Owner, export: Export, account: Account | None = None) -> str | None:
    """Cancel the requests of machines of K3s that the state no longer has, and terminate what they launched since.

    A line that says so, if there were any. Raises what AWS refuses with.
    """
    known = _known(export)
    if not known.groups:
        return None
    account = account or Account()
    found = [each for each in _requests(account, owner.region, known) if not known.has(each)]
    if not found:
        return None
    _cancel(account, owner.region, found)
    gone = _terminate(account, owner.region, found)
    ended = f", and terminated what they launched: {', '.join(gone)}" if gone else ""
    return f"{owner.stack}: cancelled spot requests of machines that it no longer has: {_names(found)}{ended}"


def after_update(stack: str, folder: Path) -> str | None:
    """`cancel_strays` for a stack that was deployed; a failure is a sentence too, for the stack is up all the same."""
    if not has_machines(stack, folder):
        return None
    again = f"make up STACK={stack}"
    unknown = f"{stack}: is up, and whether spot requests of machines that it no longer has are left is not known: "
    try:
        return cancel_strays(read_owner(stack, folder=folder), Pulumi(stack, Program(folder)).export())
    except PulumiFailed as error:
        return f"{unknown}{error}"
    except Failure as error:
        return f"{unknown}{explain(error, again)}"


def _known(export: Export) -> _Known:
    """The machines of K3s in a state; those of EKS are launched by an auto scaling group, whose requests end by
    themselves."""
    ours = [each for each in resources(export) if _OF_K3S in str(each["urn"])]
    machines = [each for each in ours if each["type"] == _INSTANCE]
    outputs: list[dict[str, Any]] = [each.get("outputs") or {} for each in machines]
    return _Known(
        frozenset(str(each["id"]) for each in ours if each["type"] == _GROUP and each.get("id")),
        frozenset(str(each["id"]) for each in machines if each.get("id")),
        frozenset(str(each["spotInstanceRequestId"]) for each in outputs if each.get("spotInstanceRequestId")),
    )


def _requests(account: Account, region: str, known: _Known) -> Iterator[Record]:
    """Live persistent requests of a state's machines, or of others in their security groups: they have no tags."""
    live = [{"Name": "state", "Values": list(_LIVE)}]
    items = "SpotInstanceRequests[]"
    for request in account.all("ec2", "describe_spot_instance_requests", items, region=region, Filters=live):
        if request.get("Type") == _PERSISTENT and (known.has(request) or known.groups & _groups(request)):
            yield request


def _groups(request: Record) -> set[str]:
    """Security groups with which a request launches."""
    launch: Record = request.get("LaunchSpecification") or {}
    by_interface = {group for each in launch.get("NetworkInterfaces", ()) for group in each.get("Groups", ())}
    return by_interface | {each["GroupId"] for each in launch.get("SecurityGroups", ())}


def _cancel(account: Account, region: str, found: Sequence[Record]) -> None:
    ids = [each["SpotInstanceRequestId"] for each in found]
    account.one("ec2", "cancel_spot_instance_requests", region=region, SpotInstanceRequestIds=ids)


def _terminate(account: Account, region: str, found: Sequence[Record]) -> list[str]:
    """Terminate the machines of cancelled requests; the ids of those that were not gone yet."""
    ids = [each["InstanceId"] for each in found if each.get("InstanceId")]
    if not ids:
        return []
    wanted = [{"Name": "instance-id", "Values": ids}, {"Name": "instance-state-name", "Values": list(_ALIVE)}]
    items = "Reservations[].Instances[]"
    machines = account.all("ec2", "describe_instances", items, region=region, Filters=wanted)
    alive = sorted(str(each["InstanceId"]) for each in machines)
    if alive:
        account.one("ec2", "terminate_instances", region=region, InstanceIds=alive)
    return alive


def _names(found: Sequence[Record]) -> str:
    return ", ".join(sorted(str(each["SpotInstanceRequestId"]) for each in found))
