"""Services of AWS that are billed apart from machines: control planes, keys, logs, buckets, zones, CloudFront."""

from typing import Any, Final, cast

from tools.costing.context import Context, Rule
from tools.costing.line import Line
from tools.costing.resource import Resource

CLUSTER: Final = "aws:eks/cluster:Cluster"
BUCKET: Final = "aws:s3/bucket:Bucket"
# Always free, also after the first year: https://aws.amazon.com/cloudfront/pricing/
_FREE_SITE_GB: Final = 1024
_FREE_SITE_REQUESTS_THOUSANDS: Final = 10_000
_BACKUPS: Final = ("backup", "velero", "snapshots", "archive")
"""Words in the names of components whose buckets hold backups."""


def cluster(resource: Resource, at: Context) -> list[Line]:
    """The control plane of EKS, and the logs that it keeps."""
    extended = resource.value("upgradePolicy", "supportType") != "STANDARD"
    why = "supportType is not STANDARD: 6 times as much once the version is out of standard support" if extended else ""
    lines = [at.by_the_hour(resource, f"EKS control plane {resource.name}", "eks.cluster")]
    if why:
        most = at.table.monthly("eks.cluster.extended") if "eks.cluster.extended" in at.table.prices else None
        lines = [at.line(resource, lines[0].what, lines[0].kind, lines[0].usd, high=most, why=why)]
    if resource.length("enabledClusterLogTypes", default=0):
        lines += logs_of(resource, at, f"EKS control plane {resource.name}: logs", at.usage.control_plane_logs_gb)
    return lines


def key(resource: Resource, at: Context) -> list[Line]:
    """A KMS key; its first rotations add as much each."""
    return [at.by_amount(resource, f"KMS key {resource.name}", "kms.key", 1)]


def secret(resource: Resource, at: Context) -> list[Line]:
    """A secret of Secrets Manager."""
    return [at.by_amount(resource, f"secret {resource.name}", "secrets-manager.secret", 1)]


def zone(resource: Resource, at: Context) -> list[Line]:
    """A hosted zone and its queries; records are free."""
    queries = at.usage.dns_queries_millions
    return [
        at.by_amount(resource, f"hosted zone {resource.name}", "route53.zone", 1),
        at.by_amount(
            resource,
            f"hosted zone {resource.name}: queries",
            "route53.queries",
            queries,
            assumed=f"{queries:g} million a month",
        ),
    ]


def log_group(resource: Resource, at: Context) -> list[Line]:
    """A log group, by what it takes in. That of a control plane is counted with the cluster."""
    name = str(resource.value("name") or resource.name)
    if name.startswith("/aws/eks/") and name.endswith("/cluster") and at.stack.of(CLUSTER):
        return [at.line(resource, f"logs {resource.name}", "free", why="counted with the cluster")]
    flow = "flow" in resource.name
    taken = at.usage.flow_logs_gb if flow else at.usage.application_logs_gb
    return logs_of(resource, at, f"logs {resource.name}", taken)


def logs_of(resource: Resource, at: Context, what: str, taken: float) -> list[Line]:
    """Logs that are taken in, and kept for a month on average."""
    assumed = f"{taken:g} GB a month"
    return [
        at.by_amount(resource, f"{what}, taken in", "logs.ingest", taken, assumed=assumed),
        at.by_amount(resource, f"{what}, kept", "logs.storage", taken, assumed=assumed),
    ]


def bucket(resource: Resource, at: Context) -> list[Line]:
    """A bucket, by what is in it."""
    holds = f"{resource.urn} {resource.name}".lower()
    if any(word in holds for word in _BACKUPS):
        stored, puts = at.usage.backups_gb, at.usage.backup_puts_thousands
        lines = [
            at.by_amount(
                resource,
                f"bucket {resource.name}: requests",
                "s3.put",
                puts,
                assumed=f"{puts:g} thousand writes a month",
            )
        ]
    else:
        stored, lines = at.usage.bucket_gb, []
    what = f"bucket {resource.name}"
    return [at.by_amount(resource, what, "s3.storage", stored, assumed=f"{stored:g} GB"), *lines]


def distribution(resource: Resource, at: Context) -> list[Line]:
    """CloudFront, above what is free for ever."""
    out, thousands = at.usage.site_out_gb, at.usage.site_requests_thousands
    billed, asked = max(0.0, out - _FREE_SITE_GB), max(0.0, thousands - _FREE_SITE_REQUESTS_THOUSANDS)
    return [
        at.by_amount(
            resource,
            f"CloudFront {resource.name}: data",
            "cloudfront.transfer",
            billed,
            assumed=f"{out:g} GB a month, of which {_FREE_SITE_GB} are free",
        ),
        at.by_amount(
            resource,
            f"CloudFront {resource.name}: requests",
            "cloudfront.requests",
            asked / 10,
            assumed=f"{thousands:g} thousand a month, of which {_FREE_SITE_REQUESTS_THOUSANDS} are free",
        ),
    ]


def registry(resource: Resource, at: Context) -> list[Line]:
    """A registry of images, by what it keeps."""
    kept = at.usage.registry_gb
    return [at.by_amount(resource, f"images {resource.name}", "ecr.storage", kept, assumed=f"{kept:g} GB")]


def alarm(resource: Resource, at: Context) -> list[Line]:
    """A CloudWatch alarm: each metric that it looks at counts."""
    questions = cast(list[dict[str, Any]], resource.value("metricQueries") or [])
    metrics = sum(1 for each in questions if each.get("metric")) or 1
    return [at.by_amount(resource, f"alarm {resource.name}: {metrics} metrics", "cloudwatch.alarm", metrics)]


RULES: Final[dict[str, Rule]] = {
    CLUSTER: cluster,
    "aws:kms/key:Key": key,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:route53/zone:Zone": zone,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    BUCKET: bucket,
    "aws:cloudfront/distribution:Distribution": distribution,
    "aws:ecr/repository:Repository": registry,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
}
