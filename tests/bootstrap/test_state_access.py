"""What each role may do to the states, decided as IAM does."""

from collections.abc import Sequence
from typing import Any

import pytest

from bootstrap import guard, state_access
from bootstrap.state_access import Places
from tests.bootstrap.iam_rules import allowed

BUCKET = "arn:aws:s3:::states"
KEYS = {"staging": "arn:aws:kms:eu-west-3:1:key/s", "prod": "arn:aws:kms:eu-west-3:1:key/p"}
PLACES = Places(
    bucket_arn=BUCKET,
    staging_key=KEYS["staging"],
    prod_key=KEYS["prod"],
    region="eu-west-3",
    production=("prod", "prod-us"),
)
ROLES: dict[str, Sequence[Any]] = {
    "preview": state_access.others(PLACES, write=False),
    "deploy-staging": state_access.others(PLACES, write=True),
    "preview-prod": state_access.production(PLACES, write=False),
    "deploy-prod": state_access.production(PLACES, write=True),
    "administrator": state_access.everything(PLACES),
}
ALL = set(ROLES)
OF_STAGING = {"preview", "deploy-staging"}


def _may(action: str, resource: str, context: dict[str, str] | None = None) -> set[str]:
    return {name for name, statements in ROLES.items() if allowed(statements, action, resource, context)}


@pytest.mark.parametrize(
    "key",
    [
        ".pulumi/stacks/socle/{}.json",
        ".pulumi/stacks/socle/{}.json.bak",
        ".pulumi/stacks/socle/{}.pulumi-tags",
        ".pulumi/history/socle/{}/{}-1.history.json",
        ".pulumi/locks/organization/socle/{}/1.json",
        "socle/leases/{}.json",
        "socle/stacks/{}.json",
        "socle/backups/{}/1.json",
    ],
)
def test_production_is_for_those_of_production_and_the_others_for_all_to_read(key: str) -> None:
    for stack in ("prod", "prod-us"):
        assert _may("s3:GetObject", f"{BUCKET}/{key.format(stack, stack)}") == ALL - OF_STAGING
        assert _may("s3:PutObject", f"{BUCKET}/{key.format(stack, stack)}") == {"deploy-prod", "administrator"}
        assert _may("s3:DeleteObject", f"{BUCKET}/{key.format(stack, stack)}") == {"deploy-prod", "administrator"}
    # A name that begins like production's is none of it.
    for stack in ("staging", "prod2", "dev-prod"):
        assert _may("s3:GetObject", f"{BUCKET}/{key.format(stack, stack)}") == ALL
        assert _may("s3:PutObject", f"{BUCKET}/{key.format(stack, stack)}") == {"deploy-staging", "administrator"}


def test_the_state_of_the_bootstrap_is_for_administrators() -> None:
    assert _may("s3:GetObject", f"{BUCKET}/.pulumi/stacks/socle-bootstrap/team.json") == {"administrator"}
    assert _may("s3:GetObject", f"{BUCKET}/.pulumi/meta.yaml") == ALL
    assert _may("s3:ListBucket", BUCKET) == ALL


def test_the_key_of_production_opens_for_those_of_production_alone() -> None:
    assert _may("kms:Decrypt", KEYS["prod"]) == ALL - OF_STAGING
    assert _may("kms:Encrypt", KEYS["prod"]) == {"deploy-prod", "administrator"}


def test_those_of_production_use_the_other_key_only_as_the_bucket_does() -> None:
    through_s3 = {"kms:ViaService": "s3.eu-west-3.amazonaws.com"}
    assert _may("kms:Decrypt", KEYS["staging"]) == OF_STAGING | {"administrator"}
    assert _may("kms:Decrypt", KEYS["staging"], through_s3) == ALL
    assert _may("kms:GenerateDataKey", KEYS["staging"], through_s3) == ALL - {"preview", "preview-prod"}


def test_nobody_deletes_a_version_or_a_key_by_the_access_to_states() -> None:
    assert _may("s3:DeleteObjectVersion", f"{BUCKET}/.pulumi/stacks/socle/staging.json") == set()
    assert _may("kms:ScheduleKeyDeletion", KEYS["staging"]) == set()


def test_a_team_without_production_denies_nothing() -> None:
    places = Places(
        bucket_arn=BUCKET, staging_key=KEYS["staging"], prod_key=KEYS["prod"], region="eu-west-3", production=()
    )
    statements: list[Any] = state_access.others(places, write=True)
    assert allowed(statements, "s3:PutObject", f"{BUCKET}/.pulumi/stacks/socle/prod.json")
    changing: list[Any] = state_access.production(places, write=True)
    assert not allowed(changing, "s3:PutObject", f"{BUCKET}/.pulumi/stacks/socle/prod.json")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:PutRolePolicy", "arn:aws:iam::1:role/socle-deploy-prod"),
        ("iam:DetachRolePolicy", "arn:aws:iam::1:role/socle-preview"),
        ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::1:role/socle-preview-prod"),
        ("iam:DeleteRolePermissionsBoundary", "arn:aws:iam::1:role/socle-deploy-staging"),
        ("iam:PassRole", "arn:aws:iam::1:role/socle-administrator"),
        ("sts:AssumeRole", "arn:aws:iam::1:role/socle-deploy-prod"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::1:policy/socle-bootstrap/socle-boundary"),
        ("iam:DeletePolicy", "arn:aws:iam::1:policy/socle-bootstrap/socle-deploy-1"),
        ("iam:DeleteOpenIDConnectProvider", "arn:aws:iam::1:oidc-provider/gitlab.com"),
        ("iam:AddClientIDToOpenIDConnectProvider", "arn:aws:iam::1:oidc-provider/gitlab.com"),
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:PutBucketVersioning", BUCKET),
        ("s3:DeleteBucket", BUCKET),
        ("s3:PutLifecycleConfiguration", BUCKET),
        ("s3:DeleteObjectVersion", f"{BUCKET}/.pulumi/stacks/socle/staging.json"),
        ("kms:ScheduleKeyDeletion", KEYS["prod"]),
        ("kms:PutKeyPolicy", KEYS["staging"]),
        ("kms:UpdateAlias", "arn:aws:kms:eu-west-3:1:alias/socle-prod"),
    ],
)
def test_a_role_that_may_do_everything_else_may_not_touch_what_keeps_it_in_its_place(
    action: str, resource: str
) -> None:
    anything = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    denials = guard.denials(
        account_id="1",
        region="eu-west-3",
        bucket_arn=BUCKET,
        key_arns=[*KEYS.values()],
        provider_arns=["arn:aws:iam::1:oidc-provider/gitlab.com"],
    )
    assert allowed([anything], action, resource)
    assert not allowed([anything, *denials], action, resource)


def test_the_roles_of_stacks_are_not_guarded() -> None:
    anything = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    denials = guard.denials(account_id="1", region="eu-west-3", bucket_arn=BUCKET, key_arns=[], provider_arns=[])
    assert {each["Sid"] for each in denials} == {"KeepRoles", "KeepPolicies", "KeepBucket", "KeepVersions", "KeepKeys"}
    for action, resource in (
        ("iam:PutRolePolicy", "arn:aws:iam::1:role/socle-staging-main-1a2b3c"),
        ("iam:PassRole", "arn:aws:iam::1:role/socle-preview-main-1a2b3c"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::states-of-others"),
        ("s3:PutObject", f"{BUCKET}/.pulumi/stacks/socle/staging.json"),
    ):
        assert allowed([anything, *denials], action, resource)


@pytest.mark.parametrize(
    ("action", "resource", "tags"),
    [
        ("ec2:TerminateInstances", "arn:aws:ec2:eu-west-3:1:instance/i-1", {"project": "socle", "stack": "prod"}),
        ("iam:PutRolePolicy", "arn:aws:iam::1:role/socle-prod-main-1a2b3c", {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::socle-prod-velero-backups-bucket-1a2b3c", {}),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-3:1:secret:socle-prod-x-1a2b3c", {}),
        ("eks:DeleteCluster", "arn:aws:eks:eu-west-3:1:cluster/socle-prod", {}),
    ],
)
def test_who_deploys_the_other_stacks_cannot_touch_production(action: str, resource: str, tags: dict[str, str]) -> None:
    anything = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    kept = guard.not_production("1", ["prod"])
    context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    assert allowed([anything], action, resource, context)
    assert not allowed([anything, *kept], action, resource, context)


def test_who_deploys_the_other_stacks_is_free_with_them() -> None:
    anything = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    kept = guard.not_production("1", ["prod"])
    staging = {"aws:ResourceTag/project": "socle", "aws:ResourceTag/stack": "staging"}
    assert allowed([anything, *kept], "ec2:TerminateInstances", "arn:aws:ec2:eu-west-3:1:instance/i-1", staging)
    assert allowed([anything, *kept], "iam:PutRolePolicy", "arn:aws:iam::1:role/socle-staging-main-1a2b3c")
    assert guard.not_production("1", []) == []
