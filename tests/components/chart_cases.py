"""The values that we give to each chart, with various options, for contract tests and snapshots."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from components import versions
from components.addons.cert_manager import cert_manager_values
from components.addons.cloudnative_pg import operator_values
from components.addons.cluster_autoscaler import ClusterAutoscalerArgs, cluster_autoscaler_values
from components.addons.database_backups import plugin_values
from components.addons.datadog import AgentChoices, datadog_values
from components.addons.external_dns import ExternalDnsArgs, external_dns_values
from components.addons.gitlab_runner import GitLabRunnerArgs, gitlab_runner_values
from components.addons.nginx import nginx_values
from components.addons.postgresql import PostgreSqlArgs
from components.addons.postgresql_ha import HaSecrets, postgresql_ha_values
from components.addons.proxy import ProxyArgs
from components.addons.traefik import traefik_values
from components.addons.vaultwarden import VaultwardenArgs, vaultwarden_values
from components.addons.velero import VeleroArgs, velero_values
from components.pods import Values
from components.workloads.route import Route
from tests.components.logins import example_login

NO_CLUSTER = cast(Any, None)
"""Values do not depend on the cluster."""


@dataclass(frozen=True)
class Case:
    """One chart."""

    pin: versions.Pin
    rendered: dict[str, Values]
    """Values by a word for the options that they were made with."""
    passed_on: frozenset[str] = field(default_factory=frozenset[str])
    """Below these, the chart passes on to Kubernetes or to the program whatever it is given."""
    in_comments: frozenset[str] = field(default_factory=frozenset[str])
    """Keys that the chart's values have in comments only, as it demands them or has no default for them."""


MOST = ProxyArgs(replicas=3, trusted_cidrs=("10.0.0.0/16",), load_balancer_hostname="lb.example")


def external_dns(**options: Any) -> Values:
    return external_dns_values(
        ExternalDnsArgs(
            cluster=NO_CLUSTER,
            zone_id="Z1",
            zone_name="devu42.fr",
            owner_id="socle-staging",
            target="lb.example",
            **options,
        )
    )


def cluster_autoscaler(version: str) -> Values:
    args = ClusterAutoscalerArgs(cluster=NO_CLUSTER, kubernetes_version=version, region="eu-west-3")
    return cluster_autoscaler_values(args, "socle-staging")


def vaultwarden(**options: Any) -> Values:
    route = Route(host="vault.devu42.fr", ingress_class="traefik")
    args = VaultwardenArgs(cluster=NO_CLUSTER, route=route, **options)
    return vaultwarden_values(args, "vaultwarden", secret="vaultwarden-login", claim="data")


def gitlab_runner(**options: Any) -> Values:
    return gitlab_runner_values(GitLabRunnerArgs(cluster=NO_CLUSTER, token="glrt-x", **options), "gitlab-runner-token")


def postgresql(**options: Any) -> PostgreSqlArgs:
    cluster = cast(Any, SimpleNamespace(storage_class="gp3"))
    return PostgreSqlArgs(cluster=cluster, engine="postgresql-ha", backup=None, **options)


LEAST_POSTGRESQL = postgresql(databases=("users",), instances=1)
MOST_POSTGRESQL = postgresql(databases=("users", "vaultwarden"), instances=3, protect=True, clients=("users-api",))


def velero(namespaces: tuple[str, ...], **options: Any) -> Values:
    args = VeleroArgs(
        cluster=NO_CLUSTER,
        region="eu-west-3",
        schedule="30 2 * * *",
        retention_days=30,
        namespaces=namespaces,
        **options,
    )
    return velero_values(args, "bucket")


MOST_DATADOG = AgentChoices(
    site="us5.datadoghq.com", tags={"stack": "prod"}, logs=True, apm=True, hostname_from_instance=False
)


def datadog(choices: AgentChoices) -> Values:
    return datadog_values(choices, "plain", "datadog-api-key", "datadog-cluster-agent-token")


CASES = {
    "traefik": Case(
        versions.TRAEFIK_CHART,
        {"least": traefik_values(ProxyArgs()), "most": traefik_values(MOST)},
        frozenset(("service.spec", "resources", "ports.web.http.redirections.entryPoint")),
    ),
    "nginx-ingress": Case(
        versions.NGINX_CHART,
        {"least": nginx_values(ProxyArgs()), "most": nginx_values(MOST)},
        frozenset(("controller.config.entries", "controller.resources", "controller.securityContext")),
    ),
    "cert-manager": Case(
        versions.CERT_MANAGER_CHART,
        {"all": cert_manager_values()},
        frozenset(("resources", "cainjector.resources", "webhook.resources", "startupapicheck.resources")),
    ),
    "external-dns": Case(
        versions.EXTERNAL_DNS_CHART,
        {"sync": external_dns(), "upsert-only": external_dns(policy="upsert-only")},
        frozenset(("resources",)),
    ),
    "cluster-autoscaler": Case(
        versions.CLUSTER_AUTOSCALER_CHART,
        {"1.36": cluster_autoscaler("1.36"), "1.35": cluster_autoscaler("1.35")},
        frozenset(("extraArgs", "resources", "securityContext", "containerSecurityContext")),
    ),
    "cloudnative-pg": Case(
        versions.CLOUDNATIVE_PG_CHART,
        {"least": operator_values(LEAST_POSTGRESQL), "most": operator_values(MOST_POSTGRESQL)},
        frozenset(("resources",)),
    ),
    "plugin-barman-cloud": Case(versions.BARMAN_PLUGIN_CHART, {"all": plugin_values()}, frozenset(("resources",))),
    "postgresql-ha": Case(
        versions.POSTGRESQL_HA_CHART,
        {
            "least": postgresql_ha_values("postgresql", LEAST_POSTGRESQL, HaSecrets(server="s", pool="p")),
            "most": postgresql_ha_values(
                "postgresql", MOST_POSTGRESQL, HaSecrets(server="s", pool="p", users="u", scripts="i")
            ),
        },
        frozenset(
            (
                *("postgresql.resources", "pgpool.resources", "witness.resources"),
                *("metrics.resources", "metrics.podSecurityContext"),
            )
        ),
    ),
    "datadog": Case(
        versions.DATADOG_CHART,
        {"least": datadog(AgentChoices()), "most": datadog(MOST_DATADOG)},
        frozenset(
            (
                *("datadog.confd", "clusterAgent.resources", "clusterAgent.containers.initContainers.resources"),
                *(f"agents.containers.{each}.resources" for each in ("agent", "traceAgent", "initContainers")),
            )
        ),
    ),
    "velero": Case(
        versions.VELERO_CHART,
        {
            "least": velero(("users-api",)),
            "most": velero(("users-api", "database"), protect=True, copied_by_barman=True),
        },
        frozenset(
            (
                *("resources", "upgradeJobResources", "kubectl.resources", "nodeAgent.resources", "configMaps"),
                *("podSecurityContext", "containerSecurityContext", "schedules"),
                "configuration.repositoryMaintenanceJob.repositoryConfigData.global",
            )
        ),
    ),
    "vaultwarden": Case(
        versions.VAULTWARDEN_CHART,
        {
            "postgresql": vaultwarden(database="postgresql", login=example_login()),
            "sqlite": vaultwarden(database="sqlite"),
        },
        frozenset(("podSecurityContext", "securityContext", "resources", "strategy", "storage.existingVolumeClaim")),
    ),
    "gitlab-runner": Case(
        versions.GITLAB_RUNNER_CHART,
        {"least": gitlab_runner(), "most": gitlab_runner(url="https://git.devu42.fr", concurrent=4)},
        frozenset(("podLabels", "podSecurityContext", "resources")),
        in_comments=frozenset(("gitlabUrl", "runners.secret", "serviceAccount.create")),
    ),
}
"""Cases by the chart's name."""
