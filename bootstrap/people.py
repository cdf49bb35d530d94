"""What people may do, by role: nobody works as himself."""

from collections.abc import Sequence

from bootstrap.names import LEVELS, POLICY_PATH, ROLES, alias_of
from components import iam


def people_trust(principals: Sequence[str]) -> str:
    """Trust policy for users and roles that exist.

    A user has to log in with MFA, and to call his session by his own name, so that CloudTrail and the locks of states
    name a person. A role, such as one of IAM Identity Center, has asked for MFA at its own sign-in, of which AWS tells
    nothing here: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html

    Raises ValueError without principals.
    """
    users = [each for each in principals if ":user/" in each]
    roles = [each for each in principals if ":user/" not in each]
    proofs: iam.Conditions = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "StringEquals": {"sts:RoleSessionName": "${aws:username}"},
    }
    statements: list[iam.Statement] = []
    if users:
        statements.append({**_assume(users), "Condition": proofs})
    if roles:
        statements.append(_assume(roles))
    return iam.document(*statements)


def bootstrap_statements(
    *, account_id: str, region: str, bucket_arn: str, key_arns: Sequence[str], provider_arns: Sequence[str]
) -> list[iam.Statement]:
    """What an administrator needs to run `make bootstrap` again: all of its own resources, and no others."""
    owned = f"arn:aws:iam::{account_id}"
    aliases = [f"arn:aws:kms:{region}:{account_id}:{alias_of(level)}" for level in LEVELS]
    roles = [f"{owned}:role/{role}" for role in ROLES]
    return [
        iam.statement(["iam:*"], [*roles, f"{owned}:policy{POLICY_PATH}*", *provider_arns], sid="Identities"),
        iam.statement(["s3:*"], [bucket_arn, f"{bucket_arn}/*"], sid="Bucket"),
        iam.statement(["kms:*"], [*key_arns, *aliases], sid="Keys"),
        # These name no resource, or one that does not exist yet.
        iam.statement(
            [
                "iam:ListOpenIDConnectProviders",
                "kms:CreateKey",
                "kms:ListAliases",
                "kms:TagResource",
                "tag:GetResources",
            ],
            ["*"],
            sid="Finding",
        ),
    ]


def bill_statements() -> list[iam.Statement]:
    """What a person needs for `make bill`: the sums of the whole account. AWS bills 0.01 USD a request.

    Roles of CI do without: no job of theirs asks.
    """
    return [iam.statement(["ce:GetCostAndUsage"], ["*"], sid="Bill")]


def _assume(principals: Sequence[str]) -> iam.Statement:
    return {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": ["sts:AssumeRole"]}
