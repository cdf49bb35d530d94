"""What a program declares in Kubernetes, judged by the schemas of Kubernetes itself."""

from typing import Any, cast

import kubernetes_validate

from tests.conftest import Plan, Properties

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
JOB = "kubernetes:batch/v1:Job"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SECRET = "kubernetes:core/v1:Secret"
SERVICE = "kubernetes:core/v1:Service"
RELEASE = "kubernetes:helm.sh/v3:Release"


def plain(value: Any) -> Any:
    """The value without the envelopes of secrets."""
    if isinstance(value, dict):
        tree = cast(Properties, value)
        # https://www.pulumi.com/docs/iac/concepts/secrets/ : the key by which the engine knows a secret.
        if "4dabf18193072939515e22adb298388d" in tree:
            return plain(tree["value"])
        return {key: plain(each) for key, each in tree.items()}
    return [plain(each) for each in cast(list[Any], value)] if isinstance(value, list) else value


def check_objects(plan: Plan) -> set[str]:
    """Validate every object, misspelt keys included; returns the kinds that were checked."""
    kinds: set[str] = set()
    for declared in plan.resources:
        if declared.type.startswith("kubernetes:") and declared.type != RELEASE:
            kubernetes_validate.validate(plain(declared.inputs), kubernetes_validate.latest_version(), strict=True)
            kinds.add(declared.inputs["kind"])
    return kinds


def policy_of(plan: Plan, name: str) -> Any:
    """Spec of a network policy."""
    return plain(plan.of(POLICY)[name])["spec"]


def pod_of(plan: Plan, type_: str) -> Any:
    """Spec of the pods of the only workload of a type."""
    return plain(plan.one(type_))["spec"]["template"]["spec"]


def is_restricted(pod: Any) -> bool:
    """Whether a pod meets the Pod Security Standard `restricted`, on a read-only file system and without a token."""
    of_pod = pod["securityContext"]
    return (
        of_pod["runAsNonRoot"] is True
        and of_pod["runAsUser"] > 0
        and of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
        and pod["automountServiceAccountToken"] is False
        and all(
            each["securityContext"]
            == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            for each in pod["containers"]
        )
    )
