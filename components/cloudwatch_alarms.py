"""Alarms on what AWS measures by itself, for a team without Datadog."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.alarm_list import Alarm, Balancer, certificate_alarms, cluster_alarms, node_alarms
from components.alarm_list_requests import balancer_alarms, inside_alarms
from components.alarm_topic import AlarmTopic, AlarmTopicArgs

_EXTENDED = ("p95",)


@dataclass(frozen=True, kw_only=True)
class CloudWatchAlarmsArgs(AlarmTopicArgs):
    """Inputs of `CloudWatchAlarms`, besides who is told."""

    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster."""
    runbook_url: str
    """Where people read `docs/runbooks`; an alarm names its page there."""
    autoscaling_group_names: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Auto scaling groups of the nodes, by node group."""
    balancer: Balancer | None = None
    """The load balancer; omitted, requests are not watched."""
    certificate_arn: pulumi.Input[str] | None = None
    """Certificate of AWS that the load balancer uses; cert-manager's are not known to AWS."""
    container_insights: bool = False
    """True also watches what Container Insights measures inside the cluster; see `ContainerInsights` for its price."""

    def __post_init__(self) -> None:
        """Refuse what would send people nowhere."""
        super().__post_init__()
        if not self.runbook_url.startswith("https://"):
            raise ValueError(f"runbook_url must start with 'https://', got {self.runbook_url!r}")


class CloudWatchAlarms(pulumi.ComponentResource):
    """What alerts the team by e-mail when it does not use Datadog; `UNANSWERED` says what it cannot see.

    Ten alarms of an account are free, each further one costs 0.10 USD a month; the topic's key 1 USD. Opens nothing.
    """

    topic_arn: pulumi.Output[str]
    """Topic that each alarm writes to."""
    alarm_names: Mapping[str, pulumi.Output[str]]
    """Names in CloudWatch, by key of the alarm."""

    def __init__(self, name: str, args: CloudWatchAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:CloudWatchAlarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        to = AlarmTopicArgs(account_id=args.account_id, region=args.region, emails=args.emails)
        topic = AlarmTopic(name, to, child)
        made = {each.key: _alarm(name, each, args.runbook_url, topic.arn, child) for each in plan_alarms(args)}
        self.topic_arn = topic.arn
        self.alarm_names = {key: alarm.name for key, alarm in made.items()}
        self.register_outputs({"topic_arn": self.topic_arn, "alarm_names": self.alarm_names})


def plan_alarms(args: CloudWatchAlarmsArgs) -> list[Alarm]:
    """All alarms, as far as there is something to measure."""
    return [
        *(balancer_alarms(args.balancer) if args.balancer else []),
        *node_alarms(args.autoscaling_group_names),
        *cluster_alarms(args.cluster_name),
        *(inside_alarms(args.cluster_name) if args.container_insights else []),
        *(certificate_alarms(args.certificate_arn) if args.certificate_arn is not None else []),
    ]


def _alarm(
    name: str, alarm: Alarm, runbook_url: str, topic_arn: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    direct = alarm.percent_of is None
    extended = alarm.statistic in _EXTENDED
    return aws.cloudwatch.MetricAlarm(
        f"{name}-{alarm.key}",
        alarm_description=f"{alarm.title}. What to do: {runbook_url.rstrip('/')}/{alarm.runbook}.md",
        namespace=alarm.namespace if direct else None,
        metric_name=alarm.metric if direct else None,
        dimensions=alarm.dimensions if direct else None,
        statistic=alarm.statistic if direct and not extended else None,
        extended_statistic=alarm.statistic if direct and extended else None,
        period=alarm.seconds if direct else None,
        metric_queries=None if direct else _percentage(alarm),
        comparison_operator=alarm.comparison,
        threshold=alarm.threshold,
        evaluation_periods=alarm.periods,
        datapoints_to_alarm=alarm.periods,
        treat_missing_data=alarm.missing,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=opts,
    )


def _percentage(alarm: Alarm) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]:
    def metric(key: str, name: str | None, statistic: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
        return {
            "id": key,
            "metric": {
                "namespace": alarm.namespace,
                "metric_name": name or "",
                "dimensions": alarm.dimensions,
                "stat": statistic,
                "period": alarm.seconds,
            },
        }

    whole: aws.cloudwatch.MetricAlarmMetricQueryArgsDict = {
        "id": "percent",
        "expression": "100 * part / whole",
        "label": alarm.title,
        "return_data": True,
    }
    return [metric("part", alarm.metric, alarm.statistic), metric("whole", alarm.percent_of, "Minimum"), whole]
