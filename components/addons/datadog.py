"""Datadog's agent: what measures the nodes, the pods and the programs of the platform, and sends it to Datadog."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components import versions
from components.addons.datadog_checks import CHECKS
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.credentials import kubernetes_secret, password
from components.namespace import make_namespace
from components.pods import Values, resources

REPOSITORY = "https://helm.datadoghq.com"
NAMESPACE = "datadog"
"""Namespace of the agent; from here it asks for the metrics of pods in other namespaces."""

_OFF: Values = {"enabled": False}
_AGENT_RESOURCES = resources("100m", "256Mi", limit="512Mi")
_CLUSTER_AGENT_RESOURCES = resources("50m", "128Mi", limit="256Mi")
_INIT_RESOURCES = resources("10m", "64Mi", limit="128Mi")
_TRACE_RESOURCES = resources("20m", "64Mi", limit="128Mi")


@dataclass(frozen=True, kw_only=True)
class AgentChoices:
    """What the user chooses about the agent."""

    site: str = "datadoghq.eu"
    """Datadog's region."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of everything that is measured, such as those of the stack."""
    logs: bool = False
    """True sends the logs of all pods, billed by the GB."""
    apm: bool = False
    """True opens port 8126 of every node to traces, billed by the node."""
    hostname_from_instance: bool = True
    """Nodes are EC2 instances with cloud-init, which name themselves in a file: pods cannot ask AWS. Else False."""

    def __post_init__(self) -> None:
        """Refuse a site that is a URL, to which the agent would send nothing."""
        if not self.site or "/" in self.site or self.site.startswith("app."):
            raise ValueError(f"site must be a Datadog site such as 'datadoghq.eu', got {self.site!r}")


@dataclass(frozen=True, kw_only=True)
class DatadogAgentArgs(AgentChoices):
    """Inputs of `DatadogAgent`."""

    cluster: Cluster
    """Cluster that is measured."""
    api_key: pulumi.Input[str]
    """Key of the Datadog organisation; the agent's pods read a new one when they restart."""
    chart_version: str = versions.DATADOG_CHART.version
    """Version of the chart, which brings its own version of the agent."""


def datadog_values(
    choices: AgentChoices,
    cluster_name: pulumi.Input[str],
    key_secret: pulumi.Input[str],
    token_secret: pulumi.Input[str],
) -> Values:
    """Values of the chart: https://github.com/DataDog/helm-charts/blob/datadog-3.240.0/charts/datadog/values.yaml ."""
    return {
        "registry": "public.ecr.aws/datadog",
        "datadog": {
            "apiKeyExistingSecret": key_secret,
            "clusterName": cluster_name,
            "site": choices.site,
            "tags": [f"{key}:{value}" for key, value in choices.tags.items()],
            "logs": {"enabled": choices.logs, "containerCollectAll": choices.logs},
            "apm": {"socketEnabled": False, "portEnabled": choices.apm, "instrumentation": _OFF},
            "confd": dict(CHECKS),
            "kubelet": {"tlsVerify": True},
            # Deployments, pods and nodes as the API server sees them; without the Secrets, which the agent could read.
            "kubeStateMetricsCore": {"enabled": True, "collectSecretMetrics": False, "collectConfigMaps": False},
            "kubeStateMetricsEnabled": False,
            # Programs do not send metrics of their own.
            "dogstatsd": {"useSocketVolume": False, "nonLocalTraffic": False},
            "useHostPID": False,
            **_billed_or_unused(),
        },
        "clusterAgent": _cluster_agent(token_secret),
        "agents": _node_agent(),
        "clusterChecksRunner": _OFF,
        "remoteConfiguration": _OFF,
        "providers": {"eks": {"ec2": {"useHostnameFromFile": choices.hostname_from_instance}}},
    }


def _billed_or_unused() -> Values:
    """Switch off what the chart has on by itself and Datadog bills, or what would let Datadog change the cluster."""
    return {
        "operator": _OFF,
        "instrumentationCrd": _OFF,
        "processAgent": {
            "enabled": False,
            "processCollection": False,
            "processDiscovery": False,
            "containerCollection": False,
        },
        "orchestratorExplorer": _OFF,
        "containerImageCollection": _OFF,
        "containerLifecycle": _OFF,
        "networkMonitoring": _OFF,
        "serviceMonitoring": _OFF,
        "discovery": _OFF,
        "sbom": {"containerImage": _OFF, "host": _OFF},
        "securityAgent": {"compliance": _OFF, "runtime": _OFF},
        "remoteConfiguration": _OFF,
        "prometheusScrape": _OFF,
    }


def _cluster_agent(token_secret: pulumi.Input[str]) -> Values:
    return {
        # A token that the chart draws would change with every deployment.
        "tokenExistingSecret": token_secret,
        "replicas": 1,
        "resources": _CLUSTER_AGENT_RESOURCES,
        "containers": {"initContainers": {"resources": _INIT_RESOURCES}},
        # An APIService without its pod would block the deletion of every namespace.
        "metricsProvider": {"enabled": False, "registerAPIService": False, "useDatadogMetrics": False},
        # The cluster agent would make webhooks that nothing deletes afterwards.
        "admissionController": _OFF,
        "rbac": {"flareAdditionalPermissions": False},
    }


def _node_agent() -> Values:
    return {
        # A node that nobody watches is the one that fails.
        "tolerations": [{"operator": "Exists"}],
        "containers": {
            "agent": {"resources": _AGENT_RESOURCES},
            "traceAgent": {"resources": _TRACE_RESOURCES},
            "initContainers": {"resources": _INIT_RESOURCES},
        },
    }


class DatadogAgent(pulumi.ComponentResource):
    """An agent on every node and one for the cluster, which send metrics and events to Datadog.

    Datadog bills each node (15 to 18 USD a month), outside AWS; logs and traces come on top and are off. It opens no
    port unless `apm` does. The pods leave the cluster over HTTPS to `site`.
    """

    namespace: str
    """Namespace of the agent."""
    release_name: pulumi.Output[str]
    """Name of the release, once agents run on all nodes."""

    def __init__(self, name: str, args: DatadogAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:DatadogAgent", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        # It reads /proc, the cgroups and the container runtime of the node, through host paths: `baseline` has none.
        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="privileged", opts=child
        )
        key = kubernetes_secret(
            f"{name}-api-key",
            namespace=namespace,
            secret_name="datadog-api-key",  # noqa: S106 (a name)
            data={"api-key": args.api_key},
            opts=child,
        )
        token = kubernetes_secret(
            f"{name}-token",
            namespace=namespace,
            secret_name="datadog-cluster-agent-token",  # noqa: S106 (a name)
            data={"token": password(f"{name}-token-value", child)},
            opts=child,
        )
        chart = ChartArgs(
            chart="datadog",
            version=args.chart_version,
            repository=REPOSITORY,
            namespace=namespace,
            values=datadog_values(args, args.cluster.name, key, token),
        )
        self.namespace = NAMESPACE
        self.release_name = Chart(f"{name}-agent", chart, child).release_name
        self.register_outputs({"namespace": self.namespace, "release_name": self.release_name})
