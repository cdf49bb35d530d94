"""The Datadog agent: what it may see, what it sends, what it does not cost."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from components import versions
from components.addons.database_server import METRICS_PORT
from components.addons.datadog import AgentChoices, DatadogAgent, DatadogAgentArgs, datadog_values
from components.addons.datadog_checks import CHECKS
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "kubernetes:core/v1:Secret"
# What Pulumi writes around a secret value: https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/runtime/rpc.py
SEAL = "4dabf18193072939515e22adb298388d"


def declared(declare: Declare, **choices: Any) -> Plan:
    def program() -> None:
        DatadogAgent("datadog", DatadogAgentArgs(cluster=PlainCluster(), api_key="not-a-real-key", **choices))

    return declare(program)


def rendered(**choices: Any) -> dict[str, Any]:
    return datadog_values(AgentChoices(**choices), "plain", "key-secret", "token-secret")


def switches(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, bool]]:
    """Everything called `enabled`, by the path of what it switches."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from switches(cast(dict[str, Any], value), f"{path}.{key}".lstrip("."))
        elif key == "enabled":
            yield path, value


def sealed(secret: dict[str, Any]) -> set[str]:
    """Keys of a Secret's data, which Pulumi knows as secret."""
    data: dict[str, Any] = secret["stringData"]
    assert SEAL in data
    return set(data["value"])


def check(file: str) -> dict[str, Any]:
    return json.loads(CHECKS[file])


def test_the_chart_is_pinned_and_named_after_its_component(declare: Declare):
    release = declared(declare).one(RELEASE)
    assert (release["chart"], release["version"]) == ("datadog", versions.DATADOG_CHART.version)
    assert release["repositoryOpts"] == {"repo": "https://helm.datadoghq.com"}
    assert (release["name"], release["namespace"]) == ("datadog-agent", "datadog")


def test_its_values_name_the_cluster_and_the_two_secrets(declare: Declare):
    values = declared(declare, tags={"stack": "test"}).one(RELEASE)["values"]
    choices = AgentChoices(tags={"stack": "test"})
    assert values == datadog_values(choices, "plain", "datadog-api-key", "datadog-cluster-agent-token")


def test_key_and_token_are_secrets_of_the_cluster_and_nowhere_else(declare: Declare):
    plan = declared(declare)
    secrets = plan.of(SECRET)
    assert set(secrets) == {"datadog-api-key", "datadog-token"}
    assert secrets["datadog-api-key"]["metadata"] == {"name": "datadog-api-key", "namespace": "datadog"}
    assert sealed(secrets["datadog-api-key"]) == {"api-key"}
    assert secrets["datadog-token"]["metadata"]["name"] == "datadog-cluster-agent-token"
    assert sealed(secrets["datadog-token"]) == {"token"}
    elsewhere = [each.inputs for each in plan.resources if each.type != SECRET]
    assert "not-a-real-key" not in json.dumps(elsewhere, default=str)


def test_the_token_is_drawn_and_long_enough_for_the_agent(declare: Declare):
    drawn = declared(declare).one("random:index/randomPassword:RandomPassword")
    # https://docs.datadoghq.com/containers/cluster_agent/setup/#secure-cluster-agent-to-agent-communication
    assert drawn["length"] >= 32


def test_its_namespace_lets_pods_read_the_node(declare: Declare):
    labels = declared(declare).one("kubernetes:core/v1:Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"


def test_nothing_is_on_but_what_measures():
    on = {path for path, enabled in switches(rendered()) if enabled}
    assert on == {"datadog.kubeStateMetricsCore"}


@pytest.mark.parametrize(
    "part",
    [
        "operator",
        "logs",
        "processAgent",
        "orchestratorExplorer",
        "containerImageCollection",
        "networkMonitoring",
        "serviceMonitoring",
        "discovery",
        "remoteConfiguration",
        "instrumentationCrd",
    ],
)
def test_what_the_chart_could_bill_or_bring_along_is_off_by_name(part: str):
    assert rendered()["datadog"][part]["enabled"] is False


def test_no_port_of_the_node_is_open_for_traces_by_default():
    assert rendered()["datadog"]["apm"] == {
        "socketEnabled": False,
        "portEnabled": False,
        "instrumentation": {"enabled": False},
    }


def test_logs_and_traces_are_switched_on_one_by_one():
    logs, apm = rendered(logs=True)["datadog"], rendered(apm=True)["datadog"]
    assert logs["logs"] == {"enabled": True, "containerCollectAll": True}
    assert logs["apm"]["portEnabled"] is False
    assert apm["apm"]["portEnabled"] is True
    assert apm["logs"]["enabled"] is False


def test_the_agent_may_not_read_secrets_of_the_cluster():
    values = rendered()
    assert values["datadog"]["kubeStateMetricsCore"]["collectSecretMetrics"] is False
    assert values["datadog"]["kubeStateMetricsCore"]["collectConfigMaps"] is False
    assert values["clusterAgent"]["rbac"] == {"flareAdditionalPermissions": False}


def test_it_leaves_no_webhook_and_no_api_service_behind():
    agent = rendered()["clusterAgent"]
    assert agent["admissionController"] == {"enabled": False}
    assert agent["metricsProvider"]["registerAPIService"] is False


def test_datadog_cannot_change_the_agent_from_outside():
    assert rendered()["remoteConfiguration"] == {"enabled": False}
    assert rendered()["datadog"]["remoteConfiguration"] == {"enabled": False}


def test_every_container_says_what_it_needs():
    values = rendered()
    agents, cluster = values["agents"]["containers"], values["clusterAgent"]
    containers = [*agents.values(), cluster, cluster["containers"]["initContainers"]]
    assert {"agent", "traceAgent", "initContainers"} == set(agents)
    for container in containers:
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert set(container["resources"]["limits"]) == {"memory"}


def test_a_node_of_ec2_is_called_what_aws_calls_it():
    path = "providers", "eks", "ec2"
    for choice in (True, False):
        values: Any = rendered(hostname_from_instance=choice)
        for key in path:
            values = values[key]
        assert values == {"useHostnameFromFile": choice}


def test_the_kubelet_is_believed_only_with_its_certificate():
    assert rendered()["datadog"]["kubelet"] == {"tlsVerify": True}


def test_tags_and_site_are_those_of_the_stack():
    values = rendered(site="us5.datadoghq.com", tags={"project": "socle", "stack": "prod"})["datadog"]
    assert values["site"] == "us5.datadoghq.com"
    assert values["tags"] == ["project:socle", "stack:prod"]


@pytest.mark.parametrize("site", ["", "https://app.datadoghq.eu", "app.datadoghq.eu"])
def test_an_address_instead_of_a_site_is_refused(site: str):
    with pytest.raises(ValueError, match=f"site must be a Datadog site such as 'datadoghq.eu', got '{site}'"):
        AgentChoices(site=site)


# Checks


def test_the_agent_asks_programs_where_they_answer():
    ports = {file: check(file)["instances"][0]["openmetrics_endpoint"] for file in CHECKS}
    assert ports == {
        "traefik_mesh.yaml": "http://%%host%%:9100/metrics",
        "cert_manager.yaml": "http://%%host%%:9402/metrics",
        "velero.yaml": "http://%%host%%:8085/metrics",
        "openmetrics.yaml": f"http://%%host%%:{METRICS_PORT}/metrics",
    }


def test_each_check_belongs_to_the_images_of_its_program():
    assert {file: check(file)["ad_identifiers"] for file in CHECKS} == {
        "traefik_mesh.yaml": ["traefik"],
        "cert_manager.yaml": ["cert-manager-controller"],
        "velero.yaml": ["velero"],
        "openmetrics.yaml": ["postgresql", "postgres-exporter"],
    }


def test_moments_are_sent_as_ages_since_queries_know_no_clock():
    ages: list[tuple[str, str]] = []
    for file in CHECKS:
        instance = check(file)["instances"][0]
        for metrics in (*instance.get("metrics", []), *instance.get("extra_metrics", [])):
            aged = {source: how for source, how in metrics.items() if not isinstance(how, str)}
            ages += [(source, how["name"]) for source, how in aged.items() if how["type"] == "time_elapsed"]
    assert ages == [
        ("certmanager_certificate_expiration_timestamp_seconds", "certificate.overdue"),
        ("velero_backup_last_successful_timestamp", "backup.age"),
        ("barman_cloud_cloudnative_pg_io_last_available_backup_timestamp", "backup.age"),
    ]


def test_both_engines_of_postgresql_answer_under_the_same_names():
    (metrics,) = check("openmetrics.yaml")["instances"][0]["metrics"]
    plain = {source: name for source, name in metrics.items() if isinstance(name, str)}
    cloudnative = {name for source, name in plain.items() if source.startswith("cnpg_")}
    exporter = {name for source, name in plain.items() if source.startswith("pg_")}
    assert cloudnative == exporter == {"connections", "max_connections", "commits", "rollbacks"}


def test_the_checks_reach_the_agent_as_files():
    assert rendered()["datadog"]["confd"] == CHECKS
