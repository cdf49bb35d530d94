"""Namespaces: their Pod Security Standard, and how what is made in them waits for them."""

import pulumi
import pytest

from components.namespace import Namespace, PodSecurity, make_namespace
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare

NAMESPACE = "kubernetes:core/v1:Namespace"


def dns(cluster: PlainCluster, pod_security: PodSecurity = "restricted") -> Namespace:
    return make_namespace(
        "dns", cluster=cluster, namespace="dns", pod_security=pod_security, opts=pulumi.ResourceOptions()
    )


def test_a_namespace_refuses_pods_below_its_standard_and_warns_of_what_would_make_them(declare: Declare):
    assert declare(lambda: dns(PlainCluster(), "baseline")).one(NAMESPACE)["metadata"] == {
        "name": "dns",
        "labels": {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "baseline"},
    }


def test_a_namespace_that_kubernetes_brings_along_is_refused(declare: Declare):
    message = "namespace must not be one that Kubernetes brings along, got 'kube-system'"
    with pytest.raises(ValueError, match=message):
        declare(
            lambda: make_namespace(
                "x",
                cluster=PlainCluster(),
                namespace="kube-system",
                pod_security="baseline",
                opts=pulumi.ResourceOptions(),
            )
        )


def test_what_is_made_in_a_namespace_waits_for_it(declare: Declare):
    seen: list[str] = []
    declare(lambda: dns(PlainCluster()).ready.apply(seen.append))
    assert seen == ["dns"]
