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
# Amazon Q in chat applications, formerly AWS Chatbot, keeps its settings in four regions and serves all of them.
# https://docs.aws.amazon.com/general/latest/gr/chatbot.html
_CHAT_REGION = "eu-west-1"
# Its commands could otherwise do in AWS whatever a member of the channel types.
_NO_COMMANDS = "arn:aws:iam::aws:policy/AWSDenyAll"


@dataclass(frozen=True, kw_only=True)
class SlackChannel:
    """A Slack channel; somebody has connected its workspace once, in the console of Amazon Q in chat applications."""

    team_id: str
    """Id of the workspace, `T` and digits."""
    channel_id: str
    """Id of the channel, `C` and digits: the last part of its link."""

    def __post_init__(self) -> None:
        """Refuse names in the place of ids."""
        for field, value, first in (("team_id", self.team_id, "T"), ("channel_id", self.channel_id, "C")):
            if not value.startswith(first) or not value.isalnum() or not value.isupper():
                raise ValueError(f"{field} must be an id of Slack such as '{first}0123ABCD', got {value!r}")


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """Inputs of `AlarmTopic`."""

    account_id: pulumi.Input[str]
    """Account whose alarms may write to the topic."""
    region: str
    """Region of those alarms."""
    emails: Sequence[str] = ()
    """Addresses that get each message, once they have confirmed the one that AWS sends first."""
    slack: SlackChannel | None = None
    """Channel that gets each message."""

    def __post_init__(self) -> None:
        """Refuse a topic that nobody reads."""
        if not self.emails and self.slack is None:
            raise ValueError("emails or slack must name somebody who reads the alarms, got neither")


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
        if args.slack is not None:
            _slack(name, args.slack, topic.arn, child)
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})


def key_policy(account_id: str) -> str:
    """JSON policy of the key: kept by the account, used by its alarms. In a key policy, `*` is the key itself."""
    return iam.document(
        iam.statement(
            _ADMINISTRATION, ["*"], principal={"AWS": f"arn:aws:iam::{account_id}:root"}, sid="Administration"
        ),
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


def _slack(name: str, slack: SlackChannel, topic_arn: pulumi.Output[str], opts: pulumi.ResourceOptions) -> None:
    role = aws.iam.Role(f"{name}-slack-role", assume_role_policy=iam.trust("chatbot.amazonaws.com"), opts=opts)
    # The role must have something, and may do nothing: messages need no permission.
    denied = aws.iam.RolePolicyAttachment(f"{name}-slack-nothing", role=role.name, policy_arn=_NO_COMMANDS, opts=opts)
    aws.chatbot.SlackChannelConfiguration(
        f"{name}-slack",
        # Unique in the account, and chosen here because AWS demands a name.
        configuration_name=name,
        iam_role_arn=role.arn,
        slack_team_id=slack.team_id,
        slack_channel_id=slack.channel_id,
        sns_topic_arns=[topic_arn],
        guardrail_policy_arns=[denied.policy_arn],
        user_authorization_required=True,
        region=_CHAT_REGION,
        opts=opts,
    )
