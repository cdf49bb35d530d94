"""What is watched with CloudWatch on the way in and, for a price, inside the cluster; this module creates no resource.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html ,
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-enhanced-EKS.html .
"""

from collections.abc import Mapping, Sequence

import pulumi

from components import alarm_list
from components.alarm_list import Alarm, Balancer, Statistic

_MINUTE, _FIVE_MINUTES = 60, 300


def balancer_alarms(balancer: Balancer) -> list[Alarm]:
    """Whether somebody answers, and how, as far as this kind of load balancer measures it."""
    namespace = "AWS/ApplicationELB" if balancer.kind == "application" else "AWS/NetworkELB"
    answering = [
        Alarm(
            key=f"targets-{role}",
            runbook="service-availability",
            title=f"No node answers {role.upper()}",
            namespace=namespace,
            metric="HealthyHostCount",
            dimensions={"LoadBalancer": balancer.arn_suffix, "TargetGroup": group},
            # Nodes without a pod of the ingress controller are unhealthy on purpose: only none at all is a failure.
            # Each zone counts for itself and may have none either, so that it takes the fullest one.
            statistic="Maximum",
            comparison="LessThanThreshold",
            threshold=1,
            seconds=_MINUTE,
            periods=3,
            missing="breaching",
        )
        for role, group in balancer.target_group_arn_suffixes.items()
    ]
    measured = _application(balancer) if balancer.kind == "application" else _network(balancer)
    return [*answering, *measured]


def _application(balancer: Balancer) -> list[Alarm]:
    per_minute, in_five = alarm_list.REQUESTS_PER_SECOND * _MINUTE, alarm_list.HTTP_500
    busy = "More requests arrive than the API was made for"
    failing, silent = "Services answer with HTTP 5xx", "The load balancer answers with HTTP 5xx for them"
    slowest = alarm_list.RESPONSE_SECONDS
    # Key, runbook, title, metric, statistic, threshold, seconds, periods.
    rows: Sequence[tuple[str, str, str, str, Statistic, float, int, int]] = (
        ("response-time", "response-time", "Services answer slowly", "TargetResponseTime", "p95", slowest, 300, 2),
        ("requests", "requests-per-second", busy, "RequestCount", "Sum", per_minute, _MINUTE, 10),
        ("http-500", "http-500", failing, "HTTPCode_Target_5XX_Count", "Sum", in_five, _FIVE_MINUTES, 1),
        ("http-500-own", "http-500", silent, "HTTPCode_ELB_5XX_Count", "Sum", in_five, _FIVE_MINUTES, 1),
    )
    return [
        Alarm(
            key=key,
            runbook=runbook,
            title=title,
            namespace="AWS/ApplicationELB",
            metric=metric,
            dimensions={"LoadBalancer": balancer.arn_suffix},
            statistic=statistic,
            comparison="GreaterThanThreshold",
            threshold=threshold,
            seconds=seconds,
            periods=periods,
            # Without requests AWS reports nothing.
            missing="notBreaching",
        )
        for key, runbook, title, metric, statistic, threshold, seconds, periods in rows
    ]


def _network(balancer: Balancer) -> list[Alarm]:
    own: Mapping[str, pulumi.Input[str]] = {"LoadBalancer": balancer.arn_suffix}
    return [
        Alarm(
            key="connections",
            runbook="requests-per-second",
            title="More connections arrive than the API was made for",
            namespace="AWS/NetworkELB",
            metric="NewFlowCount",
            dimensions=own,
            statistic="Sum",
            comparison="GreaterThanThreshold",
            threshold=alarm_list.REQUESTS_PER_SECOND * _MINUTE,
            seconds=_MINUTE,
            periods=10,
            missing="notBreaching",
        ),
        Alarm(
            key="resets",
            runbook="http-500",
            title="Nodes reset connections",
            namespace="AWS/NetworkELB",
            metric="TCP_Target_Reset_Count",
            dimensions=own,
            statistic="Sum",
            comparison="GreaterThanThreshold",
            threshold=alarm_list.RESETS,
            seconds=_FIVE_MINUTES,
            periods=1,
            missing="notBreaching",
        ),
    ]


def inside_alarms(cluster_name: pulumi.Input[str]) -> list[Alarm]:
    """What Container Insights measures inside the cluster; without its agents these alarms stay without an answer."""
    memory, pods, places = "node_memory_utilization", "node_number_of_running_pods", "node_status_allocatable_pods"
    # Key, runbook, title, metric, threshold, metric of which it is a percentage.
    rows: Sequence[tuple[str, str, str, str, float, str | None]] = (
        ("node-memory", "node-memory", "A node has no memory left", memory, alarm_list.MEMORY_PERCENT, None),
        (
            "pods-per-node",
            "pods-per-node",
            "A node has no place for more pods",
            pods,
            alarm_list.PLACES_PERCENT,
            places,
        ),
        ("nodes-failed", "node-not-ready", "Nodes are not ready", "cluster_failed_node_count", 1, None),
        ("replicas", "service-availability", "Replicas are missing", "status_replicas_unavailable", 1, None),
    )
    return [
        Alarm(
            key=key,
            runbook=runbook,
            title=title,
            namespace="ContainerInsights",
            metric=metric,
            dimensions={"ClusterName": cluster_name},
            # The worst node, or deployment.
            statistic="Maximum",
            comparison="GreaterThanOrEqualToThreshold",
            threshold=threshold,
            seconds=_MINUTE,
            periods=10,
            missing="missing",
            percent_of=percent_of,
        )
        for key, runbook, title, metric, threshold, percent_of in rows
    ]
