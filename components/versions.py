"""Every version that a human bumps, each with the date its support ends and the page that says so.

`python -m tools.pins` prints them with the days left; the tests fail once one is past its date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Pin:
    """One pinned version."""

    version: str
    """The version, written the way the tool that installs it expects."""
    end_of_support: date | None
    """Last day on which its publisher mends it without extra charge; None when the publisher announces no date."""
    source: str
    """Page to read before changing the version."""
    undated: str = ""
    """Why there is no end date; empty when there is one."""

    def __post_init__(self) -> None:
        """Refuse a pin whose end of support is neither dated nor explained."""
        if (self.end_of_support is None) == (not self.undated):
            raise ValueError(f"undated must say why end_of_support is None, and only then, got {self.undated!r}")


# Standard support. A day later AWS bills extended support, six times the hourly price of the control plane, or upgrades
# the cluster by itself when its upgrade policy is STANDARD.
_EKS_VERSIONS = "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"
KUBERNETES = Pin("1.36", date(2027, 8, 2), _EKS_VERSIONS)
KUBERNETES_1_35 = Pin("1.35", date(2027, 3, 27), _EKS_VERSIONS)

# AWS dates no EKS add-on: a build is good as long as EKS lists it for the cluster's Kubernetes version. To list them:
#     aws eks describe-addon-versions --kubernetes-version 1.36 --addon-name vpc-cni \
#         --query 'addons[].addonVersions[].addonVersion'
_ADDON_GUIDE = "https://docs.aws.amazon.com/eks/latest/userguide"
_ADDON = "supported as long as EKS lists it for the cluster's Kubernetes version"
EKS_VPC_CNI = Pin("v1.22.4-eksbuild.3", None, f"{_ADDON_GUIDE}/managing-vpc-cni.html", _ADDON)
EKS_KUBE_PROXY = Pin("v1.36.0-eksbuild.21", None, f"{_ADDON_GUIDE}/managing-kube-proxy.html", _ADDON)
EKS_COREDNS = Pin("v1.14.3-eksbuild.16", None, f"{_ADDON_GUIDE}/managing-coredns.html", _ADDON)
EKS_POD_IDENTITY_AGENT = Pin("v1.3.10-eksbuild.3", None, f"{_ADDON_GUIDE}/pod-id-agent-setup.html", _ADDON)
EKS_EBS_CSI = Pin("v1.64.0-eksbuild.1", None, f"{_ADDON_GUIDE}/ebs-csi.html", _ADDON)
EKS_METRICS_SERVER = Pin("v0.9.0-eksbuild.11", None, f"{_ADDON_GUIDE}/metrics-server.html", _ADDON)
EKS_SNAPSHOT_CONTROLLER = Pin("v8.6.0-eksbuild.6", None, f"{_ADDON_GUIDE}/csi-snapshot-controller.html", _ADDON)
EKS_CLOUDWATCH = Pin(
    "v6.5.0-eksbuild.1", None, "https://github.com/aws-observability/helm-charts/blob/main/RELEASE_NOTES", _ADDON
)
EKS_KUBE_PROXY_1_35 = Pin("v1.35.3-eksbuild.29", None, EKS_KUBE_PROXY.source, _ADDON)
EKS_COREDNS_1_35 = Pin("v1.13.2-eksbuild.31", None, EKS_COREDNS.source, _ADDON)

# Its images of one version are built anew every half year, with newer packages; a bump brings another program.
FCK_NAT = Pin(
    "1.4.0",
    None,
    "https://github.com/AndrewGuenther/fck-nat/releases",
    "the newest minor version is rebuilt twice a year",
)

TRAEFIK_CHART = Pin(
    "41.3.0",
    None,
    "https://github.com/traefik/traefik-helm-chart/releases",
    "only the newest chart is mended: bump it with each release",
)
NGINX_CHART = Pin(
    "2.6.4",
    None,
    "https://docs.nginx.com/nginx-ingress-controller/technical-specifications/",
    "F5 dates a release only once the next one is out, and mends the newest: bump it with each release",
)

_NEWEST_ONLY = "only the newest release is mended: bump it with each one"
CERT_MANAGER_CHART = Pin(
    "v1.21.1",
    None,
    "https://cert-manager.io/docs/releases/",
    "mended until the second minor version after it is out, whose day nobody announces",
)
EXTERNAL_DNS_CHART = Pin(
    "1.21.1",
    None,
    "https://github.com/kubernetes-sigs/external-dns/blob/master/charts/external-dns/CHANGELOG.md",
    _NEWEST_ONLY,
)
CLOUDNATIVE_PG_CHART = Pin(
    "0.29.0",
    None,
    "https://cloudnative-pg.io/docs/current/supported_releases/",
    "mended until three months after its operator's next minor version is out, and dated only then",
)
# The image that operator 1.30 takes by itself; its publisher rebuilds it with newer packages.
POSTGRESQL = Pin("18.4-system-trixie", date(2030, 11, 14), "https://www.postgresql.org/support/versioning/")
BARMAN_PLUGIN_CHART = Pin("0.7.0", None, "https://github.com/cloudnative-pg/plugin-barman-cloud/releases", _NEWEST_ONLY)
POSTGRESQL_HA_CHART = Pin(
    "16.3.4", None, "https://github.com/bitnami/charts/issues/35164", "frozen since September 2025 and mended by nobody"
)
VELERO_CHART = Pin("12.1.0", None, "https://github.com/vmware-tanzu/helm-charts/releases", _NEWEST_ONLY)
VELERO = Pin("v1.18.2", None, "https://github.com/velero-io/velero/releases", _NEWEST_ONLY)
VELERO_AWS_PLUGIN = Pin("v1.14.2", None, "https://github.com/velero-io/velero-plugin-for-aws/releases", _NEWEST_ONLY)
DATADOG_CHART = Pin("3.240.0", None, "https://github.com/DataDog/helm-charts/releases", _NEWEST_ONLY)
CLUSTER_AUTOSCALER_CHART = Pin("9.59.0", None, "https://github.com/kubernetes/autoscaler/releases", _NEWEST_ONLY)
# It simulates the scheduler of one Kubernetes version, and is tested with no other.
_AUTOSCALER_RELEASES = (
    "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/README.md#releasescompatibility"
)
_LIKE_KUBERNETES = "mended as long as its Kubernetes version: bump it with each patch release"
CLUSTER_AUTOSCALER = Pin("v1.36.1", None, _AUTOSCALER_RELEASES, _LIKE_KUBERNETES)
CLUSTER_AUTOSCALER_1_35 = Pin("v1.35.2", None, _AUTOSCALER_RELEASES, _LIKE_KUBERNETES)
VAULTWARDEN_CHART = Pin("0.43.1", None, "https://github.com/guerzon/vaultwarden/releases", _NEWEST_ONLY)
VAULTWARDEN = Pin("1.37.2-alpine", None, "https://github.com/dani-garcia/vaultwarden/releases", _NEWEST_ONLY)
GITLAB_RUNNER_CHART = Pin(
    "0.86.0", None, "https://docs.gitlab.com/runner/#gitlab-runner-versions", "follow the minor version of your GitLab"
)

# A minor of K3s ends with that of Kubernetes: https://docs.k3s.io/release-notes/v1.36.X
_K3S = "https://github.com/k3s-io/k3s/releases"
K3S = Pin("v1.36.5+k3s1", date(2027, 6, 28), _K3S)
EBS_CSI_CHART = Pin("2.64.0", None, "https://github.com/kubernetes-sigs/aws-ebs-csi-driver/releases", _NEWEST_ONLY)
SNAPSHOT_CONTROLLER_CHART = Pin("5.2.0", None, "https://github.com/piraeusdatastore/helm-charts/releases", _NEWEST_ONLY)
REDIS = Pin(
    "8.10.2-alpine3.23",
    None,
    "https://github.com/docker-library/official-images/blob/master/library/redis",
    _NEWEST_ONLY,
)
K3S_RELEASES: Mapping[str, Pin] = {KUBERNETES.version: K3S}
"""Releases of K3s, by Kubernetes version; one that is absent here is not offered."""
K3S_SHA256: Mapping[str, Mapping[str, str]] = {
    K3S.version: {"amd64": "d73847bcd3c5fccef0115b372e2f9a91f3032dc84bbf71518a4617565294d313"}
}
"""Checksums of its binaries by release and processor; for a processor without one, the release's own list counts."""

_ANY_KUBERNETES: Mapping[str, Pin] = {
    "vpc-cni": EKS_VPC_CNI,
    "eks-pod-identity-agent": EKS_POD_IDENTITY_AGENT,
    "aws-ebs-csi-driver": EKS_EBS_CSI,
    "metrics-server": EKS_METRICS_SERVER,
    "snapshot-controller": EKS_SNAPSHOT_CONTROLLER,
}
EKS_ADDONS: Mapping[str, Mapping[str, Pin]] = {
    KUBERNETES.version: {**_ANY_KUBERNETES, "kube-proxy": EKS_KUBE_PROXY, "coredns": EKS_COREDNS},
    KUBERNETES_1_35.version: {**_ANY_KUBERNETES, "kube-proxy": EKS_KUBE_PROXY_1_35, "coredns": EKS_COREDNS_1_35},
}
"""Add-ons that EKS accepts together, by Kubernetes version then add-on name. A version absent here is not offered."""
CLUSTER_AUTOSCALERS: Mapping[str, Pin] = {
    KUBERNETES.version: CLUSTER_AUTOSCALER,
    KUBERNETES_1_35.version: CLUSTER_AUTOSCALER_1_35,
}
"""Image of the Cluster Autoscaler, by Kubernetes version."""

PINS: dict[str, Pin] = {
    "kubernetes": KUBERNETES,
    "kubernetes-1.35": KUBERNETES_1_35,
    "eks-vpc-cni": EKS_VPC_CNI,
    "eks-kube-proxy": EKS_KUBE_PROXY,
    "eks-kube-proxy-1.35": EKS_KUBE_PROXY_1_35,
    "eks-coredns": EKS_COREDNS,
    "eks-coredns-1.35": EKS_COREDNS_1_35,
    "eks-cloudwatch-observability": EKS_CLOUDWATCH,
    "eks-pod-identity-agent": EKS_POD_IDENTITY_AGENT,
    "eks-ebs-csi": EKS_EBS_CSI,
    "eks-metrics-server": EKS_METRICS_SERVER,
    "eks-snapshot-controller": EKS_SNAPSHOT_CONTROLLER,
    "fck-nat": FCK_NAT,
    "traefik-chart": TRAEFIK_CHART,
    "nginx-chart": NGINX_CHART,
    "cert-manager-chart": CERT_MANAGER_CHART,
    "external-dns-chart": EXTERNAL_DNS_CHART,
    "cloudnative-pg-chart": CLOUDNATIVE_PG_CHART,
    "postgresql": POSTGRESQL,
    "barman-plugin-chart": BARMAN_PLUGIN_CHART,
    "postgresql-ha-chart": POSTGRESQL_HA_CHART,
    "velero-chart": VELERO_CHART,
    "velero": VELERO,
    "velero-aws-plugin": VELERO_AWS_PLUGIN,
    "datadog-chart": DATADOG_CHART,
    "cluster-autoscaler-chart": CLUSTER_AUTOSCALER_CHART,
    "cluster-autoscaler": CLUSTER_AUTOSCALER,
    "cluster-autoscaler-1.35": CLUSTER_AUTOSCALER_1_35,
    "vaultwarden-chart": VAULTWARDEN_CHART,
    "vaultwarden": VAULTWARDEN,
    "gitlab-runner-chart": GITLAB_RUNNER_CHART,
    "k3s": K3S,
    "ebs-csi-chart": EBS_CSI_CHART,
    "snapshot-controller-chart": SNAPSHOT_CONTROLLER_CHART,
    "redis": REDIS,
}
"""Every pin, by the name that reports use."""

CHARTS: Mapping[str, Pin] = {
    "aws-ebs-csi-driver": EBS_CSI_CHART,
    "cert-manager": CERT_MANAGER_CHART,
    "cloudnative-pg": CLOUDNATIVE_PG_CHART,
    "cluster-autoscaler": CLUSTER_AUTOSCALER_CHART,
    "datadog": DATADOG_CHART,
    "external-dns": EXTERNAL_DNS_CHART,
    "gitlab-runner": GITLAB_RUNNER_CHART,
    "nginx-ingress": NGINX_CHART,
    "plugin-barman-cloud": BARMAN_PLUGIN_CHART,
    "postgresql-ha": POSTGRESQL_HA_CHART,
    "snapshot-controller": SNAPSHOT_CONTROLLER_CHART,
    "traefik": TRAEFIK_CHART,
    "vaultwarden": VAULTWARDEN_CHART,
    "velero": VELERO_CHART,
}
"""Charts, by the name that their publisher gives them: a stack may be kept on another version."""
INGRESS_CHARTS: Mapping[str, str] = {"traefik": "traefik", "nginx": "nginx-ingress"}
"""Chart of each ingress controller."""
PROGRAMS: Mapping[str, Pin] = {
    "postgresql": POSTGRESQL,
    "redis": REDIS,
    "vaultwarden": VAULTWARDEN,
    "velero": VELERO,
    "velero-plugin-for-aws": VELERO_AWS_PLUGIN,
}
"""Programs whose image is pinned apart from their chart, likewise. The autoscaler's follows the Kubernetes version."""


def overdue(today: date, pins: Mapping[str, Pin] = PINS) -> list[str]:
    """Names of the pins whose support ended before `today`, the oldest first."""
    return [name for end, name in _dated(pins) if end < today]


def due_soon(today: date, days: int = 60, pins: Mapping[str, Pin] = PINS) -> list[str]:
    """Names of the pins whose support ends between `today` and `days` days later, the nearest first."""
    return [name for end, name in _dated(pins) if today <= end <= today + timedelta(days=days)]


def _dated(pins: Mapping[str, Pin]) -> list[tuple[date, str]]:
    return sorted((pin.end_of_support, name) for name, pin in pins.items() if pin.end_of_support)
