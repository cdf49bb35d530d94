"""Keys that seal the secrets of stacks, one for each level of trust."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bootstrap.names import Level, alias_of
from components import iam

# The longest that AWS takes: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
_DELETION_DAYS = 30
_USES = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:CreateGrant")


@dataclass(frozen=True, kw_only=True)
class SecretsKeyArgs:
    """Inputs of `SecretsKey`."""

    level: Level
    """Level of trust; the alias is `alias/socle-<level>`."""
    account_id: str
    """Account whose IAM policies decide who uses the key."""
    barred: Sequence[str] = ()
    """Names of roles that may never use it, whatever their own policies say."""


class SecretsKey(pulumi.ComponentResource):
    """A KMS key with its alias: 1 USD a month, and as much for each of its first two yearly rotations.

    IAM policies of the account say who uses it. Roles that are `barred` cannot be let in by any of them: they run the
    code of whoever pushes a branch. Pulumi refuses to delete the key, without which nobody reads the secrets again.
    """

    arn: pulumi.Output[str]
    """ARN of the key."""
    key_id: pulumi.Output[str]
    """Id of the key."""

    def __init__(self, name: str, args: SecretsKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle-bootstrap:index:SecretsKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        alias = alias_of(args.level)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Secrets of Socle's {args.level} stacks",
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_DAYS,
            policy=key_policy(args.account_id, args.barred),
            # A key has no name of its own: a bootstrap that was killed finds it by this tag.
            tags={"Name": alias.removeprefix("alias/")},
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=True)),
        )
        aws.kms.Alias(f"{name}-alias", name=alias, target_key_id=key.key_id, opts=child)
        self.arn = key.arn
        self.key_id = key.key_id
        self.register_outputs({"arn": self.arn, "key_id": self.key_id})


def key_policy(account_id: str, barred: Sequence[str]) -> str:
    """The account's own policies decide, except that `barred` roles are refused.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    root = f"arn:aws:iam::{account_id}:root"
    statements = [iam.statement(["kms:*"], ["*"], principal={"AWS": root}, sid="AccountDecides")]
    if barred:
        # Not as principals: AWS refuses a policy that names a role which does not exist yet.
        roles = [f"arn:aws:iam::{account_id}:role/{role}" for role in barred]
        statements.append(
            iam.statement(
                _USES,
                ["*"],
                principal={"AWS": "*"},
                conditions={"ArnEquals": {"aws:PrincipalArn": roles}},
                effect="Deny",
                sid="NotByCodeOfAnyBranch",
            )
        )
    return iam.document(*statements)
