"""What AWS tells the team about the bill of a stack."""

from components.budget import Budget, BudgetArgs
from stack.foundation import Foundation


def budget(base: Foundation) -> None:
    """The budget of the settings, with those who are told."""
    wanted = base.settings.budget
    if wanted is None:
        return
    made = Budget(
        "budget",
        BudgetArgs(
            usd_per_month=wanted.usd_per_month,
            emails=wanted.emails,
            scope=wanted.scope,
            project=base.tags["project"],
            stack=base.tags["stack"],
            account_id=base.account_id(),
            topic=wanted.topic,
            anomaly_usd=wanted.anomaly_usd,
            activate_tags=wanted.activate_tags,
        ),
        base.opts,
    )
    if made.topic_arn:
        base.outputs["budget_topic"] = made.topic_arn
