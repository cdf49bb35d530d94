"""The permissions boundary of the CI roles: what none of them can exceed, whatever policies they are given later.

A role has one boundary, so it is one document: actions are shortened to `service:Verb*`, and what this would open in
the management of permissions is denied. Resources stay open, for the role's own policies narrow them. The roles that
a deployment creates do not have it: what that means is said in docs/bootstrap.md.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from tools.permissions import reference
from tools.permissions.needed import Needed
from tools.permissions.statements import Statement

STATES: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "s3:DeleteObject",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetObject",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutObject",
)
"""What the bootstrap adds to the roles for the states of the stacks; the boundary has to leave room for it."""
PEOPLE: Final = ("ce:GetCostAndUsage",)
"""What the bootstrap adds to the roles of people, some of which have the boundary too."""
_ROLES: Final = tuple(
    f"arn:aws:iam::*:role/{name}"
    for name in ("socle-preview*", "socle-deploy*", "socle-administrator", "socle-developer")
)
_POLICIES: Final = ("arn:aws:iam::*:policy/socle-bootstrap/*",)
_TOO_MUCH: Final = tuple(
    f"arn:aws:iam::aws:policy/{name}" for name in ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
)
_DENIED: Final = (
    # The organization, the account and its bills.
    Statement(("account:*", "billing:*", "organizations:*", "payments:*", "tax:*"), ("*",), effect="Deny"),
    # People, keys that do not expire, and who may sign for whom.
    Statement(
        (
            "iam:*AccessKey*",
            "iam:*Group*",
            "iam:*LoginProfile*",
            "iam:*MFADevice*",
            "iam:*OpenIDConnectProvider*",
            "iam:*SAMLProvider*",
            "iam:*ServiceSpecificCredential*",
            "iam:*User*",
            "iam:*AccountPasswordPolicy",
            # A role that a deployment makes is for machines and pods: nobody turns into it.
            "sts:AssumeRole",
        ),
        ("*",),
        effect="Deny",
    ),
    Statement(
        (
            "iam:*RolePolicy",
            "iam:*RolePermissionsBoundary",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:PassRole",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:Update*Role*",
        ),
        _ROLES,
        effect="Deny",
    ),
    # The boundary itself, and the other policies of the bootstrap.
    Statement(
        ("iam:CreatePolicy*", "iam:DeletePolicy*", "iam:SetDefaultPolicyVersion", "iam:TagPolicy", "iam:UntagPolicy"),
        _POLICIES,
        effect="Deny",
    ),
    Statement(
        ("iam:AttachRolePolicy",),
        ("*",),
        '{"ArnEquals": {"iam:PolicyARN": ["' + '", "'.join(_TOO_MUCH) + '"]}}',
        effect="Deny",
    ),
    # Keys of the states.
    Statement(
        (
            "kms:Disable*",
            "kms:PutKeyPolicy",
            "kms:ScheduleKeyDeletion",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:UpdateAlias",
        ),
        ("*",),
        '{"StringEquals": {"aws:ResourceTag/project": "socle-bootstrap"}}',
        effect="Deny",
    ),
)
_EXACT: Final = ("iam", "kms", "s3", "secretsmanager", "ssm", "sts")
"""Services whose changes are named one by one, for a verb of theirs can be about secrets or permissions."""
_SECRET: Final = ("secretsmanager", "ssm")
"""Services of which some reads are of secrets."""


def boundary(deploy: Needed) -> list[Statement]:
    """All that deployments need, the states ask for and people get, and what is denied for ever."""
    given = {*deploy.actions, *STATES, *PEOPLE}
    patterns = covering(given)
    opened = opened_by(patterns) - given
    kept = [Statement(tuple(sorted(opened)), ("*",), effect="Deny")] if opened else []
    return [Statement(tuple(sorted(patterns)), ("*",)), *kept, *_DENIED]


def covering(actions: Iterable[str]) -> set[str]:
    """Patterns that cover these actions, each of one service and verb."""
    groups: dict[str, set[str]] = defaultdict(set)
    for action in set(actions):
        service, _, name = action.partition(":")
        word = re.match(r"[A-Z][a-z]+", name)
        named = service in (_SECRET if reference.action(action).reads else _EXACT)
        groups[action if named or not word else f"{service}:{word[0]}*"].add(action)
    return {each for pattern, covered in groups.items() for each in ({pattern} if len(covered) > 1 else covered)}


def opened_by(patterns: Iterable[str]) -> set[str]:
    """Actions that manage permissions, among those that these patterns cover."""
    covered = {name for pattern in patterns for name in reference.matching(pattern)}
    return {name for name in covered if reference.action(name).level == "Permissions management"}
