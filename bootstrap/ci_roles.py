"""Who among the pipelines may take which role, as pure functions of the tokens that the forges sign.

| role | taken by | may |
|---|---|---|
| `socle-preview` | any branch of the project | read the account, open the secrets of all stacks but production |
| `socle-preview-prod` | the protected branch or environment | read the account, open production's secrets |
| `socle-deploy-staging` | the protected branch | change what is not production |
| `socle-deploy-prod` | the protected branch | change production |

A preview of production computes with its secrets, so it needs production's key, and whoever writes the pipeline's code
can print them. That is why `socle-preview-prod` is not for every branch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bootstrap.answers import Answers, GitHub, GitLab
from bootstrap.identity_providers import GITHUB_AUDIENCE, GITHUB_HOST
from bootstrap.names import Level
from bootstrap.policies import Kind
from components import iam

_ASSUME = "sts:AssumeRoleWithWebIdentity"


@dataclass(frozen=True, kw_only=True)
class CiRole:
    """A role of pipelines."""

    name: str
    description: str
    kind: Kind
    level: Level
    """Stacks whose secrets it opens: `prod` production's, `staging` all others'."""
    any_branch: bool = False
    """Whether every branch of the project may take it; otherwise the protected one."""


CI_ROLES = (
    CiRole(
        name="preview",
        description="Previews of stacks that are not production, from any branch",
        kind="preview",
        level="staging",
        any_branch=True,
    ),
    CiRole(
        name="preview-prod", description="Previews of production, from what is protected", kind="preview", level="prod"
    ),
    CiRole(
        name="deploy-staging",
        description="Deployments of stacks that are not production, from the protected branch",
        kind="deploy",
        level="staging",
    ),
    CiRole(
        name="deploy-prod",
        description="Deployments of production, from the protected branch",
        kind="deploy",
        level="prod",
    ),
)
"""All of them, made when a forge is configured."""


def trust(role: CiRole, answers: Answers, providers: Mapping[str, str]) -> str:
    """Trust policy of a role; `providers` are the ARNs of the identity providers by forge."""
    statements: list[iam.Statement] = []
    if answers.github:
        statements.append(_statement(providers["github"], github_conditions(role, answers.github)))
    if answers.gitlab:
        statements.append(_statement(providers["gitlab"], gitlab_conditions(role, answers.gitlab)))
    return iam.document(*statements)


def github_conditions(role: CiRole, github: GitHub) -> iam.Conditions:
    """Which workflows: of this repository by its number, on a branch by the token's `sub`.

    Workflows of forks get no token with our repository's number; those of pull requests from our own branches may
    preview. A job that names an environment has that in place of its branch in `sub`, so that its branch is asked for
    apart before it may change anything. Sources:
    https://docs.github.com/en/actions/reference/security/oidc
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    """
    same = {f"{GITHUB_HOST}:aud": GITHUB_AUDIENCE, f"{GITHUB_HOST}:repository_id": github.repository_id}
    subject = f"{GITHUB_HOST}:sub"
    if role.any_branch:
        wanted = _github_subjects(github, ("ref:refs/heads/*", "pull_request"))
        return {"StringEquals": same, "StringLike": {subject: wanted}}
    ref = f"refs/heads/{github.branch}"
    if github.environment is None:
        return {"StringEquals": {**same, subject: _github_subjects(github, (f"ref:{ref}",))}}
    wanted = _github_subjects(github, (f"ref:{ref}", f"environment:{github.environment}"))
    branch = {f"{GITHUB_HOST}:ref": ref} if role.kind == "deploy" else {}
    return {"StringEquals": {**same, subject: wanted, **branch}}


def gitlab_conditions(role: CiRole, gitlab: GitLab) -> iam.Conditions:
    """Which pipelines: of this project, on a branch; those of a fork have the fork's path.

    AWS reads no other claim of GitLab's: https://docs.gitlab.com/ci/cloud_services/aws/
    """
    audience = {f"{gitlab.host}:aud": gitlab.url}
    subject = f"{gitlab.host}:sub"
    start = f"project_path:{gitlab.project_path}:ref_type:branch:ref:"
    if role.any_branch:
        return {"StringEquals": audience, "StringLike": {subject: [f"{start}*"]}}
    return {"StringEquals": {**audience, subject: [f"{start}{gitlab.branch}"]}}


def _github_subjects(github: GitHub, ends: Sequence[str]) -> list[str]:
    """Both forms of `sub`: repositories made, renamed or transferred since 2026-07-15 have their numbers in it.

    Names hold no `@`, so that neither form lets in anybody else.
    """
    owner, _, name = github.repository.partition("/")
    numbered = f"{owner}@{github.owner_id}/{name}@{github.repository_id}"
    return [f"repo:{whole}:{end}" for whole in (github.repository, numbered) for end in ends]


def _statement(provider: str, conditions: iam.Conditions) -> iam.Statement:
    return {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": [_ASSUME], "Condition": conditions}
