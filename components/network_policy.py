"""Network policies: who may reach the pods of a namespace, and whom they may reach."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components.namespace import Namespace
from components.pods import Values

# Kubernetes itself puts this label on every namespace:
# https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_DNS_PORT = 53
# What no router of the internet carries: https://www.iana.org/assignments/iana-ipv4-special-registry/
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
# The instance metadata service is in the first one, addresses of pods may be in the second one.
_LOCAL = ("169.254.0.0/16", "100.64.0.0/10")


def from_namespace(namespace: str, *ports: int) -> Values:
    """Let the pods of another namespace in, on TCP ports."""
    return {"from": [_in_namespace(namespace)], "ports": _tcp(ports)}


def to_pods(namespace: str, labels: Mapping[str, str], *ports: int) -> Values:
    """Let pods out to the pods with `labels` of another namespace, on TCP ports."""
    peer = {**_in_namespace(namespace), "podSelector": {"matchLabels": dict(labels)}}
    return {"to": [peer], "ports": _tcp(ports)}


def to_dns() -> Values:
    """Let pods out to the name servers of the cluster, which have the same label on EKS and K3s."""
    rule = to_pods("kube-system", {"k8s-app": "kube-dns"}, _DNS_PORT)
    return {**rule, "ports": [{"protocol": "UDP", "port": _DNS_PORT}, *rule["ports"]]}


def to_internet() -> Values:
    """Let pods out to public IPv4 addresses, not to the network around the cluster nor to instance metadata."""
    return {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [*_PRIVATE, *_LOCAL]}}]}


def to_private_network(*ports: int) -> Values:
    """Let pods out to private IPv4 addresses, on TCP ports."""
    return {"to": [{"ipBlock": {"cidr": cidr}} for cidr in _PRIVATE], "ports": _tcp(ports)}


def isolate(
    name: str,
    *,
    namespace: Namespace,
    ingress: Sequence[Values] = (),
    egress: Sequence[Values] = (),
    opts: pulumi.ResourceOptions,
) -> None:
    """Cut every pod of a namespace off from all but what the rules let in and out; the answers come back by themselves.

    Nodes always reach their pods, for the probes.
    """
    spec: Values = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": list(ingress),
        "egress": list(egress),
    }
    _policy(name, "isolation", namespace, spec, opts)


def let_out(
    name: str,
    policy_name: str,
    *,
    namespace: Namespace,
    labels: Mapping[str, str],
    egress: Sequence[Values],
    opts: pulumi.ResourceOptions,
) -> None:
    """Let the pods with `labels` reach more than the others of their namespace."""
    spec: Values = {
        "podSelector": {"matchLabels": dict(labels)},
        "policyTypes": ["Egress"],
        "egress": list(egress),
    }
    _policy(name, policy_name, namespace, spec, opts)


def _policy(name: str, policy_name: str, namespace: Namespace, spec: Values, opts: pulumi.ResourceOptions) -> None:
    kubernetes.networking.v1.NetworkPolicy(
        name,
        metadata={"name": policy_name, "namespace": namespace.ready},
        spec=cast(Any, spec),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=namespace.cluster.provider)),
    )


def _in_namespace(namespace: str) -> Values:
    return {"namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: namespace}}}


def _tcp(ports: Sequence[int]) -> list[Values]:
    return [{"protocol": "TCP", "port": port} for port in ports]
