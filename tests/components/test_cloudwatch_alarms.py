"""What alerts the team without Datadog: the questions that AWS answers, and who may write to the topic."""

import json
import re
from typing import Any

import pytest

from components import versions
from components.addons.container_insights import (
    ContainerInsights,
    ContainerInsightsArgs,
    addon_settings,
    container_insights_policy,
)
from components.alarm_list import UNANSWERED, Balancer
from components.alarm_topic import alarms_of
from components.cloudwatch_alarms import CloudWatchAlarms, CloudWatchAlarmsArgs, plan_alarms
from components.encrypted_topic import key_policy, topic_policy
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Plan, Properties

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ACCOUNT = "123456789012"
ALARMS = alarms_of("eu-west-3")
TOPIC = "arn:aws:sns:eu-west-3:123456789012:alarms"


def balancer(kind: Any) -> Balancer:
    roles = {"https": "targetgroup/https/2"} if kind == "application" else {"http": "tg/1", "https": "tg/2"}
    return Balancer(kind=kind, arn_suffix="app/web/1", target_group_arn_suffixes=roles)


def args(**changes: Any) -> CloudWatchAlarmsArgs:
    required: dict[str, Any] = {
        "account_id": ACCOUNT,
        "region": "eu-west-3",
        "emails": ("team@devu42.fr",),
        "cluster_name": "plain",
        "runbook_url": "https://forge.example/runbooks/",
        "autoscaling_group_names": {"main": "asg-main"},
        "balancer": balancer("network"),
    }
    return CloudWatchAlarmsArgs(**{**required, **changes})


def declared(declare: Declare, **changes: Any) -> Plan:
    return declare(lambda: CloudWatchAlarms("alarms", args(**changes)))


def alarm(declare: Declare, key: str, **changes: Any) -> Properties:
    return declared(declare, **changes).of(ALARM)[f"alarms-{key}"]


def keys(**changes: Any) -> set[str]:
    return {each.key for each in plan_alarms(args(**changes))}


FREE = {"node-cpu-main", "node-status-main", "pods-unschedulable"}


def test_a_network_load_balancer_answers_by_connections():
    assert keys() == FREE | {"targets-http", "targets-https", "connections", "resets"}


def test_an_application_load_balancer_answers_by_requests():
    assert keys(balancer=balancer("application")) == FREE | {
        *("targets-https", "response-time", "requests", "http-500", "http-500-own")
    }


def test_what_is_not_there_is_not_asked_about():
    assert keys(balancer=None, autoscaling_group_names={}) == {"pods-unschedulable"}


def test_the_inside_of_the_cluster_is_asked_about_only_when_somebody_pays_for_it():
    assert keys(container_insights=True) - keys() == {"node-memory", "pods-per-node", "nodes-failed", "replicas"}


def test_a_certificate_of_aws_is_watched_when_there_is_one():
    assert keys(certificate_arn="arn:aws:acm:eu-west-3:1:certificate/1") - keys() == {"certificate-expiry"}


@pytest.mark.parametrize("kind", ["network", "application"])
def test_the_ten_free_alarms_are_enough_for_one_node_group(kind: str):
    # https://aws.amazon.com/cloudwatch/pricing/
    assert len(keys(balancer=balancer(kind), certificate_arn="arn:aws:acm:eu-west-3:1:certificate/1")) <= 10


def test_what_cloudwatch_leaves_open_is_said_with_the_reason():
    assert {"node-memory", "database-connections", "database-queries", "backup-age"} <= set(UNANSWERED)
    assert all(len(reason.split()) > 5 for reason in UNANSWERED.values())


def test_what_is_always_unanswered_has_no_alarm():
    never = {"database-connections", "database-queries", "backup-age", "database-backup-age"}
    asked = {
        each.runbook
        for kind in ("network", "application")
        for each in plan_alarms(args(balancer=balancer(kind), container_insights=True))
    }
    assert asked & never == set()
    assert never <= set(UNANSWERED)


def test_the_hottest_node_of_a_group_alarms(declare: Declare):
    made = alarm(declare, "node-cpu-main")
    assert (made["namespace"], made["metricName"]) == ("AWS/EC2", "CPUUtilization")
    assert made["dimensions"] == {"AutoScalingGroupName": "asg-main"}
    assert (made["statistic"], made["threshold"], made["period"]) == ("Maximum", 90, 300)
    assert made["treatMissingData"] == "notBreaching"


def test_a_balancer_without_a_healthy_node_alarms_even_in_silence(declare: Declare):
    made = alarm(declare, "targets-https")
    assert (made["namespace"], made["metricName"]) == ("AWS/NetworkELB", "HealthyHostCount")
    assert made["dimensions"] == {"LoadBalancer": "app/web/1", "TargetGroup": "tg/2"}
    assert (made["comparisonOperator"], made["threshold"]) == ("LessThanThreshold", 1)
    assert made["treatMissingData"] == "breaching"


def test_slow_answers_are_judged_by_the_slowest_twentieth(declare: Declare):
    made = alarm(declare, "response-time", balancer=balancer("application"))
    assert (made["namespace"], made["metricName"]) == ("AWS/ApplicationELB", "TargetResponseTime")
    assert made["extendedStatistic"] == "p95"
    assert "statistic" not in made


def test_requests_are_counted_by_the_minute(declare: Declare):
    made = alarm(declare, "requests", balancer=balancer("application"))
    assert (made["metricName"], made["statistic"], made["period"]) == ("RequestCount", "Sum", 60)
    assert made["threshold"] == 100 * 60


def test_errors_of_pods_and_of_the_balancer_itself_are_told_apart(declare: Declare):
    made = declared(declare, balancer=balancer("application")).of(ALARM)
    assert made["alarms-http-500"]["metricName"] == "HTTPCode_Target_5XX_Count"
    assert made["alarms-http-500-own"]["metricName"] == "HTTPCode_ELB_5XX_Count"


def test_pods_without_a_place_alarm_by_the_cluster(declare: Declare):
    made = alarm(declare, "pods-unschedulable")
    assert (made["namespace"], made["metricName"]) == ("AWS/EKS", "scheduler_pending_pods_UNSCHEDULABLE")
    assert made["dimensions"] == {"ClusterName": "plain"}


def test_places_of_a_node_are_a_percentage_of_what_it_has(declare: Declare):
    made = alarm(declare, "pods-per-node", container_insights=True)
    assert not {"metricName", "namespace", "period", "statistic"} & set(made)
    part, whole, percent = made["metricQueries"]
    assert part["metric"]["metricName"] == "node_number_of_running_pods"
    assert part["metric"]["stat"] == "Maximum"
    assert whole["metric"]["metricName"] == "node_status_allocatable_pods"
    assert whole["metric"]["stat"] == "Minimum"
    assert (percent["expression"], percent["returnData"]) == ("100 * part / whole", True)


def test_every_alarm_tells_the_topic_and_names_its_page(declare: Declare):
    plan = declared(declare, container_insights=True)
    by_name = {f"alarms-{each.key}": each for each in plan_alarms(args(container_insights=True))}
    assert set(plan.of(ALARM)) == set(by_name)
    for name, made in plan.of(ALARM).items():
        page = f"https://forge.example/runbooks/{by_name[name].runbook}.md"
        assert made["alarmDescription"] == f"{by_name[name].title}. What to do: {page}"
        assert made["alarmActions"] == made["okActions"] == ["arn:aws:mock:::alarms-topic"]


# The topic


def test_the_topic_is_encrypted_with_a_key_that_rotates(declare: Declare):
    plan = declared(declare)
    assert plan.one("aws:sns/topic:Topic")["kmsMasterKeyId"] == "arn:aws:mock:::alarms-key"
    key = plan.one("aws:kms/key:Key")
    assert key["enableKeyRotation"] is True
    assert key["policy"] == key_policy(ACCOUNT, ALARMS)


def test_alarms_wait_until_they_may_write(declare: Declare):
    plan = declared(declare)
    assert plan.one("aws:sns/topicPolicy:TopicPolicy")["arn"] == "arn:aws:mock:::alarms-topic"


def test_only_alarms_of_this_account_write_to_the_topic_and_only_over_tls():
    alarms, plain = json.loads(topic_policy(TOPIC, ACCOUNT, ALARMS))["Statement"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert (alarms["Action"], alarms["Resource"]) == (["sns:Publish"], [TOPIC])
    assert alarms["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-3:{ACCOUNT}:alarm:*"},
    }
    assert (plain["Effect"], plain["Principal"], plain["Action"]) == ("Deny", "*", ["sns:Publish"])
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_key_serves_alarms_of_this_account_and_its_administrators_cannot_read_with_it():
    administration, alarms = json.loads(key_policy(ACCOUNT, ALARMS))["Statement"]
    assert administration["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert not [action for action in administration["Action"] if "*" in action or "Decrypt" in action]
    assert "kms:PutKeyPolicy" in administration["Action"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_every_address_gets_each_message(declare: Declare):
    made = declared(declare, emails=("a@devu42.fr", "b@devu42.fr")).of("aws:sns/topicSubscription:TopicSubscription")
    assert {each["endpoint"] for each in made.values()} == {"a@devu42.fr", "b@devu42.fr"}
    assert {each["protocol"] for each in made.values()} == {"email"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"emails": ()}, "emails must name somebody who reads the alarms, got none"),
        ({"runbook_url": "http://x"}, "runbook_url must start with 'https://', got 'http://x'"),
    ],
)
def test_alarms_that_nobody_reads_are_refused(changes: dict[str, Any], expected: str):
    with pytest.raises(ValueError, match=re.escape(expected)):
        args(**changes)


# Container Insights


def insights(declare: Declare, seen: SeenOptions | None = None) -> Plan:
    def program() -> None:
        cluster = PlainCluster()
        made = ContainerInsightsArgs(cluster=cluster, account_id=ACCOUNT, region="eu-west-3")
        ContainerInsights("insights", made, seen.opts if seen else None)

    return declare(program)


def test_container_insights_sends_metrics_and_neither_logs_nor_traces():
    settings = json.loads(addon_settings())
    off = {"enabled": False}
    assert settings["containerLogs"] == settings["applicationSignals"] == settings["otelContainerInsights"] == off
    assert settings["kubeStateMetrics"] == settings["nodeExporter"] == off
    assert settings["manager"] == {"applicationSignals": {"autoMonitor": {"monitorAllServices": False}}}
    assert set(settings["agent"]["config"]) == {"logs"}
    assert settings["agent"]["config"]["logs"]["metrics_collected"] == {
        "kubernetes": {"enhanced_container_insights": True}
    }


def test_its_log_group_is_ours_and_keeps_a_day(declare: Declare):
    group = insights(declare).one("aws:cloudwatch/logGroup:LogGroup")
    assert group == {"name": "/aws/containerinsights/plain/performance", "retentionInDays": 1}


def test_its_agent_may_write_to_that_group_and_find_its_volumes():
    logs, machines = json.loads(container_insights_policy("arn:group"))["Statement"]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert logs["Resource"] == ["arn:group", "arn:group:log-stream:*"]
    assert machines["Action"] == ["ec2:DescribeTags", "ec2:DescribeVolumes"]
    assert machines["Resource"] == ["*"]


def test_the_add_on_waits_for_nodes_and_permissions(declare: Declare):
    seen = SeenOptions()
    addon = insights(declare, seen).one("aws:eks/addon:Addon")
    assert addon["addonName"] == "amazon-cloudwatch-observability"
    assert addon["addonVersion"] == versions.EKS_CLOUDWATCH.version
    assert addon["clusterName"] == "plain"
    assert addon["configurationValues"] == addon_settings()
    assert seen.before("insights-addon") == {"plain-k8s", "insights-grant"}
