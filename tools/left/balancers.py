"""Load balancers and target groups that are left, among them those that a Kubernetes Service asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tools import prices
from tools.account import Account, tags_of
from tools.left.item import Item
from tools.owner import Owner
from tools.prices import FREE

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
_MOST_TAGS: Final = 20


@dataclass(frozen=True)
class Kind:
    """A kind of load balancer, or of what belongs to one, in the words of its service."""

    type: str
    service: str
    operation: str
    items: str
    id: str
    name: str
    vpc: str
    argument: str
    """What `describe_tags` calls a list of ids."""
    delete: str
    """Arguments of `aws` before the id and the region."""


_BALANCER: Final = "describe_load_balancers"
KINDS: Final = (
    Kind(
        "loadbalancer",
        "elbv2",
        _BALANCER,
        "LoadBalancers[]",
        "LoadBalancerArn",
        "LoadBalancerName",
        "VpcId",
        "ResourceArns",
        "elbv2 delete-load-balancer --load-balancer-arn",
    ),
    Kind(
        "targetgroup",
        "elbv2",
        "describe_target_groups",
        "TargetGroups[]",
        "TargetGroupArn",
        "TargetGroupName",
        "VpcId",
        "ResourceArns",
        "elbv2 delete-target-group --target-group-arn",
    ),
    # Services of type LoadBalancer get this one where no controller is installed for them.
    Kind(
        "classic",
        "elb",
        _BALANCER,
        "LoadBalancerDescriptions[]",
        "LoadBalancerName",
        "LoadBalancerName",
        "VPCId",
        "LoadBalancerNames",
        "elb delete-load-balancer --load-balancer-name",
    ),
)


def left(account: Account, owner: Owner, vpcs: frozenset[str]) -> Iterator[Item]:
    """Those with a tag of the stack or of its cluster, and those in `vpcs`, which they keep from being deleted."""
    balancer = prices.balancer() if owner.region == prices.REGION else prices.elsewhere(owner.region)
    for kind in KINDS:
        records = {
            each[kind.id]: each for each in account.all(kind.service, kind.operation, kind.items, region=owner.region)
        }
        tags = _tags(account, owner, kind, list(records))
        for id_, record in records.items():
            vpc = str(record.get(kind.vpc))
            reason = owner.claims(tags.get(id_, {})) or (f"in {vpc}, a VPC of the stack" if vpc in vpcs else "")
            if reason:
                yield Item(
                    type=f"elasticloadbalancing:{kind.type}",
                    id=id_,
                    region=owner.region,
                    name=record[kind.name],
                    reason=reason,
                    price=FREE if kind.type == "targetgroup" else balancer,
                    command=f"aws {kind.delete} {id_} --region {owner.region}",
                )


def _tags(account: Account, owner: Owner, kind: Kind, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(ids), _MOST_TAGS):
        asked = {kind.argument: ids[start : start + _MOST_TAGS]}
        for each in account.all(kind.service, "describe_tags", "TagDescriptions[]", region=owner.region, **asked):
            found[each[kind.argument.removesuffix("s")]] = tags_of(each)
    return found
