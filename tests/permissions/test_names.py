"""Names and tags of what the stacks have, beside those of others: whom the policies let in."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from rehearsal.aws.catalogue import resource_type
from rehearsal.aws.templates import fill
from tests import stack_examples
from tests.conftest import Declare
from tests.permissions.conftest import Policies
from tests.permissions.evaluator import allows
from tests.stack_examples import EXAMPLES
from tools.permissions import files
from tools.permissions.declared import Declared
from tools.permissions.documents import Document
from tools.permissions.needed import table
from tools.setup import ROOT

Properties = dict[str, Any]
ACCOUNT = {"region": "eu-west-3", "account": "123456789012"}
ENDS = {
    "aws:autoscaling/group:Group": "autoscaling:DeleteAutoScalingGroup",
    "aws:budgets/budget:Budget": "budgets:ModifyBudget",
    "aws:cloudfront/function:Function": "cloudfront:DeleteFunction",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": "logs:DeleteDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": "logs:DeleteDeliverySource",
    "aws:cloudwatch/logGroup:LogGroup": "logs:DeleteLogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:DeleteAlarms",
    "aws:eks/cluster:Cluster": "eks:DeleteCluster",
    "aws:eks/nodeGroup:NodeGroup": "eks:DeleteNodegroup",
    "aws:iam/instanceProfile:InstanceProfile": "iam:DeleteInstanceProfile",
    "aws:iam/role:Role": "iam:DeleteRole",
    "aws:kms/alias:Alias": "kms:DeleteAlias",
    "aws:s3/bucket:Bucket": "s3:DeleteBucket",
    "aws:scheduler/schedule:Schedule": "scheduler:DeleteSchedule",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "scheduler:DeleteScheduleGroup",
    "aws:secretsmanager/secret:Secret": "secretsmanager:DeleteSecret",
    "aws:sns/topic:Topic": "sns:DeleteTopic",
}
"""By type that has a name: the action that deletes one."""
CHILDREN = {
    "aws:eks/cluster:Cluster": {"main": {"name": "socle-prod"}},
    "aws:eks/nodeGroup:NodeGroup": {"main-nodes-main": {"clusterName": "socle-prod"}},
    "aws:iam/role:Role": {"main-eksRole-role": Properties()},
}
"""What pulumi-eks registers."""
PROJECT_FILE: Any = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
PATTERN: str = PROJECT_FILE["config"]["pulumi:autonaming"]["value"]["providers"]["aws"]["pattern"]


def named(type_: str, logical: str, inputs: Properties, project: str = "socle") -> str:
    """ARN of a resource, whose name autonaming draws where none is given."""
    known = resource_type(type_)
    words = {"project": project, "stack": "prod", "name": logical, "hex(6)": "4742b5"}
    drawn = re.sub(r"\$\{(.+?)\}", lambda match: words[match[1]], PATTERN)
    key = known.name or "name"
    values = {**ACCOUNT, "path": "/", key: drawn, "nodeGroupName": drawn, **inputs}
    if "groupName" in inputs:
        values["groupName"] = drawn  # the mock engine draws no name for the group of a schedule
    values["id"] = fill(known.id, values, logical)
    arn = str(fill(known.arn, values, logical))
    return arn if project == "socle" else arn.replace("socle", project)


def of_example(declare: Declare, name: str) -> tuple[dict[str, dict[str, Properties]], Sequence[Document]]:
    """Named resources of a stack by type, and the policies that its types ask for."""
    plan = stack_examples.example(declare, name).plan
    types = {type_ for type_ in plan.types if type_.startswith("aws:")}
    resources = {type_: plan.of(type_) for type_ in types & ENDS.keys()}
    if "eks:index:Cluster" in plan.types:
        types |= CHILDREN.keys()
        for type_, children in CHILDREN.items():
            resources[type_] = {**resources.get(type_, {}), **children}
    return resources, files.computed("deploy", [Declared(sorted(types), (), ("arn:aws:iam::aws:policy/Some",))])[1]


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_a_stack_names_it_may_delete_and_another_project_s_it_may_not(example: str, declare: Declare) -> None:
    resources, policies = of_example(declare, example)
    assert resources
    for type_, by_name in resources.items():
        for logical, inputs in by_name.items():
            ours, others = named(type_, logical, inputs), named(type_, logical, inputs, "other")
            assert allows(policies, ENDS[type_], ours), ours
            assert not allows(policies, ENDS[type_], others), others


def test_every_type_with_a_name_has_an_end_here() -> None:
    kinds = {type_ for type_ in table().types if resource_type(type_).name and resource_type(type_).arn}
    # Told by their tags, for AWS draws the id in their ARN or makes their names short.
    by_tag = {
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        "aws:ec2/keyPair:KeyPair",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:lb/targetGroup:TargetGroup",
    }
    assert kinds - by_tag - {"aws:ssm/parameter:Parameter"} <= ENDS.keys()


SUBNET = "arn:aws:ec2:eu-west-3:123456789012:subnet/subnet-1"
VPC = "arn:aws:ec2:eu-west-3:123456789012:vpc/vpc-1"
GROUP = "arn:aws:ec2:eu-west-3:123456789012:security-group/sg-1"
KEY = "arn:aws:kms:eu-west-3:123456789012:key/1"
HAS, ASKS = "aws:ResourceTag/project", "aws:RequestTag/project"


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("ec2:DeleteVpc", VPC, {HAS: "socle"}, True),
        ("ec2:DeleteVpc", VPC, {HAS: "other"}, False),
        ("ec2:DeleteVpc", VPC, {}, False),
        ("ec2:CreateSubnet", SUBNET, {ASKS: "socle"}, True),
        ("ec2:CreateSubnet", SUBNET, {}, False),
        ("ec2:CreateSubnet", VPC, {HAS: "socle"}, True),
        ("ec2:CreateSubnet", VPC, {HAS: "other"}, False),
        # Tags: while it is made, on what is ours, and on a group that AWS made; never on what another project has.
        ("ec2:CreateTags", SUBNET, {ASKS: "socle", "ec2:CreateAction": "CreateSubnet"}, True),
        ("ec2:CreateTags", SUBNET, {HAS: "socle"}, True),
        ("ec2:CreateTags", SUBNET, {ASKS: "socle"}, False),
        ("ec2:CreateTags", GROUP, {ASKS: "socle"}, True),
        ("ec2:CreateTags", GROUP, {ASKS: "socle", HAS: "other"}, False),
        ("kms:TagResource", KEY, {ASKS: "socle"}, True),
        ("kms:TagResource", KEY, {ASKS: "socle", HAS: "socle-bootstrap"}, False),
        ("kms:ScheduleKeyDeletion", KEY, {HAS: "socle-bootstrap"}, False),
        ("kms:Decrypt", KEY, {HAS: "socle"}, False),
        ("ec2:RunInstances", "arn:aws:ec2:eu-west-3:123456789012:instance/i-1", {ASKS: "socle"}, True),
        ("ec2:RunInstances", "arn:aws:ec2:eu-west-3:123456789012:instance/i-1", {}, False),
        ("ec2:RunInstances", SUBNET, {HAS: "other"}, False),
        ("ec2:RunInstances", "arn:aws:ec2:eu-west-3::image/ami-1", {}, True),
    ],
)
def test_tags_decide_about_what_has_no_name(
    action: str, resource: str, context: dict[str, str], allowed: bool, policies: Policies
) -> None:
    assert allows(policies["deploy"], action, resource, context) is allowed


ROLE = "arn:aws:iam::123456789012:role/socle-prod-main-nodes-role-4742b5"
STATES = "arn:aws:s3:::socle-state-123456789012"


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/socle-deploy-prod", {}),
        ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::123456789012:role/socle-administrator", {}),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:AttachRolePolicy", ROLE, {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/eve", {}),
        ("sts:AssumeRole", ROLE, {}),
        ("kms:DeleteAlias", "arn:aws:kms:eu-west-3:123456789012:alias/socle-prod", {}),
        ("s3:PutBucketPolicy", STATES, {}),
        ("s3:GetObject", f"{STATES}/.pulumi/stacks/socle/prod.json", {}),
        ("s3:GetObject", "arn:aws:s3:::socle-prod-velero-backups-bucket-4742b5/backup", {}),
        ("s3:PutObject", "arn:aws:s3:::socle-prod-velero-backups-bucket-4742b5/backup", {}),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", {}),
        ("s3:DeleteObjectVersion", f"{STATES}/.pulumi/stacks/socle/prod.json", {}),
        ("s3:PutObject", f"{STATES}/.pulumi/history/socle/f1-vote/f1-vote-1.history.json", {}),
        (
            "route53:ChangeResourceRecordSets",
            "arn:aws:route53:::hostedzone/Z1",
            {"route53:ChangeResourceRecordSetsRecordTypes": ["A", "MX"]},
        ),
        ("ssm:StartSession", "arn:aws:ssm:eu-west-3::document/SSM-SessionManagerRunShell", {}),
        ("ec2:GetPasswordData", "arn:aws:ec2:eu-west-3:123456789012:instance/i-1", {HAS: "socle"}),
    ],
)
def test_a_deployment_may_not(action: str, resource: str, context: dict[str, Any], policies: Policies) -> None:
    assert not allows(policies["deploy"], action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:AttachRolePolicy", ROLE, {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"}),
        ("s3:PutObject", "arn:aws:s3:::socle-prod-site-files-bucket-4742b5/index.html", {}),
        (
            "route53:ChangeResourceRecordSets",
            "arn:aws:route53:::hostedzone/Z1",
            {"route53:ChangeResourceRecordSetsRecordTypes": ["A", "CNAME"]},
        ),
        ("ssm:StartSession", "arn:aws:ssm:eu-west-3::document/AWS-StartSSHSession", {}),
        (
            "autoscaling:AttachLoadBalancerTargetGroups",
            "arn:aws:autoscaling:eu-west-3:123456789012:autoScalingGroup:u:autoScalingGroupName/eks-socle-prod-x-1",
            {},
        ),
    ],
)
def test_a_deployment_may(action: str, resource: str, context: dict[str, Any], policies: Policies) -> None:
    assert allows(policies["deploy"], action, resource, context)


REFUSED = ("s3:GetObject", "secretsmanager:GetSecretValue", "ec2:CreateVpc", "ssm:StartSession")


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_stack_makes_no_other_records_than_deployments_may(example: str, declare: Declare) -> None:
    found = stack_examples.example(declare, example).plan.of("aws:route53/record:Record").values()
    assert {str(inputs["type"]) for inputs in found} <= {"A", "AAAA", "CNAME"}


@pytest.mark.parametrize("action", REFUSED)
def test_a_preview_may_not(action: str, policies: Policies) -> None:
    of_deploy = [each for policy in policies["deploy"] for each in policy["Statement"]]
    anywhere = {resource for each in of_deploy for resource in each["Resource"]}
    assert not any(allows(policies["preview"], action, resource, {HAS: "socle"}) for resource in anywhere)
