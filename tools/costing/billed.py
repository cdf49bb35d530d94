"""What AWS billed, stack by stack, from Cost Explorer."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

TAG: Final = "stack"
"""The tag that every resource has, once it is activated for costs:

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
"""
USD_A_REQUEST: Final = 0.01
"""https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"""
UNTAGGED: Final = "without a tag"
_METRIC: Final = "UnblendedCost"


def billed(client: Any, month: date) -> dict[str, float]:
    """USD of a month by stack, taxes apart; what has no tag is under `UNTAGGED`. Raises what AWS answers instead."""
    sums: dict[str, float] = {}
    more: dict[str, str] = {}
    while True:
        answer: Mapping[str, Any] = client.get_cost_and_usage(
            TimePeriod={"Start": f"{month:%Y-%m-%d}", "End": f"{following(month):%Y-%m-%d}"},
            Granularity="MONTHLY",
            Metrics=[_METRIC],
            GroupBy=[{"Type": "TAG", "Key": TAG}],
            Filter={"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Tax", "Credit", "Refund"]}}},
            **more,
        )
        for period in answer["ResultsByTime"]:
            for group in period["Groups"]:
                stack = str(group["Keys"][0]).partition("$")[2] or UNTAGGED
                sums[stack] = sums.get(stack, 0.0) + float(group["Metrics"][_METRIC]["Amount"])
        if not answer.get("NextPageToken"):
            return sums
        more = {"NextPageToken": answer["NextPageToken"]}


def following(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def previous(month: date) -> date:
    """The first day of the month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
