"""Check of what the account may spend and has spent, as AWS Budgets tells it."""

from collections.abc import Iterator
from typing import Any, Final

from botocore import exceptions

from tools.account import GLOBAL, is_denied
from tools.doctoring.finding import Finding
from tools.doctoring.scene import Scene

_NEAR: Final = 0.8
"""Part of a budget from which on it is said."""
# One call shows as many as this: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeBudgets.html
_MOST: Final = 100


def budget(scene: Scene) -> Iterator[Finding]:
    """Limit and spending of the stack's own budgets, or of those of the account; nothing is guessed."""
    if scene.person is None:
        yield Finding("budget", "not checked", "the account is not known")
        return
    try:
        given = scene.client("budgets", GLOBAL).describe_budgets(AccountId=scene.person.account, MaxResults=_MOST)
    except exceptions.ClientError as error:
        if not is_denied(error):
            raise
        yield Finding("budget", "not checked", "these credentials may not see budgets (budgets:ViewBudget)")
        return
    budgets = [
        each for each in given.get("Budgets", []) if each.get("BudgetType") == "COST" and each.get("BudgetLimit")
    ]
    own = [each for each in budgets if scene.stack in str(each["BudgetName"]).split("-", 1)[-1]]
    if not budgets:
        yield Finding(
            "budget",
            "not checked",
            f"account {scene.person.account} has none",
            "https://console.aws.amazon.com/costmanagement/home#/budgets makes one",
        )
    for each in own or budgets:
        yield _of(each)


def _of(budget: dict[str, Any]) -> Finding:
    limit, unit = float(budget["BudgetLimit"]["Amount"]), str(budget["BudgetLimit"]["Unit"])
    spent = float(budget.get("CalculatedSpend", {}).get("ActualSpend", {}).get("Amount", 0))
    text = (
        f"{budget['BudgetName']}: {spent:.2f} of {limit:.2f} {unit} spent ({str(budget.get('TimeUnit', '')).lower()})"
    )
    if spent < limit * _NEAR:
        return Finding("budget", "ok", text)
    return Finding(
        "budget",
        "broken" if spent >= limit else "warning",
        text,
        "`make stacks` shows what each stack costs, `make destroy STACK=…` takes one down",
    )
