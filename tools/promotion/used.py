"""Which of what is promoted a stack uses, by its settings; pure. The stack itself says so only once it is declared."""

from collections.abc import Mapping

from components.versions import INGRESS_CHARTS
from settings import Settings


def used(settings: Settings) -> Mapping[str, frozenset[str]]:
    """Names of the charts, programs and images of a stack, by section of its file of versions."""
    cluster = settings.cluster
    if cluster is None:
        return {"charts": frozenset(), "programs": frozenset(), "images": frozenset()}
    charts: dict[str, object] = {
        "cert-manager": settings.certificates,
        "external-dns": settings.external_dns,
        "cluster-autoscaler": cluster.kind == "eks" and settings.autoscaling,
        "aws-ebs-csi-driver": cluster.kind == "k3s",
        "snapshot-controller": cluster.kind == "k3s",
        "datadog": settings.monitoring and settings.monitoring.provider == "datadog",
        "velero": settings.backups,
        "vaultwarden": settings.vaultwarden,
        "gitlab-runner": settings.gitlab_runner,
    }
    database, ingress = settings.database, settings.ingress
    programs: dict[str, object] = {
        "postgresql": database and database.engine == "cloudnative-pg",
        "redis": settings.f1_vote,
        "vaultwarden": settings.vaultwarden,
        "velero": settings.backups,
        "velero-plugin-for-aws": settings.backups,
    }
    images: dict[str, object] = {
        "f1-vote": settings.f1_vote,
        "users-api": settings.users_api,
        "web-frontend": settings.web_frontend,
    }
    if ingress:
        charts[INGRESS_CHARTS[ingress.controller]] = ingress
    if database:
        charts[database.engine] = database
        charts["plugin-barman-cloud"] = database.backup
    return {
        "charts": frozenset(name for name, part in charts.items() if part),
        "programs": frozenset(name for name, part in programs.items() if part),
        "images": frozenset(name for name, part in images.items() if part),
    }
