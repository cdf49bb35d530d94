"""The role of a service account: whom it trusts, and what it may do."""

import json
from typing import Any

import pytest

from components.pod_identity import PodIdentity, PodIdentityArgs, pod_trust
from tests.conftest import Declare

ARN = "arn:aws:eks:eu-west-3:123456789012:cluster/demo"


def args(**changes: Any) -> PodIdentityArgs:
    required: dict[str, Any] = {
        "cluster_name": "demo",
        "cluster_arn": ARN,
        "namespace": "dns",
        "service_account": "external-dns",
    }
    return PodIdentityArgs(**{**required, **changes})


def test_a_role_trusts_one_service_account_of_one_cluster_and_nobody_else():
    assert json.loads(pod_trust(ARN, "dns", "external-dns"))["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-arn": ARN,
                    "aws:RequestTag/kubernetes-namespace": "dns",
                    "aws:RequestTag/kubernetes-service-account": "external-dns",
                }
            },
        }
    ]


def test_the_role_has_that_trust(declare: Declare):
    plan = declare(lambda: PodIdentity("dns", args(policy="{}")))
    assert plan.one("aws:iam/role:Role")["assumeRolePolicy"] == pod_trust(ARN, "dns", "external-dns")


def test_a_policy_document_stays_with_its_role(declare: Declare):
    plan = declare(lambda: PodIdentity("dns", args(policy='{"Statement": []}')))
    assert plan.one("aws:iam/rolePolicy:RolePolicy") == {"role": "dns-role", "policy": '{"Statement": []}'}


def test_each_managed_policy_is_attached_under_its_own_name(declare: Declare):
    arns = ["arn:aws:iam::aws:policy/One", "arn:aws:iam::aws:policy/service-role/Two"]
    plan = declare(lambda: PodIdentity("dns", args(managed_policy_arns=arns)))
    assert plan.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == {
        "dns-policy-One": {"role": "dns-role", "policyArn": arns[0]},
        "dns-policy-Two": {"role": "dns-role", "policyArn": arns[1]},
    }
    assert "aws:iam/rolePolicy:RolePolicy" not in plan.types


def test_the_service_account_gets_the_role(declare: Declare):
    plan = declare(lambda: PodIdentity("dns", args(policy="{}")))
    assert plan.one("aws:eks/podIdentityAssociation:PodIdentityAssociation") == {
        "clusterName": "demo",
        "namespace": "dns",
        "serviceAccount": "external-dns",
        "roleArn": "arn:aws:mock:::dns-role",
    }


def test_a_role_that_may_do_nothing_is_refused():
    with pytest.raises(ValueError, match="policy or managed_policy_arns must say what the pods may do, got neither"):
        args()
