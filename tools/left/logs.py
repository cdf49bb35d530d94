"""Log groups that are left: EKS and CloudWatch make them by themselves, without tags, and keep them for ever."""

from collections.abc import Iterator

from tools import prices
from tools.account import Account
from tools.left.item import Item
from tools.owner import Owner


def left(account: Account, owner: Owner) -> Iterator[Item]:
    """Those whose name says the cluster; others with our tags are found by these."""
    for prefix in (f"/aws/eks/{owner.cluster}/", f"/aws/containerinsights/{owner.cluster}/"):
        groups = account.all(
            "logs", "describe_log_groups", "logGroups[]", region=owner.region, logGroupNamePrefix=prefix
        )
        for group in groups:
            name = group["logGroupName"]
            stored = group.get("storedBytes", 0)
            known = owner.region == prices.REGION or not stored
            yield Item(
                type="logs:log-group",
                id=name,
                region=owner.region,
                reason=f"its name says the cluster {owner.cluster}",
                price=prices.logs(stored) if known else prices.elsewhere(owner.region),
                command=f"aws logs delete-log-group --log-group-name {name} --region {owner.region}",
            )
