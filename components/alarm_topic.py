"""Where alarms go: a topic that only CloudWatch writes to, and the people who read it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam

# What the account's administrators may do with the key; the permission itself still comes from their own policies.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
_ADMINISTRATION = (
    *("kms:DescribeKey", "kms:EnableKey", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
    *("kms:GetKeyPolicy", "kms:PutKeyPolicy", "kms:ListKeyPolicies", "kms:UpdateKeyDescription"),
    *("kms:GetKeyRotationStatus", "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:ListGrants"),
    *("kms:TagResource", "kms:UntagResource", "kms:ListResourceTags"),
)


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """Inputs of `AlarmTopic`."""

    account_id: pulumi.Input[str]
    """Account whose alarms may write to the topic."""
    region: str
    """Region of those alarms."""
    emails: Sequence[str]
    """Addresses that get each message, at least one, once they have confirmed the one that AWS sends first."""

    def __post_init__(self) -> None:
        """Refuse a topic that nobody reads."""
        if not self.emails:
            raise ValueError("emails must name somebody who reads the alarms, got none")


class AlarmTopic(pulumi.ComponentResource):
    """An SNS topic, encrypted, that alarms of this account write to over TLS; nobody else may.

    Its key costs 1 USD a month: alarms cannot use the key that AWS keeps for SNS. E-mails are free up to 1 000 a month.
    """

    arn: pulumi.Output[str]
    """ARN of the topic, once alarms may write to it."""

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:AlarmTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = pulumi.Output.from_input(args.account_id)

        key = aws.kms.Key(
            f"{name}-key",
            description="Alarms on their way to people",
            enable_key_rotation=True,
            policy=account.apply(key_policy),
            opts=child,
        )
        topic = aws.sns.Topic(f"{name}-topic", kms_master_key_id=key.arn, opts=child)
        policy = aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.all(topic=topic.arn, account=account).apply(
                lambda known: topic_policy(known["topic"], known["account"], args.region)
            ),
            opts=child,
        )
        for address in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-to-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=child
            )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})


def administration(account_id: str) -> iam.Statement:
    """Statement of a key's policy that lets the account keep the key, without using it."""
    return iam.statement(
        _ADMINISTRATION, ["*"], principal={"AWS": f"arn:aws:iam::{account_id}:root"}, sid="Administration"
    )


def key_policy(account_id: str) -> str:
    """JSON policy of the key: kept by the account, used by its alarms. In a key policy, `*` is the key itself."""
    return iam.document(
        administration(account_id),
        iam.statement(
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            ["*"],
            principal={"Service": "cloudwatch.amazonaws.com"},
            conditions={"StringEquals": {"aws:SourceAccount": account_id}},
            sid="Alarms",
        ),
    )


def topic_policy(topic_arn: str, account_id: str, region: str) -> str:
    """JSON policy of the topic: alarms of this account and region write, over TLS."""
    return iam.document(
        iam.statement(
            ["sns:Publish"],
            [topic_arn],
            principal={"Service": "cloudwatch.amazonaws.com"},
            conditions={
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{region}:{account_id}:alarm:*"},
            },
            sid="Alarms",
        ),
        iam.statement(
            ["sns:Publish"],
            [topic_arn],
            principal="*",
            conditions={"Bool": {"aws:SecureTransport": "false"}},
            effect="Deny",
            sid="DenyPlainHttp",
        ),
    )
