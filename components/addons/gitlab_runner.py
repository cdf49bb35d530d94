"""The GitLab runner: the jobs of GitLab CI as pods of the cluster, kept away from everything else in it."""

import json
import re
from dataclasses import dataclass

import pulumi

from components import versions
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.credentials import kubernetes_secret
from components.namespace import make_namespace
from components.network_policy import isolate, let_out, to_dns, to_internet, to_private_network
from components.pods import Values, check_image, resources, restricted_pod

REPOSITORY = "https://charts.gitlab.io"
CHART = "gitlab-runner"
NAMESPACE = "gitlab-runner"
_SECRET = "gitlab-runner-token"  # noqa: S105 - the name of a Secret
_SERVICE_ACCOUNT = "gitlab-runner"
_TOKEN_PREFIX = "glrt-"  # noqa: S105 - how every such token starts
_MANAGER = {"socle/role": "manager"}
# User and group of the image: https://docs.gitlab.com/runner/install/kubernetes_helm_chart_configuration/
_USER, _GROUP = 100, 65533
# The API of EKS answers on 443, that of K3s on 6443. Policies see the address behind its service: of an interface in
# any private subnet, or of a server. No cluster knows it before it runs, so that all private addresses are let through,
# for the manager alone: jobs reach none of them.
_API_PORTS = (443, 6443)
# What running jobs get when the runner is stopped: less than Helm waits for, or a destroy would fail.
_STOP_SECONDS = 540
_URL = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]+)?(?:/[A-Za-z0-9._/-]*)?")


@dataclass(frozen=True, kw_only=True)
class GitLabRunnerArgs:
    """Inputs of `GitLabRunner`."""

    cluster: Cluster
    """Cluster that runs the jobs."""
    token: pulumi.Input[str]
    """Authentication token that GitLab shows when the runner is created, which starts with `glrt-`; a secret."""
    url: str = "https://gitlab.com"
    """Address of GitLab, on the internet."""
    concurrent: int = 2
    """Jobs that run at once."""
    default_image: str = "alpine:3.22"
    """Image of the jobs that name none, with its tag or digest."""
    build_cpu: str = "500m"
    """CPU that the build of each job reserves."""
    build_memory: str = "1Gi"
    """Memory that the build of each job reserves."""
    build_memory_limit: str = "2Gi"
    """Memory at which the build of a job is stopped."""
    chart_version: str = versions.GITLAB_RUNNER_CHART.version
    """Version of the chart, which brings its own version of the program."""

    def __post_init__(self) -> None:
        """Refuse what GitLab would refuse once the pod runs; the token is never shown."""
        if isinstance(self.token, str) and not self.token.startswith(_TOKEN_PREFIX):
            raise ValueError(f"token must start with {_TOKEN_PREFIX!r}: GitLab shows it when the runner is created")
        if not _URL.fullmatch(self.url):
            raise ValueError(f"url must be an address such as 'https://gitlab.com', got {self.url!r}")
        if self.concurrent < 1:
            raise ValueError(f"concurrent must be 1 or more, got {self.concurrent}")
        check_image("default_image", self.default_image)


# What the executor does, without the optional features of which none is on:
# https://docs.gitlab.com/runner/executors/kubernetes/#configure-runner-api-permissions
_RULES: list[Values] = [
    {"apiGroups": [""], "resources": [resource], "verbs": verbs}
    for resource, verbs in {
        "pods": ["create", "delete", "get", "list", "watch"],
        "pods/attach": ["create", "delete", "get", "patch"],
        "pods/exec": ["create", "delete", "get", "patch"],
        "pods/log": ["get", "list"],
        "secrets": ["create", "delete", "get", "update"],
        "serviceaccounts": ["get"],
        "services": ["create", "get"],
    }.items()
]


def runner_config(args: GitLabRunnerArgs) -> str:
    """TOML of the runner: https://docs.gitlab.com/runner/executors/kubernetes/#configuration-settings .

    A job may override neither namespace, account, resources nor labels: GitLab allows that only where it is said.
    """
    settings: dict[str, str | bool] = {
        "namespace": NAMESPACE,
        "image": args.default_image,
        "privileged": False,
        "allow_privilege_escalation": False,
        # A job has no business with the Kubernetes API.
        "automount_service_account_token": False,
        "cpu_request": args.build_cpu,
        "memory_request": args.build_memory,
        "memory_limit": args.build_memory_limit,
        "ephemeral_storage_request": "1Gi",
        "ephemeral_storage_limit": "10Gi",
        "helper_cpu_request": "50m",
        "helper_memory_request": "128Mi",
        "helper_memory_limit": "512Mi",
        "service_cpu_request": "100m",
        "service_memory_request": "256Mi",
        "service_memory_limit": "1Gi",
    }
    # A JSON string or boolean is one of TOML too.
    lines = [f"    {key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["[[runners]]", '  executor = "kubernetes"', "  [runners.kubernetes]", *lines, ""])


def gitlab_runner_values(args: GitLabRunnerArgs, secret: pulumi.Input[str]) -> Values:
    """Values of the chart: https://gitlab.com/gitlab-org/charts/gitlab-runner/-/blob/v0.86.0/values.yaml ."""
    return {
        "gitlabUrl": args.url,
        "concurrent": args.concurrent,
        "unregisterRunners": True,
        "terminationGracePeriodSeconds": _STOP_SECONDS,
        "runners": {"secret": secret, "config": runner_config(args)},
        "rbac": {"create": True, "clusterWideAccess": False, "rules": _RULES},
        "serviceAccount": {"create": True, "name": _SERVICE_ACCOUNT},
        "podLabels": _MANAGER,
        "podSecurityContext": {**restricted_pod(), "runAsUser": _USER, "runAsGroup": _GROUP, "fsGroup": _GROUP},
        # The pod writes its settings to its home, so its file system is not read-only.
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": False,
            "runAsNonRoot": True,
            "privileged": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": resources("50m", "128Mi", limit="256Mi"),
        "metrics": {"enabled": False},
        "sessionServer": {"enabled": False},
    }


class GitLabRunner(pulumi.ComponentResource):
    """A runner that turns each CI job into an unprivileged pod of one namespace; `docker build` does not work in it.

    Jobs reach the internet, so that they can fetch and publish, and the cluster's name servers; neither other pods,
    nor the VPC, nor instance metadata. Nobody reaches them. It costs one small pod, and what the jobs reserve.
    """

    namespace: pulumi.Output[str]
    """Namespace of the runner and of its jobs."""

    def __init__(self, name: str, args: GitLabRunnerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:GitLabRunner", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        # Most images of builds start as root and install packages, which `restricted` refuses. `baseline` lets them,
        # and still refuses what reaches the node: privileged pods, host paths, networks and processes of the host.
        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="baseline", opts=child
        )
        isolate(f"{name}-isolation", namespace=namespace, egress=[to_dns(), to_internet()], opts=child)
        # The runner makes the pods of the jobs; jobs cannot give themselves its label.
        let_out(
            f"{name}-to-api",
            "manager-to-api",
            namespace=namespace,
            labels=_MANAGER,
            egress=[to_private_network(*_API_PORTS)],
            opts=child,
        )
        # The chart mounts both keys; the second one belongs to a way of registering that GitLab gave up.
        data: dict[str, pulumi.Input[str]] = {"runner-token": args.token, "runner-registration-token": ""}
        secret = kubernetes_secret(f"{name}-secret", namespace=namespace, secret_name=_SECRET, data=data, opts=child)
        chart = ChartArgs(
            chart=CHART,
            version=args.chart_version,
            repository=REPOSITORY,
            namespace=namespace,
            values=gitlab_runner_values(args, secret),
        )
        self.namespace = Chart(name, chart, child).namespace
        self.register_outputs({"namespace": self.namespace})
