"""What AWS's own list of tagged things has of a stack, each looked up, for it remembers what was deleted lately."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools import prices
from tools.account import GLOBAL, Account, tags_of
from tools.left import arns, ec2
from tools.left.arns import Arn
from tools.left.item import Item
from tools.owner import Owner

_IN_THE_CONSOLE: Final = "see {text} in the console; AWS lists it by its tags for a while after it was deleted too"
# These modules ask the services themselves; rules go with their security group.
_ELSEWHERE: Final = frozenset(
    {*(kind.type for kind in ec2.KINDS), "ec2:security-group-rule", "ec2:fleet"}
    | {f"elasticloadbalancing:{kind}" for kind in ("loadbalancer", "targetgroup", "listener", "listener-rule")}
)


def left(account: Account, owner: Owner) -> Iterator[Item]:
    """Everything with a tag of the stack or of its cluster, in its region and in that of what has none."""
    seen: set[str] = set()
    for region in dict.fromkeys((owner.region, GLOBAL)):
        for filters in ([*owner.tags.items()], *([tag] for tag in owner.cluster_tags)):
            wanted = [{"Key": key, "Values": [value]} for key, value in filters]
            found = account.all(
                "resourcegroupstaggingapi",
                "get_resources",
                "ResourceTagMappingList[]",
                region=region,
                TagFilters=wanted,
            )
            for each in found:
                text = str(each["ResourceARN"])
                arn = arns.read(text)
                if text not in seen and arn.type not in _ELSEWHERE:
                    seen.add(text)
                    yield from _verified(account, owner, arn, tags_of(each))


def roles(account: Account, owner: Owner) -> Iterator[Item]:
    """IAM roles, which that list leaves out: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html."""
    prefix = f"{owner.cluster}-"
    for role in account.all("iam", "list_roles", "Roles[]", region=GLOBAL):
        name = str(role["RoleName"])
        if not name.startswith(prefix):
            continue
        tags = {
            tag["Key"]: tag["Value"]
            for tag in account.all("iam", "list_role_tags", "Tags[]", region=GLOBAL, RoleName=name)
        }
        if owner.claims(tags):
            yield Item(
                type="iam:role",
                id=name,
                region=GLOBAL,
                reason=owner.claims(tags),
                price=prices.FREE,
                command=f"aws iam delete-role --role-name {name}   (detach its policies first)",
            )


def _verified(account: Account, owner: Owner, arn: Arn, tags: Mapping[str, str]) -> Iterator[Item]:
    kind = arns.KINDS.get(arn.type)
    region = arn.region or (owner.region if arn.service == "s3" else GLOBAL)
    fields: dict[str, Any] = {
        "type": arn.type,
        "id": arn.rest or arn.text,
        "region": region,
        "name": tags.get("Name", ""),
    }
    if kind is None:
        yield Item(
            **fields,
            reason=f"{owner.claims(tags)} (not verified)",
            price=prices.UNKNOWN,
            command=_IN_THE_CONSOLE.format(text=arn.text),
        )
        return
    record = kind.look(account, arn, region)
    if record is None:
        return
    price = kind.price(record)
    dearer = bool(price.usd) and region not in (prices.REGION, GLOBAL)
    yield Item(
        **fields,
        reason=owner.claims(tags),
        price=prices.elsewhere(region) if dearer else price,
        command=arns.command(kind, arn, region),
    )
