"""A Helm chart, with the AWS permissions that its pods need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components.namespace import Namespace

_OCI = "oci://"
# Each revision is a Secret in the cluster, and Helm keeps them all unless told otherwise.
_KEPT_REVISIONS = 5


@dataclass(frozen=True, kw_only=True)
class ChartArgs:
    """Inputs of `Chart`."""

    chart: str
    """Name of the chart in `repository`, or its whole `oci://` address."""
    version: str
    """Version of the chart, exactly as its publisher writes it."""
    repository: str | None = None
    """Address of the chart repository; omitted for an `oci://` chart."""
    namespace: Namespace
    """Where it is installed; Helm could make one, but would leave it behind on a destroy."""
    values: Mapping[str, Any]
    """Values of the chart; keep secrets out of them, they stay readable in the cluster."""
    service_account: str | None = None
    """Service account, among those of the chart, that gets `policy`."""
    policy: pulumi.Input[str] | None = None
    """JSON policy document of what that service account may do in AWS."""
    timeout_seconds: int = 600
    """Seconds that the pods have to become ready; then the deployment fails and says which are not."""
    custom_resources: Literal["install", "skip"] = "install"
    """`install` those of the chart's `crds` folder, which Helm then never upgrades; `skip` if something else does."""
    on_chart_change: Literal["upgrade", "replace"] = "upgrade"
    """What another `chart` does: `upgrade` in place, or `replace`, that is uninstall first, with the downtime."""

    def __post_init__(self) -> None:
        """Refuse what Helm would refuse late or misread."""
        if self.chart.startswith(_OCI) != (self.repository is None):
            raise ValueError(
                f"repository must be omitted for an {_OCI} chart and given for any other, "
                f"got {self.repository!r} for chart {self.chart!r}"
            )
        if (self.service_account is None) != (self.policy is None):
            raise ValueError(
                f"service_account and policy must be given together, got service_account {self.service_account!r}"
                f" {'without' if self.policy is None else 'with'} a policy"
            )
        if self.timeout_seconds < 1:
            raise ValueError(f"timeout_seconds must be 1 or more, got {self.timeout_seconds}")


class Chart(pulumi.ComponentResource):
    """A pinned Helm release, installed and awaited: when it is there, its pods are ready.

    The release has the component's own name in the cluster, so that the names of its service accounts and services
    are known beforehand.
    """

    namespace: pulumi.Output[str]
    """Namespace of the release, once that is ready."""
    release_name: pulumi.Output[str]
    """Name of the release, once it is ready."""

    def __init__(self, name: str, args: ChartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Chart", name, None, opts)
        release = self._release(name, args, self._grants(name, args))
        # Known beforehand, but handed out by the release, so that what uses them waits for it.
        self.namespace = release.namespace.apply(str)
        self.release_name = release.name.apply(str)
        self.register_outputs({"namespace": self.namespace, "release_name": self.release_name})

    def _grants(self, name: str, args: ChartArgs) -> list[pulumi.Resource]:
        if args.service_account is None or args.policy is None:
            return []
        return args.namespace.cluster.grant(
            name, namespace=args.namespace.name, service_account=args.service_account, policy=args.policy
        )

    def _release(self, name: str, args: ChartArgs, grants: Sequence[pulumi.Resource]) -> kubernetes.helm.v3.Release:
        replace = args.on_chart_change == "replace"
        # Pods get their credentials when they are created: one that starts before its grants runs without them.
        options = pulumi.ResourceOptions(
            parent=self,
            provider=args.namespace.cluster.provider,
            depends_on=list(grants),
            replace_on_changes=["chart"] if replace else [],
            delete_before_replace=replace,
        )
        return kubernetes.helm.v3.Release(
            f"{name}-release",
            name=name,
            namespace=args.namespace.ready,
            chart=args.chart,
            version=args.version,
            repository_opts=None if args.repository is None else {"repo": args.repository},
            values=args.values,
            timeout=args.timeout_seconds,
            skip_crds=args.custom_resources == "skip",
            max_history=_KEPT_REVISIONS,
            opts=options,
        )
