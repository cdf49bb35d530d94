"""Where alarms go: a topic that only CloudWatch writes to, and the people who read it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.encrypted_topic import Writer, encrypted_topic


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

        self.arn = encrypted_topic(
            name,
            about="Alarms on their way to people",
            writer=alarms_of(args.region),
            account_id=args.account_id,
            opts=child,
        )
        for address in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-to-{address}", topic=self.arn, protocol="email", endpoint=address, opts=child
            )
        self.register_outputs({"arn": self.arn})


def alarms_of(region: str) -> Writer:
    """The alarms of a region."""
    return Writer("cloudwatch.amazonaws.com", f"arn:aws:cloudwatch:{region}:{{account}}:alarm:*", "Alarms")
