"""A topic of SNS with a key of its own, to which one service of AWS writes."""

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


@dataclass(frozen=True)
class Writer:
    """A service of AWS that writes to a topic, and for what of the account."""

    service: str
    """Its name as a principal, such as `cloudwatch.amazonaws.com`."""
    source: str
    """Pattern of the ARNs for which it may write, with `{account}` for the account's id."""
    called: str
    """What these are, in letters: the name of its statements."""


def encrypted_topic(
    name: str, *, about: str, writer: Writer, account_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """ARN of a topic to which `writer` may write over TLS, and nobody else may; known once it may.

    Its key, described as `about`, costs 1 USD a month: services cannot use the key that AWS keeps for SNS.
    """
    account = pulumi.Output.from_input(account_id)
    key = aws.kms.Key(
        f"{name}-key",
        description=about,
        enable_key_rotation=True,
        policy=account.apply(lambda known: key_policy(known, writer)),
        opts=opts,
    )
    topic = aws.sns.Topic(f"{name}-topic", kms_master_key_id=key.arn, opts=opts)
    return aws.sns.TopicPolicy(
        f"{name}-policy",
        arn=topic.arn,
        policy=pulumi.Output.all(topic=topic.arn, account=account).apply(
            lambda known: topic_policy(known["topic"], known["account"], writer)
        ),
        opts=opts,
    ).arn


def key_policy(account_id: str, writer: Writer) -> str:
    """JSON policy of the key: kept by the account, used by the writer. In a key policy, `*` is the key itself."""
    return iam.document(
        iam.statement(
            _ADMINISTRATION, ["*"], principal={"AWS": f"arn:aws:iam::{account_id}:root"}, sid="Administration"
        ),
        iam.statement(
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            ["*"],
            principal={"Service": writer.service},
            conditions={"StringEquals": {"aws:SourceAccount": account_id}},
            sid=writer.called,
        ),
    )


def topic_policy(topic_arn: str, account_id: str, writer: Writer) -> str:
    """JSON policy of the topic: the writer writes for what is the account's, over TLS."""
    return iam.document(
        iam.statement(
            ["sns:Publish"],
            [topic_arn],
            principal={"Service": writer.service},
            conditions={
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": writer.source.format(account=account_id)},
            },
            sid=writer.called,
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
