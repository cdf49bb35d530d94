"""The sections of what runs on the cluster for everybody, from certificates to the runner of pipelines."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from settings.kinds import (
    BackupRetentionDays,
    DatadogSite,
    DomainName,
    Email,
    HttpsUrl,
    NamespaceName,
    Section,
    SlackChannel,
    StorageSize,
    refuse,
)
from settings.times import CronLine


class Certificates(Section):
    """Certificates of Let's Encrypt, by cert-manager."""

    email: Email
    """Where Let's Encrypt writes when a certificate is about to end without renewal."""
    issuer: Literal["letsencrypt-staging", "letsencrypt-production"] = "letsencrypt-staging"
    """Browsers trust `letsencrypt-production`, which issues few certificates a week; the other is for trying out."""
    challenge: Literal["dns-01", "http-01"] = "dns-01"
    """How the name is proved: by a record in `socle:dns.zone`, or by a page that the ingress serves."""


class ExternalDns(Section):
    """Records in `socle:dns.zone` for the hosts of Ingress objects, by external-dns."""

    policy: Literal["sync", "upsert-only"]
    """`sync` also deletes the records that it made once nobody needs them; `upsert-only` never deletes."""


class DatabaseBackup(Section):
    """Backups of the database to S3, continuous between the scheduled ones."""

    schedule: CronLine
    """When a whole copy is made, in UTC."""
    retention_days: BackupRetentionDays
    """Days back to which the database can be brought."""
    delete_contents: bool = False
    """Delete the backups when the stack is destroyed; a destroy stops while there are any otherwise."""


class Database(Section):
    """PostgreSQL on the cluster, replicated."""

    engine: Literal["cloudnative-pg", "postgresql-ha"] = "cloudnative-pg"
    """CloudNativePG, or Bitnami's postgresql-ha, whose images nobody mends any more."""
    instances: int = Field(default=2, ge=1, le=5)
    """Copies of the data, each on its own volume. Two or more survive the loss of one."""
    storage: StorageSize = "1Gi"
    """Size of each volume, at about 0.093 USD per GiB and month; it can grow, not shrink."""
    backup: DatabaseBackup | None = None
    """Backups to S3, with `cloudnative-pg` only; none when omitted."""
    protect: bool = False
    """Refuse to delete database and backups until `pulumi state unprotect`."""

    @field_validator("backup")
    @classmethod
    def _backed_up(cls, backup: DatabaseBackup | None, info: ValidationInfo) -> DatabaseBackup | None:
        if backup and info.data.get("engine") == "postgresql-ha":
            refuse(
                "expected none, because postgresql-ha has no backup of its own: socle:backups copies its volumes, "
                "or engine: cloudnative-pg"
            )
        return backup


class Backups(Section):
    """Copies of Kubernetes objects and volumes in S3, by Velero."""

    schedule: CronLine
    """When copies are made, in UTC; production wants at least one a day."""
    retention_days: BackupRetentionDays
    """Days to keep each."""
    namespaces: tuple[NamespaceName, ...] = Field(min_length=1)
    """Namespaces to copy."""
    delete_contents: bool = False
    """Delete the copies when the stack is destroyed; a destroy stops while there are any otherwise."""
    protect: bool = False
    """Refuse to delete the bucket until `pulumi state unprotect`."""

    @field_validator("namespaces")
    @classmethod
    def _not_of_velero(cls, namespaces: tuple[str, ...]) -> tuple[str, ...]:
        if "velero" in namespaces:
            refuse('expected others than "velero", whose objects describe the backups themselves')
        return namespaces


class Monitoring(Section):
    """Alerts, each with levels and a runbook, and one dashboard."""

    provider: Literal["datadog", "cloudwatch"]
    """Datadog sees inside the cluster and bills per node, outside AWS; CloudWatch sees what AWS measures, for about
    0.10 USD a month per alarm."""
    runbook_url: HttpsUrl
    """Where the team reads `docs/runbooks/`, such as its forge."""
    slack_channel: SlackChannel = "#alertes"
    """Channel that Datadog alerts."""
    site: DatadogSite = "datadoghq.eu"
    """Datadog's region."""
    logs: bool = False
    """Send the pods' logs to Datadog, which bills them by the GB."""
    apm: bool = False
    """Send traces to Datadog, which bills them by the host."""
    emails: tuple[Email, ...] = Field(default=(), validate_default=True)
    """Addresses that CloudWatch alerts, once each has confirmed."""
    container_insights: bool = False
    """CloudWatch also measures inside the cluster, at a price per node and metric."""

    @field_validator("logs", "apm", "container_insights")
    @classmethod
    def _of_its_provider(cls, on: bool, info: ValidationInfo) -> bool:
        owner = "cloudwatch" if info.field_name == "container_insights" else "datadog"
        if on and info.data.get("provider", owner) != owner:
            refuse(f"expected false, because provider is {info.data['provider']}, got true")
        return on

    @field_validator("emails")
    @classmethod
    def _somebody(cls, emails: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        provider = info.data.get("provider")
        if provider == "cloudwatch" and not emails:
            refuse("expected at least one address, because provider is cloudwatch, got []")
        if provider == "datadog" and emails:
            refuse("expected none, because Datadog alerts slack_channel")
        return emails


class Autoscaling(Section):
    """Nodes of EKS added when pods find no place and removed when few are left on one, by Cluster Autoscaler; those of
    K3s are as many as their groups say."""

    scale_down_after_minutes: int = Field(ge=1, le=1440)
    """Minutes that a node stays after it is no longer needed."""


class Vaultwarden(Section):
    """The team's passwords, by Vaultwarden; nobody can sign up by himself."""

    host: DomainName
    """Its name, inside `socle:dns.zone`."""
    database: Literal["postgresql", "sqlite"] = "sqlite"
    """`postgresql` is a database of its own in `socle:database`."""
    storage: StorageSize = "1Gi"
    """Size of its volume: attachments, and the SQLite file."""


class GitlabRunner(Section):
    """A runner of GitLab's pipelines, on the cluster, without privileges."""

    url: HttpsUrl = "https://gitlab.com"
    """GitLab that it works for."""
    concurrent: int = Field(default=2, ge=1, le=20)
    """Jobs at the same time."""
