"""Kubernetes: what keeps namespaces apart, and who may do what in them."""

from collections.abc import Iterator
from typing import Any, Final

from policy.rules.model import UNKNOWN, Context, Resource, Said, Stack, StackCheck, at, each, on, yes
from policy.rules.pods import AGENTS, namespace_of

POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SPACE: Final = "kubernetes:core/v1:Namespace"
PLATFORM: Final = {
    **AGENTS,
    "ingress": "visitors come in here",
    "cert-manager": "its webhook is called by the API",
    "external-dns": "it only calls out, to the API and Route 53",
    "cluster-autoscaler": "it only calls out, to the API and EC2",
    "cnpg-system": "its webhook is called by the API",
    "database": "each kind of its pods has a policy of its own",
}
"""Namespaces that serve the cluster, and why no policy closes them as a whole."""
_ROLES: Final = (
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
)
_BINDINGS: Final = (
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
)
_RISING: Final = frozenset({"bind", "escalate", "impersonate"})


def _closes(policy: Resource) -> bool:
    """Whether a policy refuses to all pods of its namespace what no policy allows."""
    chosen: dict[str, Any] = policy.at("spec", "podSelector", default={})
    return not any(chosen.values()) and "Ingress" in list(policy.each("spec", "policyTypes"))


def _isolation(stack: Stack) -> Iterator[Said]:
    closing = [policy for policy in stack.of(POLICY) if _closes(policy)]
    unknown = [policy for policy in closing if at(policy.inputs, "metadata").get("namespace") is UNKNOWN]
    closed = {namespace_of(policy) for policy in closing if policy not in unknown}
    # The name of a namespace that is yet to be made is not known: then the component tells which one it is.
    beside = {policy.parent for policy in unknown} - {""}
    for space in stack.of(SPACE):
        name = str(space.at("metadata", "name", default=space.name))
        if name not in closed and name not in PLATFORM and space.parent not in beside:
            yield space, f"no NetworkPolicy closes the namespace {name} to others"


@on(POLICY)
def wide(policy: Resource, _: Context) -> Iterator[str]:
    """No policy lets everybody in."""
    for way in policy.each("spec", "ingress"):
        if not list(each(way, "from")):
            yield "an entry of ingress has no from, and lets everybody in"
        if any(at(source, "ipBlock", "cidr") == "0.0.0.0/0" for source in each(way, "from")):
            yield "an entry of ingress lets 0.0.0.0/0 in"


@on("eks:index:Cluster")
def agent(cluster: Resource, _: Context) -> Iterator[str]:
    """The cluster heeds policies."""
    if not cluster.yes("vpcCniOptions", "enableNetworkPolicy"):
        yield "vpcCniOptions.enableNetworkPolicy is not true: a NetworkPolicy is accepted, and does nothing"


@on(*_ROLES)
def role(role_: Resource, _: Context) -> Iterator[str]:
    """No role allows everything, reads all Secrets, or hands out rights."""
    for rule in role_.each("rules"):
        verbs, things = set(map(str, each(rule, "verbs"))), set(map(str, each(rule, "resources")))
        if "*" in verbs or "*" in things:
            yield "a rule allows every verb, or is about every kind of object (*)"
        if verbs & _RISING:
            yield f"a rule allows {', '.join(sorted(verbs & _RISING))}"
        reads = verbs & {"get", "list", "watch"}
        if (
            "secrets" in things
            and reads
            and not list(each(rule, "resourceNames"))
            and role_.type.endswith("ClusterRole")
        ):
            yield "a rule reads every Secret of the cluster"


@on(*_BINDINGS)
def binding(binding_: Resource, _: Context) -> Iterator[str]:
    """Nobody is made an administrator, and nothing is given to everybody."""
    if binding_.at("roleRef", "name") == "cluster-admin":
        yield "it makes its subjects administrators of the cluster"
    for subject in binding_.each("subjects"):
        if at(subject, "name") in ("system:anonymous", "system:unauthenticated", "system:authenticated"):
            yield f"it is for {at(subject, 'name')}, which is everybody"


@on("kubernetes:core/v1:ServiceAccount")
def account(account_: Resource, _: Context) -> Iterator[str]:
    """Accounts give pods a token only where these ask for it."""
    mounted = account_.inputs.get("automountServiceAccountToken")
    if mounted is not UNKNOWN and yes(mounted, default=True):
        yield "automountServiceAccountToken is not false"


CHECKS: Final = {
    "K8S-04": (StackCheck(_isolation), wide, agent),
    "K8S-05": (role, binding, account),
}
