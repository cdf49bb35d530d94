"""EKS: who reaches the API, what is logged and encrypted, how long the version is supported."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from policy.rules.model import Context, Resource, on

CLUSTER: Final = "aws:eks/cluster:Cluster"
COMPONENT: Final = "eks:index:Cluster"
"""The component of pulumi-eks, which has most of a cluster's inputs under names of its own."""
ANYWHERE: Final = ("0.0.0.0/0", "::/0")
_LOGS: Final = ("audit", "authenticator")
_ENTRIES: Final = ("API", "API_AND_CONFIG_MAP")
_NOTICE: Final = timedelta(days=90)

# https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, read on 2026-11-21
END_OF_SUPPORT: Final = {
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
}
"""Last day of standard support, by Kubernetes version; newer versions have more than a year."""


def _inside(resource: Resource) -> tuple[str, ...]:
    return ("vpcConfig",) if resource.type == CLUSTER else ()


@on(CLUSTER, COMPONENT)
def endpoint(cluster: Resource, _: Context) -> Iterator[str]:
    """The API answers nobody outside the VPC, or known addresses only."""
    if not cluster.yes(*_inside(cluster), "endpointPublicAccess", default=True):
        return
    cidrs = list(cluster.each(*_inside(cluster), "publicAccessCidrs"))
    if not cidrs:
        yield "its API answers the whole internet, because no publicAccessCidrs say otherwise"
    for cidr in cidrs:
        if str(cidr).endswith("/0"):
            yield f"its API answers {cidr}, the whole internet"


@on(CLUSTER, COMPONENT)
def logs(cluster: Resource, _: Context) -> Iterator[str]:
    """Who asked the API for what is logged."""
    on_ = set(cluster.each("enabledClusterLogTypes"))
    for kind in _LOGS:
        if kind not in on_:
            yield f"enabledClusterLogTypes lacks {kind}"


@on(CLUSTER, COMPONENT)
def secrets(cluster: Resource, _: Context) -> Iterator[str]:
    """Kubernetes Secrets are encrypted with a key."""
    if cluster.type == COMPONENT:
        # A key that is made along with the cluster is there, although nobody knows its ARN yet.
        if cluster.inputs.get("encryptionConfigKeyArn") is None:
            yield "no key encrypts its Secrets: encryptionConfigKeyArn is not set"
    elif "secrets" not in cluster.at("encryptionConfig", "resources", default=[]):
        yield "no key encrypts its Secrets: encryptionConfig does not name them"


@on(CLUSTER, COMPONENT)
def support(cluster: Resource, context: Context) -> Iterator[str]:
    """The version is in standard support, and stays out of the extended one."""
    kind = cluster.at("upgradePolicy", "supportType")
    if kind != "STANDARD":
        yield f"upgradePolicy.supportType is {kind or 'EXTENDED, as always when omitted'}, expected STANDARD"
    version = str(cluster.at("version", default=""))
    end = END_OF_SUPPORT.get(version)
    if version and end is None and version < min(END_OF_SUPPORT):
        yield f"Kubernetes {version} is out of standard support"
    elif end and context.today > end:
        yield f"Kubernetes {version} left standard support on {end}"


@on(CLUSTER, COMPONENT)
def ending(cluster: Resource, context: Context) -> Iterator[str]:
    """The end of standard support is not near."""
    version = str(cluster.at("version", default=""))
    end = END_OF_SUPPORT.get(version)
    if end and context.today <= end < context.today + _NOTICE:
        yield f"Kubernetes {version} leaves standard support on {end}, in {(end - context.today).days} days"


@on(CLUSTER, COMPONENT)
def access(cluster: Resource, _: Context) -> Iterator[str]:
    """People are let in by access entries."""
    inside = ("accessConfig",) if cluster.type == CLUSTER else ()
    mode = cluster.at(*inside, "authenticationMode")
    if mode not in _ENTRIES:
        yield f"authenticationMode is {mode or 'CONFIG_MAP, as always when omitted'}, expected API"


@on(CLUSTER)
def creator(cluster: Resource, context: Context) -> Iterator[str]:
    """In production, whoever makes a cluster is no administrator of it for ever, where that can be chosen.

    The component of pulumi-eks 4 leaves no choice. With access entries, its creator has one, which shows and may go.
    """
    kept = cluster.yes("accessConfig", "bootstrapClusterCreatorAdminPermissions", default=True)
    if context.production and kept and f"{COMPONENT}$" not in cluster.urn:
        yield "bootstrapClusterCreatorAdminPermissions is not false: whoever made it stays its administrator"


@on("aws:eks/accessEntry:AccessEntry")
def entry(entry_: Resource, _: Context) -> Iterator[str]:
    """No entry gives the group of those who may do everything."""
    if "system:masters" in list(entry_.each("kubernetesGroups")):
        yield "kubernetesGroups has system:masters, which no rule of the cluster can take back"


CHECKS: Final = {
    "EKS-01": (endpoint,),
    "EKS-02": (logs,),
    "EKS-03": (secrets,),
    "EKS-04": (support, ending),
    "EKS-05": (access, creator, entry),
}
