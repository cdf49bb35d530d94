"""What AWS tells people about the bill: a monthly budget, unusual costs, and the tags by which costs are told apart."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.encrypted_topic import Writer, encrypted_topic

Scope = Literal["stack", "project", "account"]

# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_NotificationWithSubscribers.html
_MOST_EMAILS = 10
_WARNINGS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
BUDGETS = Writer("budgets.amazonaws.com", "arn:aws:budgets::{account}:*", "Budgets")
"""Budgets of an account, https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html"""
_TAGS = ("project", "stack")


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """Inputs of `Budget`."""

    usd_per_month: int
    """The sum that is watched, 1 or more, taxes included."""
    emails: Sequence[str]
    """Who is told: 1 to 10 addresses, which need not confirm."""
    scope: Scope
    """Whose costs count: those with the tag `stack`, those with the tag `project`, or all of the account."""
    project: str
    """Value of the tag `project`."""
    stack: str
    """Value of the tag `stack`."""
    account_id: pulumi.Input[str]
    """Account whose budget it is."""
    topic: bool = False
    """Also write to a topic of its own."""
    anomaly_usd: int | None = None
    """Tell of unusual costs of that many USD or more, 1 or more; not at all when omitted."""
    activate_tags: bool = False
    """Let bills tell costs apart by the tags; AWS takes that of the payer's account alone."""

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse, or what would tell nobody."""
        if self.usd_per_month < 1:
            raise ValueError(f"usd_per_month must be 1 or more, got {self.usd_per_month}")
        if not 1 <= len(self.emails) <= _MOST_EMAILS:
            raise ValueError(f"emails must be 1 to {_MOST_EMAILS} addresses, got {len(self.emails)}")
        if self.anomaly_usd is not None and (self.anomaly_usd < 1 or self.scope == "account"):
            raise ValueError(
                "anomaly_usd must be 1 or more, and left out when scope is account, got "
                f"{self.anomaly_usd} with {self.scope}"
            )


class Budget(pulumi.ComponentResource):
    """A monthly budget of AWS that warns at 80 % and 100 %, and when 100 % is forecast. It stops nothing.

    Budgets and the search for unusual costs are free; the topic's key costs 1 USD a month. AWS counts a few times a
    day, and costs by a tag only from the day on which the tag was activated.
    """

    topic_arn: pulumi.Output[str] | None
    """ARN of the topic, once AWS may write to it; None without one."""
    budget_name: pulumi.Output[str]
    """Name of the budget."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Budget", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)

        self._activate_tags(name, args)
        self.topic_arn = (
            encrypted_topic(
                name,
                about="Warnings about the bill on their way to people",
                writer=BUDGETS,
                account_id=args.account_id,
                opts=self._child,
            )
            if args.topic
            else None
        )
        budget = aws.budgets.Budget(
            f"{name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.usd_per_month),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": values} for values in tag_filter(args)],
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_email_addresses": list(args.emails),
                    "subscriber_sns_topic_arns": [self.topic_arn] if self.topic_arn else [],
                }
                for kind, percent in _WARNINGS
            ],
            opts=self._child,
        )
        self._anomalies(name, args)
        self.budget_name = budget.name
        self.register_outputs({"topic_arn": self.topic_arn, "budget_name": self.budget_name})

    def _activate_tags(self, name: str, args: BudgetArgs) -> None:
        for tag in _TAGS if args.activate_tags else ():
            aws.costexplorer.CostAllocationTag(f"{name}-tag-{tag}", tag_key=tag, status="Active", opts=self._child)

    def _anomalies(self, name: str, args: BudgetArgs) -> None:
        if args.anomaly_usd is None:
            return
        key, value = _tag_of(args)
        monitor = aws.costexplorer.AnomalyMonitor(
            f"{name}-monitor",
            monitor_type="CUSTOM",
            # AWS gives back every kind of filter, those that are not used as well.
            monitor_specification=json.dumps(
                {
                    **dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or")),
                    "Tags": {"Key": key, "MatchOptions": None, "Values": [value]},
                }
            ),
            opts=self._child,
        )
        aws.costexplorer.AnomalySubscription(
            f"{name}-anomalies",
            frequency="DAILY",
            monitor_arn_lists=[monitor.arn],
            # A daily summary goes to people alone: AWS lets topics have single warnings only.
            subscribers=[{"type": "EMAIL", "address": address} for address in args.emails],
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [str(args.anomaly_usd)],
                }
            },
            opts=self._child,
        )


def tag_filter(args: BudgetArgs) -> list[list[str]]:
    """Values of the filter by tag, as AWS Budgets writes them; none for all of the account.

    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
    """
    if args.scope == "account":
        return []
    key, value = _tag_of(args)
    return [[f"user:{key}${value}"]]


def _tag_of(args: BudgetArgs) -> tuple[str, str]:
    return ("project", args.project) if args.scope == "project" else ("stack", args.stack)
