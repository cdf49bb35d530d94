"""When the machines of a stack run."""

import pulumi

from components.eks import EksCluster
from components.k3s import K3sMachines
from components.sleep_schedule import SleepingGroup, SleepSchedule, SleepScheduleArgs
from settings import Cluster
from settings.money import minutes
from stack.foundation import Foundation


def sleep_schedule(base: Foundation, eks: EksCluster | None, machines: K3sMachines | None) -> None:
    """The schedule of the settings, for node groups or for the machines of K3s.

    What leads out of the network and what leads into it stay: the NAT instance would take longer to come back than it
    saves, and through the bastion one sees why a machine does not wake.
    """
    wanted, cluster = base.settings.sleep, base.settings.cluster
    if wanted is None or cluster is None or not (eks or machines):
        return
    SleepSchedule(
        "sleep",
        SleepScheduleArgs(
            awake_days=wanted.awake_days,
            awake_from=minutes(wanted.awake_from),
            awake_until=minutes(wanted.awake_until),
            timezone=wanted.timezone,
            account_id=base.account_id(),
            region=base.settings.region,
            # Agents look for their servers at once.
            machines={f"{part}s": _ids(machines, part) for part in ("server", "agent")} if machines else {},
            node_groups=_groups(eks, cluster) if eks else {},
            autoscaled=base.settings.autoscaling is not None,
        ),
        base.opts,
    )


def _groups(eks: EksCluster, cluster: Cluster) -> dict[str, SleepingGroup]:
    return {
        name: SleepingGroup(
            cluster_name=eks.name,
            name=eks.nodes.node_group_names[name],
            arn=eks.nodes.node_group_arns[name],
            min_size=group.min_size,
            desired_size=group.size,
        )
        for name, group in cluster.node_groups.items()
    }


def _ids(machines: K3sMachines, part: str) -> dict[str, pulumi.Output[str]]:
    return {name: each.instance_id for name, each in machines.machines.items() if each.plan.part == part}
