"""When the machines of a stack run: EventBridge Scheduler starts and stops them, and calls AWS by itself."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components import iam

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_SERVICE = "scheduler.amazonaws.com"
# Parameters are spelt as the SDKs spell them, also where the service itself has small letters:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
_CALL = "arn:aws:scheduler:::aws-sdk:{}"
_RESIZE, _START, _STOP = "eks:updateNodegroupConfig", "ec2:startInstances", "ec2:stopInstances"
# A server is up in a minute; agents that start with it would only wait.
_APART = 5
# An autoscaler that still lived when its node was taken may have asked for another one.
_AGAIN = 30
# A call that comes hours late would stop machines that people work on.
_PATIENCE_SECONDS, _ATTEMPTS = 1200, 10
_LATEST = 23 * 60
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
_LONGEST = 512


@dataclass(frozen=True, kw_only=True)
class SleepingGroup:
    """A managed node group of EKS, and how big it is when awake."""

    cluster_name: pulumi.Input[str]
    name: pulumi.Input[str]
    arn: pulumi.Input[str]
    min_size: int
    """Fewest nodes while awake."""
    desired_size: int
    """Nodes that it wakes up with."""


@dataclass(frozen=True, kw_only=True)
class SleepScheduleArgs:
    """Inputs of `SleepSchedule`."""

    awake_days: tuple[Day, ...]
    """Days with machines; the others are slept through."""
    awake_from: int
    """Minutes since midnight at which machines start."""
    awake_until: int
    """Minutes since midnight at which they stop, 23:00 at the latest."""
    timezone: str
    """Where it is that time, such as `Europe/Paris`."""
    account_id: pulumi.Input[str]
    """Account of the machines."""
    region: str
    """Their region."""
    machines: Mapping[str, Mapping[str, pulumi.Input[str]]] = field(
        default_factory=dict[str, Mapping[str, pulumi.Input[str]]]
    )
    """Ids of machines by name, by part: parts start in this order, five minutes apart, and stop in the other."""
    node_groups: Mapping[str, SleepingGroup] = field(default_factory=dict[str, SleepingGroup])
    """Node groups by name."""
    autoscaled: bool = False
    """Whether an autoscaler resizes the node groups: they are sent to sleep twice then."""

    def __post_init__(self) -> None:
        """Refuse a schedule that would never come, or would come in the wrong order."""
        if not self.awake_days:
            raise ValueError("awake_days must name at least one day, got none")
        if not 0 <= self.awake_from < self.awake_until <= _LATEST:
            raise ValueError(
                f"awake_from and awake_until must satisfy 0 <= awake_from < awake_until <= {_LATEST}, got "
                f"{self.awake_from} and {self.awake_until}"
            )
        if not any(self.machines.values()) and not self.node_groups:
            raise ValueError("machines or node_groups must name something that sleeps, got none")


@dataclass(frozen=True)
class Step:
    """One call that the scheduler makes."""

    name: str
    at: int
    """Minutes since midnight."""
    call: str
    of: str
    """Part of the machines, or node group."""


def plan_steps(args: SleepScheduleArgs) -> list[Step]:
    """Every call of a day: parts of machines one after the other, node groups at once."""
    parts = [part for part, machines in args.machines.items() if machines]
    steps = [Step(f"{part}-up", args.awake_from + _APART * i, _START, part) for i, part in enumerate(parts)]
    steps += [Step(f"{part}-down", args.awake_until + _APART * i, _STOP, part) for i, part in enumerate(parts[::-1])]
    for group in args.node_groups:
        steps.append(Step(f"{group}-up", args.awake_from, _RESIZE, group))
        steps.append(Step(f"{group}-down", args.awake_until, _RESIZE, group))
        if args.autoscaled:
            steps.append(Step(f"{group}-down-again", args.awake_until + _AGAIN, _RESIZE, group))
    return steps


def cron(at: int, days: Iterable[Day]) -> str:
    """Expression of the scheduler for a time of day, https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""
    return f"cron({at % 60} {at // 60} ? * {','.join(day.upper() for day in days)} *)"


def sizes(group: SleepingGroup, step: Step) -> dict[str, int]:
    """Nodes of a group after a step; its largest size stays what it is."""
    if step.name.endswith("-up"):
        return {"MinSize": group.min_size, "DesiredSize": group.desired_size}
    return {"MinSize": 0, "DesiredSize": 0}


def described(args: SleepScheduleArgs, step: Step) -> str:
    """What the console shows, and the estimate reads where ids are not known yet: `stops: main-1, main-2`."""
    names = ", ".join(args.machines[step.of]) if step.call != _RESIZE else step.of
    text = f"{'starts' if step.name.endswith('-up') else 'stops'}: {names}"
    return text if len(text) <= _LONGEST else f"{text.partition(':')[0]}: {len(args.machines[step.of])} machines"


class SleepSchedule(pulumi.ComponentResource):
    """Calls by which machines start and stop each day, and a role that may do that to these machines and no more.

    It costs nothing: the first 14 million calls a month are free. Disks, load balancers, addresses and control planes
    go on costing while machines sleep.
    """

    role_arn: pulumi.Output[str]
    """Role with which the scheduler calls."""
    group_name: pulumi.Output[str]
    """Group of the schedules."""

    def __init__(self, name: str, args: SleepScheduleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:SleepSchedule", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        group = aws.scheduler.ScheduleGroup(f"{name}-group", opts=child)
        trust = pulumi.Output.all(group=group.arn, account=args.account_id).apply(
            lambda known: trusted(known["group"], known["account"])
        )
        role = aws.iam.Role(f"{name}-role", assume_role_policy=trust, opts=child)
        policy = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=_permissions(args), opts=child)
        # A call that comes before the policy would be denied.
        allowed = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy]))
        for step in plan_steps(args):
            aws.scheduler.Schedule(
                f"{name}-{step.name}",
                group_name=group.name,
                description=described(args, step),
                schedule_expression=cron(step.at, args.awake_days),
                schedule_expression_timezone=args.timezone,
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": _CALL.format(step.call),
                    "role_arn": role.arn,
                    "input": _input(args, step),
                    "retry_policy": {
                        "maximum_event_age_in_seconds": _PATIENCE_SECONDS,
                        "maximum_retry_attempts": _ATTEMPTS,
                    },
                },
                opts=allowed,
            )
        self.role_arn = role.arn
        self.group_name = group.name
        self.register_outputs({"role_arn": self.role_arn, "group_name": self.group_name})


def trusted(group_arn: str, account_id: str) -> str:
    """JSON trust policy: the scheduler, for the schedules of one group of one account.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    return iam.trust(
        _SERVICE, conditions={"StringEquals": {"aws:SourceAccount": account_id, "aws:SourceArn": group_arn}}
    )


def permissions(*, instance_arns: list[str], node_group_arns: list[str]) -> str:
    """JSON policy: start and stop these machines, resize these node groups."""
    statements: list[iam.Statement] = []
    if instance_arns:
        statements.append(iam.statement(["ec2:StartInstances", "ec2:StopInstances"], instance_arns, sid="Machines"))
    if node_group_arns:
        statements.append(iam.statement(["eks:UpdateNodegroupConfig"], node_group_arns, sid="NodeGroups"))
    return iam.document(*statements)


def _permissions(args: SleepScheduleArgs) -> pulumi.Output[str]:
    ids = [each for machines in args.machines.values() for each in machines.values()]
    arns = [group.arn for group in args.node_groups.values()]
    known: pulumi.Output[dict[str, Any]] = pulumi.Output.all(account=args.account_id, ids=ids, arns=arns)
    return known.apply(
        lambda each: permissions(
            instance_arns=[f"arn:aws:ec2:{args.region}:{each['account']}:instance/{id_}" for id_ in each["ids"]],
            node_group_arns=each["arns"],
        )
    )


def _input(args: SleepScheduleArgs, step: Step) -> pulumi.Output[str]:
    """Parameters of the call, in JSON."""
    if step.call != _RESIZE:
        ids = pulumi.Output.all(*args.machines[step.of].values())
        return ids.apply(lambda known: json.dumps({"InstanceIds": known}))
    group = args.node_groups[step.of]
    names = pulumi.Output.all(cluster=group.cluster_name, group=group.name)
    return names.apply(
        lambda known: json.dumps(
            {
                "ClusterName": known["cluster"],
                "NodegroupName": known["group"],
                "ScalingConfig": sizes(group, step),
            }
        )
    )
