"""What is watched with CloudWatch alone, as plain records; this module creates no resource.

An alarm has one level: the critical one. The first ten of an account are free, each further metric costs 0.10 USD a
month: https://aws.amazon.com/cloudwatch/pricing/ .
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

Statistic = Literal["Average", "Maximum", "Minimum", "Sum", "p95"]
Comparison = Literal["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"]
Missing = Literal["breaching", "notBreaching", "missing"]

UNANSWERED: Mapping[str, str] = {
    "node-memory": "the hypervisor does not see the memory of a machine; container_insights asks inside",
    "response-time": "a network load balancer passes bytes on; kind application measures requests",
    "requests-per-second": "a network load balancer counts connections, which are watched instead",
    "http-500": "a network load balancer cannot read answers; it counts the connections that pods reset instead",
    "database-connections": "PostgreSQL runs in a pod, whose metrics nobody brings to CloudWatch",
    "database-queries": "PostgreSQL runs in a pod, whose metrics nobody brings to CloudWatch",
    "backup-age": "Velero's metrics stay in the cluster, and S3 does not tell the age of its newest object",
    "database-backup-age": "its metrics stay in the cluster, and S3 does not tell the age of its newest object",
    "certificate-expiry": "AWS knows its own certificates, not those that cert-manager keeps in the cluster",
}
"""Questions, by runbook, that CloudWatch leaves open in some or all stacks, with the reason."""

CPU_PERCENT = 90.0
MEMORY_PERCENT = 90.0
PLACES_PERCENT = 90.0
RESPONSE_SECONDS = 2.0
"""Of the slowest twentieth of the requests: twice what the average may take, see `components/monitor_list.py`."""
REQUESTS_PER_SECOND = 100
HTTP_500 = 10
"""In five minutes, as with Datadog."""
RESETS = 100
"""In five minutes. Pods that leave reset a few connections; a hundred are a pod that dies again and again."""
CERTIFICATE_DAYS = 14
"""AWS renews weeks before that: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html ."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One question that CloudWatch asks every period."""

    key: str
    """Name of the alarm within the stack."""
    runbook: str
    """Page in `docs/runbooks`."""
    title: str
    """What is wrong when it alarms."""
    namespace: str
    """Where AWS keeps the metric."""
    metric: str
    """Name of the metric."""
    dimensions: Mapping[str, pulumi.Input[str]]
    """Whose metric it is."""
    statistic: Statistic
    """How the values of a period become one."""
    comparison: Comparison
    """How it is compared with the threshold."""
    threshold: float
    """Value that alarms."""
    seconds: int
    """Length of a period."""
    periods: int
    """Periods in a row that alarm."""
    missing: Missing
    """What silence means: a failure (`breaching`), nothing to count (`notBreaching`), or no answer (`missing`)."""
    percent_of: str | None = None
    """Metric, by its minimum, of which the value is a percentage; None for the value itself."""


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """The load balancer, as its metrics call it."""

    kind: Literal["network", "application"]
    """Kind of load balancer; only `application` measures requests."""
    arn_suffix: pulumi.Input[str]
    """The end of its ARN."""
    target_group_arn_suffixes: Mapping[str, pulumi.Input[str]]
    """The same of its target groups, by role."""


def node_alarms(groups: Mapping[str, pulumi.Input[str]]) -> list[Alarm]:
    """CPU and state of the machines of auto scaling groups, by node group: what EC2 measures for free."""
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
    found: list[Alarm] = []
    for group, name in groups.items():
        own: Mapping[str, pulumi.Input[str]] = {"AutoScalingGroupName": name}
        found += [
            Alarm(
                key=f"node-cpu-{group}",
                runbook="node-cpu",
                title=f"A node of {group} has no CPU left",
                namespace="AWS/EC2",
                metric="CPUUtilization",
                dimensions=own,
                # The hottest node: an average hides it behind the idle ones.
                statistic="Maximum",
                comparison="GreaterThanThreshold",
                threshold=CPU_PERCENT,
                # Without detailed monitoring, which is billed, EC2 measures every five minutes.
                seconds=300,
                periods=3,
                # A group may be scaled to zero.
                missing="notBreaching",
            ),
            Alarm(
                key=f"node-status-{group}",
                runbook="node-not-ready",
                title=f"A node of {group} fails the checks of AWS",
                namespace="AWS/EC2",
                metric="StatusCheckFailed",
                dimensions=own,
                statistic="Maximum",
                comparison="GreaterThanOrEqualToThreshold",
                threshold=1,
                seconds=60,
                periods=5,
                missing="notBreaching",
            ),
        ]
    return found


def cluster_alarms(cluster_name: pulumi.Input[str]) -> list[Alarm]:
    """What the control plane of EKS measures for free."""
    # https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html
    return [
        Alarm(
            key="pods-unschedulable",
            runbook="pods-per-node",
            title="Pods find no place on any node",
            namespace="AWS/EKS",
            metric="scheduler_pending_pods_UNSCHEDULABLE",
            dimensions={"ClusterName": cluster_name},
            statistic="Sum",
            comparison="GreaterThanThreshold",
            threshold=0,
            # Time enough for the autoscaler to bring a node.
            seconds=60,
            periods=10,
            missing="missing",
        )
    ]


def certificate_alarms(certificate_arn: pulumi.Input[str]) -> list[Alarm]:
    """Days that a certificate of AWS has left."""
    # https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
    return [
        Alarm(
            key="certificate-expiry",
            runbook="certificate-expiry",
            title="AWS does not renew a certificate",
            namespace="AWS/CertificateManager",
            metric="DaysToExpiry",
            dimensions={"CertificateArn": certificate_arn},
            statistic="Minimum",
            comparison="LessThanThreshold",
            threshold=CERTIFICATE_DAYS,
            # Measured twice a day.
            seconds=86400,
            periods=1,
            missing="missing",
        )
    ]
