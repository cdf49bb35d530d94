"""What no role of the bootstrap may touch, whatever else it is allowed: what keeps it in its place."""

from collections.abc import Sequence

from bootstrap.names import LEVELS, POLICY_PATH, ROLES, alias_of
from components import iam

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
_OF_ROLES = (
    "iam:AttachRolePolicy",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
    "sts:AssumeRole",
)
_OF_POLICIES = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)
_OF_PROVIDERS = (
    "iam:AddClientIDToOpenIDConnectProvider",
    "iam:CreateOpenIDConnectProvider",
    "iam:DeleteOpenIDConnectProvider",
    "iam:RemoveClientIDFromOpenIDConnectProvider",
    "iam:TagOpenIDConnectProvider",
    "iam:UntagOpenIDConnectProvider",
    "iam:UpdateOpenIDConnectProviderThumbprint",
)
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_OF_BUCKET = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
)
_OF_OBJECTS = ("s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:PutObjectVersionAcl")
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
_OF_KEYS = (
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:DeleteAlias",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:UpdateAlias",
)


def denials(
    *, account_id: str, region: str, bucket_arn: str, key_arns: Sequence[str], provider_arns: Sequence[str]
) -> list[iam.Statement]:
    """Deny changes of the bootstrap's roles, policies, boundary, identity providers, bucket and keys."""
    owned = f"arn:aws:iam::{account_id}"
    aliases = [f"arn:aws:kms:{region}:{account_id}:{alias_of(level)}" for level in LEVELS]
    about = [
        ("Roles", _OF_ROLES, [f"{owned}:role/{role}" for role in ROLES]),
        ("Policies", _OF_POLICIES, [f"{owned}:policy{POLICY_PATH}*"]),
        ("Providers", _OF_PROVIDERS, list(provider_arns)),
        ("Bucket", _OF_BUCKET, [bucket_arn]),
        ("Versions", _OF_OBJECTS, [f"{bucket_arn}/*"]),
        ("Keys", _OF_KEYS, [*key_arns, *aliases]),
    ]
    return [
        iam.statement(actions, resources, effect="Deny", sid=f"Keep{what}")
        for what, actions, resources in about
        if resources
    ]


def not_production(account_id: str, production: Sequence[str]) -> list[iam.Statement]:
    """Deny everything that is production's: what bears its tag, and what is told by its name before it has a tag.

    The permissions of a deployment are the same for all stacks; this is what keeps those of the others away from it.
    The names are those that `pulumi:autonaming` of Pulumi.yaml gives.
    """
    if not production:
        return []
    starts = [f"socle-{stack}" for stack in production]
    owned = [
        *(f"arn:aws:iam::{account_id}:{kind}/{start}-*" for start in starts for kind in ("role", "instance-profile")),
        *(f"arn:aws:s3:::{start}-*" for start in starts),
        *(f"arn:aws:secretsmanager:*:{account_id}:secret:{start}-*" for start in starts),
        *(f"arn:aws:eks:*:{account_id}:cluster/{start}" for start in starts),
    ]
    tagged: iam.Conditions = {"StringEquals": {"aws:ResourceTag/project": "socle", "aws:ResourceTag/stack": production}}
    return [
        iam.statement(["*"], ["*"], effect="Deny", conditions=tagged, sid="NotProductionByTag"),
        iam.statement(["*"], owned, effect="Deny", sid="NotProductionByName"),
    ]
