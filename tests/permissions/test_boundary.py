import fnmatch
import json
from typing import cast

import pytest

from bootstrap import people, state_access
from bootstrap.policies import read_policies
from tests.permissions.conftest import Policies
from tests.permissions.evaluator import allows
from tools.permissions import reference
from tools.permissions.boundary import PEOPLE, STATES, boundary, covering, opened_by
from tools.permissions.documents import LARGEST, document, size
from tools.permissions.needed import Needed

ANYTHING = "arn:aws:ec2:eu-west-3:123456789012:vpc/vpc-1"
PLACES = state_access.Places(bucket_arn="b", staging_key="s", prod_key="p", region="eu-west-3", production=["prod"])


def test_a_deployment_keeps_all_that_it_needs(needs: Needed, policies: Policies) -> None:
    refused = [action for action in needs.actions if not allows(policies["boundary"], action, ANYTHING)]
    assert refused == []


def test_the_states_keep_all_that_the_bootstrap_allows(policies: Policies) -> None:
    given = [*state_access.others(PLACES, write=True), *state_access.production(PLACES, write=True)]
    actions = {str(action) for each in given if each["Effect"] == "Allow" for action in cast(list[str], each["Action"])}
    assert actions == set(STATES)
    assert [action for action in actions if not allows(policies["boundary"], action, ANYTHING)] == []


def test_people_keep_what_the_bootstrap_adds_for_them(policies: Policies) -> None:
    given = {action for each in people.bill_statements() for action in cast(list[str], each["Action"])}
    assert given == set(PEOPLE)
    assert all(allows(policies["boundary"], action, "*") for action in PEOPLE)


def test_it_is_one_policy_with_room_left(policies: Policies) -> None:
    assert len(policies["boundary"]) == 1
    assert size(policies["boundary"][0]) <= LARGEST


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("organizations:LeaveOrganization", "*"),
        ("account:CloseAccount", "*"),
        ("billing:UpdateBillingPreferences", "*"),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/eve"),
        ("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/eve"),
        ("iam:CreateLoginProfile", "arn:aws:iam::123456789012:user/eve"),
        ("iam:UpdateOpenIDConnectProviderThumbprint", "arn:aws:iam::123456789012:oidc-provider/gitlab.com"),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/socle-deploy-staging"),
        ("iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/socle-preview"),
        ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::123456789012:role/socle-administrator"),
        ("iam:DeleteRolePermissionsBoundary", "arn:aws:iam::123456789012:role/socle-deploy-prod"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/socle-bootstrap/socle-boundary"),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/socle-prod-main-nodes-role-4742b5"),
        ("rds:CreateDBInstance", "*"),
        ("lambda:CreateFunction", "*"),
    ],
)
def test_it_stops(action: str, resource: str, policies: Policies) -> None:
    assert not allows(policies["boundary"], action, resource)


@pytest.mark.parametrize("policy", ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"])
def test_it_stops_policies_that_allow_nearly_all(policy: str, policies: Policies) -> None:
    context = {"iam:PolicyARN": f"arn:aws:iam::aws:policy/{policy}"}
    assert not allows(policies["boundary"], "iam:AttachRolePolicy", "arn:aws:iam::1:role/socle-a-role-123456", context)


def test_it_keeps_the_keys_of_the_states(policies: Policies) -> None:
    key, of_states = "arn:aws:kms:eu-west-3:1:key/1", {"aws:ResourceTag/project": "socle-bootstrap"}
    assert not allows(policies["boundary"], "kms:ScheduleKeyDeletion", key, of_states)
    assert allows(policies["boundary"], "kms:Decrypt", key, of_states)
    assert allows(policies["boundary"], "kms:ScheduleKeyDeletion", key, {"aws:ResourceTag/project": "socle"})


def test_patterns_cover_what_they_stand_for(needs: Needed) -> None:
    patterns = covering(needs.actions)
    assert len(patterns) < len(needs.actions)
    assert all(any(fnmatch.fnmatchcase(action, each) for each in patterns) for action in needs.actions)


def test_the_management_of_permissions_that_a_pattern_would_open_is_denied(needs: Needed) -> None:
    opened = opened_by(covering(needs.actions)) - {*needs.actions, *STATES, *PEOPLE}
    assert "ec2:CreateNetworkInterfacePermission" in opened
    made = [document(boundary(needs))]
    assert [action for action in opened if allows(made, action, ANYTHING)] == []
    assert allows(made, "ec2:CreateVpc", ANYTHING)


def test_no_pattern_is_about_changes_of_identities_keys_objects_or_secrets(needs: Needed) -> None:
    patterns = {each for each in covering({*needs.actions, *STATES, *PEOPLE}) if each.endswith("*")}
    guarded = {
        each for each in patterns if each.partition(":")[0] in ("iam", "kms", "s3", "secretsmanager", "ssm", "sts")
    }
    covered = {name for pattern in guarded for name in reference.matching(pattern)}
    assert guarded == {"iam:Get*", "iam:List*", "kms:Get*", "kms:List*", "s3:Get*", "s3:List*"}
    assert {reference.action(name).level for name in covered} <= {"Read", "List", "Write"}
    assert [name for name in covered if not reference.action(name).reads and not name.startswith("s3:Get")] == []


def test_the_bootstrap_takes_the_committed_policies() -> None:
    found = read_policies()
    assert json.loads(found.boundary)["Statement"]
    assert len(found.deploy) <= 10
