"""Which tokens may take which role, decided as IAM does."""

import json

import pytest

from bootstrap.answers import Answers, GitHub, GitLab
from bootstrap.ci_roles import CI_ROLES, CiRole, trust
from bootstrap.people import people_trust
from tests.bootstrap.iam_rules import holds, trusted

GITHUB = "token.actions.githubusercontent.com"
ARNS = {"github": "arn:aws:iam::1:oidc-provider/gh", "gitlab": "arn:aws:iam::1:oidc-provider/gl"}
ROLES = {role.name: role for role in CI_ROLES}
PREVIEW = {"preview"}
PROTECTED = {"preview", "preview-prod", "deploy-staging", "deploy-prod"}


def _answers(environment: str | None = None) -> Answers:
    github = GitHub(
        repository="devu42/infrastructure", repository_id="42", owner_id="7", branch="main", environment=environment
    )
    gitlab = GitLab(project_path="devu42/infrastructure", url="https://gitlab.com", branch="main")
    return Answers(region="eu-west-3", owner="ada", github=github, gitlab=gitlab)


def _github(subject: str, **more: str) -> dict[str, str]:
    claims = {"aud": "sts.amazonaws.com", "repository_id": "42", "sub": subject, **more}
    return {f"{GITHUB}:{key}": value for key, value in claims.items()}


def _roles(forge: str, claims: dict[str, str], environment: str | None = None) -> set[str]:
    """Roles that a token may take."""
    return {
        name for name, role in ROLES.items() if trusted(trust(role, _answers(environment), ARNS), ARNS[forge], claims)
    }


@pytest.mark.parametrize("repository", ["devu42/infrastructure", "devu42@7/infrastructure@42"])
@pytest.mark.parametrize(
    ("end", "roles"),
    [
        ("ref:refs/heads/main", PROTECTED),
        ("ref:refs/heads/feature/search", PREVIEW),
        ("ref:refs/heads/main2", PREVIEW),
        ("ref:refs/heads/not/main", PREVIEW),
        ("pull_request", PREVIEW),
        ("ref:refs/tags/v1.0.0", set[str]()),
        ("environment:production", set[str]()),
        ("environment:main", set[str]()),
    ],
)
def test_a_workflow_takes_the_roles_of_its_branch_by_both_forms_of_sub(
    repository: str, end: str, roles: set[str]
) -> None:
    assert _roles("github", _github(f"repo:{repository}:{end}")) == roles


@pytest.mark.parametrize(
    "subject",
    [
        "repo:devu42/infrastructure2:ref:refs/heads/main",
        "repo:devu42/infra:ref:refs/heads/main",
        "repo:mallory/infrastructure:ref:refs/heads/main",
        "repo:mallory/devu42/infrastructure:ref:refs/heads/main",
        "repo:devu42@8/infrastructure@42:ref:refs/heads/main",
        "repo:devu42@7/infrastructure@43:ref:refs/heads/main",
        "repo:devu42@7/infrastructure:ref:refs/heads/main",
        "xrepo:devu42/infrastructure:ref:refs/heads/main",
        "repo:DevU42/infrastructure:ref:refs/heads/main",
    ],
)
def test_a_workflow_of_another_repository_takes_no_role(subject: str) -> None:
    assert _roles("github", _github(subject)) == set()


@pytest.mark.parametrize(
    "other",
    [{"repository_id": "43"}, {"aud": "https://github.com/devu42"}],
    ids=["whoever registered the old name, or a fork", "a token for somebody else"],
)
def test_the_name_alone_lets_nobody_in(other: dict[str, str]) -> None:
    assert _roles("github", _github("repo:devu42/infrastructure:ref:refs/heads/main", **other)) == set()


def test_a_claim_that_is_missing_lets_nobody_in() -> None:
    claims = _github("repo:devu42/infrastructure:ref:refs/heads/main")
    for lacking in claims:
        assert _roles("github", {key: value for key, value in claims.items() if key != lacking}) == set()


@pytest.mark.parametrize(
    ("end", "ref", "roles"),
    [
        ("environment:production", "refs/heads/main", PROTECTED - PREVIEW),
        # Reviewers of the environment let other branches preview production; they deploy nothing.
        ("environment:production", "refs/heads/feature", {"preview-prod"}),
        ("ref:refs/heads/main", "refs/heads/main", PROTECTED),
        ("environment:other", "refs/heads/main", set[str]()),
    ],
)
def test_a_job_with_the_protected_environment_still_deploys_from_the_branch_alone(
    end: str, ref: str, roles: set[str]
) -> None:
    claims = _github(f"repo:devu42/infrastructure:{end}", ref=ref)
    assert _roles("github", claims, environment="production") == roles


@pytest.mark.parametrize(
    ("subject", "roles"),
    [
        ("project_path:devu42/infrastructure:ref_type:branch:ref:main", PROTECTED),
        ("project_path:devu42/infrastructure:ref_type:branch:ref:feature/search", PREVIEW),
        ("project_path:devu42/infrastructure:ref_type:branch:ref:main2", PREVIEW),
        ("project_path:devu42/infrastructure:ref_type:tag:ref:main", set[str]()),
        ("project_path:mallory/infrastructure:ref_type:branch:ref:main", set[str]()),
        ("project_path:devu42/infrastructure/sub:ref_type:branch:ref:main", set[str]()),
        ("project_path:mallory/devu42/infrastructure:ref_type:branch:ref:main", set[str]()),
    ],
)
def test_a_pipeline_takes_the_roles_of_its_branch(subject: str, roles: set[str]) -> None:
    assert _roles("gitlab", {"gitlab.com:aud": "https://gitlab.com", "gitlab.com:sub": subject}) == roles
    assert _roles("gitlab", {"gitlab.com:aud": "https://other", "gitlab.com:sub": subject}) == set()


def test_the_tokens_of_one_forge_are_not_those_of_the_other() -> None:
    claims = _github("repo:devu42/infrastructure:ref:refs/heads/main")
    assert _roles("gitlab", claims) == set()


@pytest.mark.parametrize("role", CI_ROLES, ids=lambda role: role.name)
def test_no_condition_holds_by_what_is_absent_or_by_any_of_several_values(role: CiRole) -> None:
    for statement in json.loads(trust(role, _answers("production"), ARNS))["Statement"]:
        assert statement["Condition"].keys() <= {"StringEquals", "StringLike"}
        for operator, wanted in statement["Condition"].items():
            assert operator == "StringEquals" or all(key.endswith(":sub") for key in wanted)


def test_only_the_forges_that_are_named_are_trusted() -> None:
    answers = _answers().model_copy(update={"gitlab": None})
    [statement] = json.loads(trust(ROLES["preview"], answers, {"github": ARNS["github"]}))["Statement"]
    assert statement["Principal"] == {"Federated": ARNS["github"]}


def test_a_user_needs_mfa_and_his_own_name_and_a_role_neither() -> None:
    user, role = "arn:aws:iam::1:user/ada", "arn:aws:iam::1:role/sso"
    of_user, of_role = json.loads(people_trust([role, user]))["Statement"]
    assert of_user["Principal"] == {"AWS": [user]}
    assert of_role["Principal"] == {"AWS": [role]}
    assert "Condition" not in of_role
    proven = {"aws:MultiFactorAuthPresent": "true", "sts:RoleSessionName": "${aws:username}"}
    assert holds(of_user["Condition"], proven)
    assert not holds(of_user["Condition"], {**proven, "aws:MultiFactorAuthPresent": "false"})
    assert not holds(of_user["Condition"], {**proven, "sts:RoleSessionName": "grace"})
    assert not holds(of_user["Condition"], {"sts:RoleSessionName": "${aws:username}"})
