"""Kinds of things that are found by their ARN: whether one still exists, what it costs, and how it is deleted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools import prices
from tools.account import Account, Record
from tools.prices import FREE, Price

_MOST_PAGES: Final = 10
"""Pages of a thousand objects that are counted in a bucket."""
_PAGE: Final = 1000


@dataclass(frozen=True)
class Arn:
    """An ARN, taken apart."""

    text: str
    service: str
    region: str
    kind: str
    """What comes before the first slash or colon of the last part; `bucket`, `topic` or `queue` where that is none."""
    rest: str
    """What comes after it."""

    @property
    def account(self) -> str:
        """Number of its account; empty where the ARN has none."""
        return self.text.split(":")[4]

    @property
    def type(self) -> str:
        """Service and kind."""
        return f"{self.service}:{self.kind}"


_PLAIN: Final = {"s3": "bucket", "sns": "topic", "sqs": "queue"}


def read(text: str) -> Arn:
    """Take an ARN apart: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html."""
    _, _, service, region, _, resource = text.split(":", 5)
    if service in _PLAIN:
        return Arn(text, service, region, _PLAIN[service], resource)
    end = min((at for at in (resource.find("/"), resource.find(":")) if at > 0), default=len(resource))
    return Arn(text, service, region, resource[:end], resource[end + 1 :].removesuffix(":*"))


Look = Callable[[Account, Arn, str], Record | None]
"""Asks in a region for the description of a thing; `None` when there is none any more."""


@dataclass(frozen=True)
class Kind:
    """How a kind of thing is looked up, priced and deleted."""

    look: Look
    delete: str
    """The command; `{rest}`, `{text}`, `{account}` and `{parts}` are of the ARN, `{region}` is where it was found."""
    price: Callable[[Record], Price] = lambda _: FREE


def _one(service: str, operation: str, arguments: Callable[[Arn, list[str]], Record]) -> Look:
    def look(account: Account, arn: Arn, region: str) -> Record | None:
        return account.one(service, operation, region=region, **arguments(arn, arn.rest.split("/")))

    return look


def _alarm(account: Account, arn: Arn, region: str) -> Record | None:
    kinds = {"AlarmNames": [arn.rest], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    answer = account.one("cloudwatch", "describe_alarms", region=region, **kinds) or {}
    return next(iter([*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]), None)


def _secret(account: Account, arn: Arn, region: str) -> Record | None:
    """A secret that is not on its way out: in its days of recovery it costs nothing."""
    found = account.one("secretsmanager", "describe_secret", region=region, SecretId=arn.text)
    return None if found is None or "DeletedDate" in found else found


def _log_group(account: Account, arn: Arn, region: str) -> Record | None:
    """The group of exactly that name: there is no operation but a search by prefix."""
    found = account.all("logs", "describe_log_groups", "logGroups[]", region=region, logGroupNamePrefix=arn.rest)
    return next((group for group in found if group["logGroupName"] == arn.rest), None)


def _budget(account: Account, arn: Arn, region: str) -> Record | None:
    return account.one("budgets", "describe_budget", region=region, AccountId=arn.account, BudgetName=arn.rest)


def _anomalies(operation: str, wanted: str, items: str) -> Look:
    """What looks for unusual costs, or tells of them: there is no operation but a list."""

    def look(account: Account, arn: Arn, region: str) -> Record | None:
        answer = account.one("ce", operation, region=region, **{wanted: [arn.text]}) or {}
        return next(iter(answer.get(items, ())), None)

    return look


def _schedule_group(account: Account, arn: Arn, region: str) -> Record | None:
    """A group that is not on its way out."""
    found = account.one("scheduler", "get_schedule_group", region=region, Name=arn.rest)
    return None if found is None or found.get("State") == "DELETING" else found


def _bucket(account: Account, arn: Arn, region: str) -> Record | None:
    """Sizes of all versions in a bucket, as far as a few pages tell."""
    if account.one("s3", "head_bucket", region=region, Bucket=arn.rest) is None:
        return None
    sizes: list[int] = []
    versions = account.all("s3", "list_object_versions", "Versions[]", region=region, Bucket=arn.rest)
    for version in versions:
        sizes.append(int(version["Size"]))
        if len(sizes) > _MOST_PAGES * _PAGE:
            return {}
    return {"sizes": sizes}


def _bucket_price(record: Record) -> Price:
    if "sizes" not in record:
        return Price(None, f"more than {_MOST_PAGES * _PAGE} objects, which are not counted here")
    return prices.bucket(sum(record["sizes"]), len(record["sizes"]))


def _zone_price(_: Record) -> Price:
    return prices.hosted_zone()


KINDS: Final[Mapping[str, Kind]] = {
    "s3:bucket": Kind(
        _bucket, "aws s3 rb s3://{rest} --force   (empty a versioned one in the console first)", _bucket_price
    ),
    "eks:cluster": Kind(
        _one("eks", "describe_cluster", lambda arn, _: {"name": arn.rest}),
        "aws eks delete-cluster --name {rest} --region {region}",
        lambda _: prices.cluster(),
    ),
    "eks:nodegroup": Kind(
        _one("eks", "describe_nodegroup", lambda _, parts: {"clusterName": parts[0], "nodegroupName": parts[1]}),
        "aws eks delete-nodegroup --cluster-name {parts[0]} --nodegroup-name {parts[1]} --region {region}",
    ),
    "eks:addon": Kind(
        _one("eks", "describe_addon", lambda _, parts: {"clusterName": parts[0], "addonName": parts[1]}),
        "aws eks delete-addon --cluster-name {parts[0]} --addon-name {parts[1]} --region {region}",
    ),
    "eks:podidentityassociation": Kind(
        _one(
            "eks",
            "describe_pod_identity_association",
            lambda _, parts: {"clusterName": parts[0], "associationId": parts[1]},
        ),
        "aws eks delete-pod-identity-association"
        " --cluster-name {parts[0]} --association-id {parts[1]} --region {region}",
    ),
    "logs:log-group": Kind(
        _log_group,
        "aws logs delete-log-group --log-group-name {rest} --region {region}",
        lambda record: prices.logs(record.get("storedBytes", 0)),
    ),
    "acm:certificate": Kind(
        _one("acm", "describe_certificate", lambda arn, _: {"CertificateArn": arn.text}),
        "aws acm delete-certificate --certificate-arn {text} --region {region}",
    ),
    "cloudfront:distribution": Kind(
        _one("cloudfront", "get_distribution", lambda arn, _: {"Id": arn.rest}),
        "aws cloudfront delete-distribution --id {rest} --if-match ETAG   (disable it in the console first)",
        lambda _: Price(0.0, "without traffic"),
    ),
    "route53:hostedzone": Kind(
        _one("route53", "get_hosted_zone", lambda arn, _: {"Id": arn.rest}),
        "aws route53 delete-hosted-zone --id {rest}   (its records first)",
        _zone_price,
    ),
    "sns:topic": Kind(
        _one("sns", "get_topic_attributes", lambda arn, _: {"TopicArn": arn.text}),
        "aws sns delete-topic --topic-arn {text} --region {region}",
    ),
    "cloudwatch:alarm": Kind(
        _alarm,
        "aws cloudwatch delete-alarms --alarm-names {rest} --region {region}",
        lambda _: prices.alarm(),
    ),
    "budgets:budget": Kind(
        _budget,
        "aws budgets delete-budget --account-id {account} --budget-name {rest}",
    ),
    "ce:anomalysubscription": Kind(
        _anomalies("get_anomaly_subscriptions", "SubscriptionArnList", "AnomalySubscriptions"),
        "aws ce delete-anomaly-subscription --subscription-arn {text} --region {region}",
    ),
    "ce:anomalymonitor": Kind(
        _anomalies("get_anomaly_monitors", "MonitorArnList", "AnomalyMonitors"),
        "aws ce delete-anomaly-monitor --monitor-arn {text} --region {region}",
    ),
    "scheduler:schedule-group": Kind(
        _schedule_group,
        "aws scheduler delete-schedule-group --name {rest} --region {region}   (its schedules go with it)",
    ),
    "kms:key": Kind(
        _one("kms", "describe_key", lambda arn, _: {"KeyId": arn.rest}),
        "aws kms schedule-key-deletion --key-id {rest} --region {region}",
        lambda record: prices.key(record["KeyMetadata"]["KeyState"]),
    ),
    "secretsmanager:secret": Kind(
        _secret,
        "aws secretsmanager delete-secret --secret-id {text} --region {region}",
        lambda _: prices.secret(),
    ),
}
"""By `Arn.type`. What is not here is listed all the same, unverified and without a price."""


def command(kind: Kind, arn: Arn, region: str) -> str:
    """The command that deletes a thing."""
    fields: dict[str, Any] = {"rest": arn.rest, "text": arn.text, "parts": arn.rest.split("/"), "region": region}
    fields["account"] = arn.account
    return kind.delete.format(**fields)
