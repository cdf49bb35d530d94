"""Alarms and who hears of them, and values kept for programs, on the simulated AWS."""

import json
from typing import Any

import pytest

from rehearsal.wire import Properties, to_struct
from rehearsal.world import World
from tests.rehearsal.simulation import CALLER, Refused, Requests, Stack

TOPIC = "aws:sns/topic:Topic"
POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
SLACK = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"
ADDON = "aws:eks/addon:Addon"
TAG = "aws:autoscaling/tag:Tag"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PARAMETER = "aws:ssm/parameter:Parameter"

METRIC = {"metricName": "node_cpu_utilization", "namespace": "ContainerInsights", "dimensions": {"ClusterName": "main"}}
QUERIES = [
    {"id": "used", "metric": {**METRIC, "period": 60, "stat": "Average"}, "returnData": False},
    {"id": "share", "expression": "used / 100", "label": "share", "returnData": True},
]


def _alarm(**changes: Any) -> Properties:
    base = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 2, "threshold": 90}
    return {**base, **METRIC, "period": 60, "statistic": "Average", "treatMissingData": "breaching", **changes}


def _statement(**changes: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*", **changes}]})


def test_alarms_reach_people_through_a_topic(aws: Stack) -> None:
    topic = aws.create(TOPIC, "alerts", "socle-test-alerts")
    assert topic["arn"] == "arn:aws:sns:eu-west-3:123456789012:socle-test-alerts"
    aws.create(POLICY, "alerts", "", arn=topic["arn"], policy=_statement(Resource=topic["arn"]))
    aws.create(SUBSCRIPTION, "mail", "", topic=topic["arn"], protocol="email", endpoint="team@devu42.fr")
    alarm = aws.create(ALARM, "cpu", "socle-test-cpu", **_alarm(alarmActions=[topic["arn"]], okActions=[topic["arn"]]))
    assert alarm["arn"] == "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:socle-test-cpu"
    aws.create(COMPOSITE, "any", "", alarmName="any", alarmRule="ALARM(socle-test-cpu)", alarmActions=[topic["arn"]])
    with pytest.raises(Refused, match="DependencyViolation"):
        aws.delete(TOPIC, "alerts")


def test_every_value_of_an_alarm_is_checked_against_the_schema(aws: Stack, world: World) -> None:
    aws.check(ALARM, "cpu", _alarm(), "cpu")
    queried = {
        "comparisonOperator": "LessThanThreshold",
        "evaluationPeriods": 1,
        "threshold": 1,
        "metricQueries": QUERIES,
    }
    assert aws.check(ALARM, "share", queried, "share")[1] == set()
    assert [found["unmatched"] for found in world.findings().values()] == [[], []]


@pytest.mark.parametrize(
    ("type_", "inputs", "place"),
    [
        (ALARM, _alarm(statistic="Mean"), "statistic: expected one of "),
        (ALARM, _alarm(dimension={"ClusterName": "main"}), "dimension: unknown property dimension, did you mean"),
        (
            POLICY,
            {"arn": "x", "policy": _statement(Action="sns:Publsh")},
            "policy: Action: no AWS service has an action",
        ),
        (
            ADDON,
            {"clusterName": "main", "addonName": "metric-server"},
            "addonName: AWS has no metric-server, did you mean",
        ),
        (PARAMETER, {"name": "/a", "type": "Secret", "value": "x"}, "type: expected one of "),
    ],
)
def test_what_aws_would_refuse_is_refused_by_its_place(aws: Stack, type_: str, inputs: Properties, place: str) -> None:
    (problem,) = aws.problems(type_, inputs)
    assert problem.startswith(place)


def test_an_alarm_to_a_topic_that_does_not_exist_is_refused(aws: Stack) -> None:
    arn = "arn:aws:sns:eu-west-3:123456789012:nobody"
    with pytest.raises(Refused, match=f"alarmActions\\[0\\]: {arn} does not exist"):
        aws.create(ALARM, "cpu", "", **_alarm(alarmActions=[arn]))


def test_a_slack_channel_needs_a_role_that_exists(aws: Stack) -> None:
    role = "arn:aws:iam::123456789012:role/chatbot"
    channel = {
        "configurationName": "a",
        "slackChannelId": "C07EZ1ABC23",
        "slackTeamId": "T07EA123LEP",
        "iamRoleArn": role,
    }
    assert aws.problems(SLACK, channel) == set()
    with pytest.raises(Refused, match=r"iamRoleArn: .* does not exist"):
        aws.create(SLACK, "alerts", "", **channel)


def test_the_add_ons_that_a_platform_takes_are_known(aws: Stack) -> None:
    for name in ("metrics-server", "snapshot-controller", "amazon-cloudwatch-observability"):
        assert aws.problems(ADDON, {"clusterName": "main", "addonName": name}) == set()


def test_a_tag_of_a_node_group_s_machines_names_a_group_that_exists(aws: Stack) -> None:
    tag = {"key": "k8s.io/cluster-autoscaler/enabled", "value": "true", "propagateAtLaunch": False}
    with pytest.raises(Refused, match="autoscalingGroupName: eks-main-1 does not exist: no such AutoScalingGroup"):
        aws.create(TAG, "main", "", autoscalingGroupName="eks-main-1", tag=tag)


def _is_marked(aws: Stack, type_: str, output: str, **inputs: Any) -> bool:
    checked, problems = aws.check(type_, "it", inputs)
    assert problems == set()
    request = Requests.CreateRequest(urn=f"urn:pulumi:test::socle::{type_}::it", properties=to_struct(checked))
    fields = aws.provider.Create(request, CALLER).properties.fields
    return "1b47061264138c4ac30d75fd1eb44270" in str(fields[output])


def test_kept_values_are_marked_secret_on_their_way_out(aws: Stack) -> None:
    secret = aws.create(SECRET, "token", "socle-test-token")
    assert secret["arn"].startswith("arn:aws:secretsmanager:eu-west-3:123456789012:secret:socle-test-token-")
    assert _is_marked(aws, VERSION, "secretString", secretId=secret["id"], secretString="s3cret")
    assert _is_marked(aws, PARAMETER, "value", name="/socle/token", type="SecureString", value="s3cret")
