"""What watches a stack and alerts the team."""

import pulumi

from components.addons import velero
from components.addons.container_insights import ContainerInsights, ContainerInsightsArgs
from components.addons.datadog import DatadogAgent, DatadogAgentArgs
from components.alarm_list import Balancer
from components.cloudwatch_alarms import CloudWatchAlarms, CloudWatchAlarmsArgs
from components.cluster import Cluster
from components.datadog_monitors import DatadogMonitors, DatadogMonitorsArgs
from components.datadog_resources import DatadogProvider
from settings import Settings
from settings.schedules import longest_pause_hours
from stack.door import Door
from stack.foundation import Foundation


def monitoring(base: Foundation, cluster: Cluster | None, door: Door | None) -> None:
    """Alerts with their runbooks, by the provider of the settings."""
    wanted = base.settings.monitoring
    if wanted is None or cluster is None:
        return
    if wanted.provider == "datadog":
        _agent(base, cluster)
        _monitors(base)
    else:
        _alarms(base, cluster, door)


def watched_namespaces(settings: Settings) -> tuple[str, ...]:
    """Namespaces whose deployments have to be available: one of each part that the stack has."""
    database = settings.database
    on_eks = settings.cluster is not None and settings.cluster.kind == "eks"
    parts = {
        "ingress": settings.ingress,
        "cert-manager": settings.certificates,
        "external-dns": settings.external_dns,
        "cluster-autoscaler": settings.autoscaling if on_eks else None,
        "database": database,
        "cnpg-system": settings.database
        if settings.database and settings.database.engine == "cloudnative-pg"
        else None,
        "velero": settings.backups,
        "datadog": settings.monitoring,
        "users-api": settings.users_api,
        "f1-vote": settings.f1_vote,
        "web-frontend": settings.web_frontend,
        "vaultwarden": settings.vaultwarden,
        "gitlab-runner": settings.gitlab_runner,
    }
    return ("kube-system", *(namespace for namespace, part in parts.items() if part))


def _agent(base: Foundation, cluster: Cluster) -> None:
    wanted, key = base.settings.monitoring, base.settings.datadog_api_key
    if wanted is None or key is None:
        return
    DatadogAgent(
        "datadog",
        DatadogAgentArgs(
            cluster=cluster,
            site=wanted.site,
            api_key=key.get_secret_value(),
            tags=base.tags,
            logs=wanted.logs,
            apm=wanted.apm,
            chart_version=base.settings.versions.chart("datadog"),
        ),
        base.opts,
    )


def _monitors(base: Foundation) -> None:
    settings = base.settings
    wanted, api_key, app_key = settings.monitoring, settings.datadog_api_key, settings.datadog_app_key
    if wanted is None or api_key is None or app_key is None:
        return
    provider = DatadogProvider(
        "datadog",
        api_url=f"https://api.{wanted.site}/",
        api_key=api_key.get_secret_value(),
        app_key=app_key.get_secret_value(),
    )
    database, backups = settings.database, settings.backups
    barman = database and database.backup
    monitors = DatadogMonitors(
        "alerts",
        DatadogMonitorsArgs(
            cluster_name=base.name,
            namespaces=watched_namespaces(settings),
            api_namespace="users-api" if settings.users_api else None,
            ingress=settings.ingress.controller if settings.ingress else "traefik",
            database_namespace="database" if database else None,
            database_backup_hours=longest_pause_hours(barman.schedule) if barman else None,
            backup_schedule=velero.SCHEDULE if backups else None,
            backup_hours=longest_pause_hours(backups.schedule) if backups else 24,
            certificates=settings.certificates is not None,
            runbook_url=wanted.runbook_url,
            slack_channel=wanted.slack_channel,
            site=wanted.site,
            tags=base.tags,
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )
    base.outputs["dashboard"] = monitors.dashboard_url


def _alarms(base: Foundation, cluster: Cluster, door: Door | None) -> None:
    wanted, ingress = base.settings.monitoring, base.settings.ingress
    if wanted is None:
        return
    account_id = base.account_id()
    if wanted.container_insights:
        insights = ContainerInsightsArgs(cluster=cluster, account_id=account_id, region=base.settings.region)
        ContainerInsights("container-insights", insights, base.opts)
    alarms = CloudWatchAlarms(
        "alerts",
        CloudWatchAlarmsArgs(
            cluster_name=cluster.name,
            account_id=account_id,
            region=base.settings.region,
            emails=wanted.emails,
            runbook_url=wanted.runbook_url,
            autoscaling_group_names=cluster.ingress_targets.autoscaling_group_names,
            balancer=Balancer(
                kind=ingress.load_balancer,
                arn_suffix=door.balancer.made.arn_suffix,
                target_group_arn_suffixes=door.balancer.made.target_group_arn_suffixes,
            )
            if door and ingress
            else None,
            certificate_arn=door.balancer.certificate_arn if door else None,
            container_insights=wanted.container_insights,
        ),
        base.opts,
    )
    base.outputs["alarm_topic"] = alarms.topic_arn
