"""A Helm chart: its permissions, its release."""

from typing import Any

import pulumi
import pytest

from components.chart import Chart, ChartArgs
from components.namespace import Namespace, make_namespace
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"


def dns(cluster: Any) -> Namespace:
    return make_namespace(
        "external-dns-namespace",
        cluster=cluster,
        namespace="dns",
        pod_security="restricted",
        opts=pulumi.ResourceOptions(),
    )


def chart_args(namespace: Any, **changes: Any) -> ChartArgs:
    required: dict[str, Any] = {
        "chart": "external-dns",
        "version": "1.21.1",
        "repository": "https://charts.example",
        "namespace": namespace,
        "values": {"policy": "sync"},
    }
    return ChartArgs(**{**required, **changes})


def declare_chart(declare: Declare, opts: pulumi.ResourceOptions | None = None, **changes: Any) -> Plan:
    return declare(lambda: Chart("external-dns", chart_args(dns(PlainCluster()), **changes), opts))


def test_a_release_is_pinned_under_a_name_known_beforehand(declare: Declare):
    release = declare_chart(declare).one(RELEASE)
    wanted = {
        "name": "external-dns",
        "chart": "external-dns",
        "version": "1.21.1",
        "repositoryOpts": {"repo": "https://charts.example"},
        "namespace": "dns",
        "values": {"policy": "sync"},
        "timeout": 600,
        "skipCrds": False,
        "maxHistory": 5,
    }
    assert {key: release[key] for key in wanted} == wanted
    # Helm would leave a namespace of its own making behind, and hooks would not run without webhooks.
    assert not {"createNamespace", "disableWebhooks", "skipAwait"} & set(release)


def test_a_chart_of_an_oci_registry_has_no_repository(declare: Declare):
    release = declare_chart(declare, chart="oci://ghcr.io/charts/dns", repository=None).one(RELEASE)
    assert release["chart"] == "oci://ghcr.io/charts/dns"
    assert "repositoryOpts" not in release


def test_everything_is_made_in_the_cluster_that_was_given(declare: Declare):
    plan = declare_chart(declare)
    objects = {r.name: r.provider for r in plan.resources if r.type.startswith("kubernetes:")}
    assert set(objects) == {"external-dns-namespace", "external-dns-release"}
    assert all("::plain-k8s::" in provider for provider in objects.values())


def test_a_release_waits_for_the_permissions_of_its_pods_and_for_nothing_else(declare: Declare):
    seen = SeenOptions()
    declare_chart(declare, seen.opts, service_account="external-dns", policy="{}")
    assert seen.before("external-dns-release") == {"external-dns-grant"}


def test_permissions_go_to_the_service_account_of_the_chart(declare: Declare):
    clusters: list[PlainCluster] = []

    def program() -> None:
        clusters.append(PlainCluster())
        Chart("external-dns", chart_args(dns(clusters[0]), service_account="external-dns", policy='{"a": 1}'))

    declare(program)
    assert clusters[0].grants == {"external-dns": ("dns", "external-dns", '{"a": 1}')}


def test_a_chart_without_a_policy_asks_for_no_permission(declare: Declare):
    seen = SeenOptions()
    plan = declare_chart(declare, seen.opts)
    assert "test:index:Grant" not in plan.types
    assert seen.before("external-dns-release") == set()


def test_custom_resources_are_skipped_when_something_else_brings_them(declare: Declare):
    assert declare_chart(declare, custom_resources="skip").one(RELEASE)["skipCrds"] is True


def test_another_chart_takes_the_place_of_the_first_only_where_asked(declare: Declare):
    replaced, upgraded = SeenOptions(), SeenOptions()
    declare_chart(declare, replaced.opts, on_chart_change="replace")
    declare_chart(declare, upgraded.opts)
    options = replaced.by_name["external-dns-release"]
    assert (options.replace_on_changes, options.delete_before_replace) == (["chart"], True)
    assert not upgraded.by_name["external-dns-release"].replace_on_changes


def test_what_uses_a_release_gets_its_name_and_namespace_from_it(declare: Declare):
    seen: dict[str, str] = {}

    def program() -> None:
        chart = Chart("external-dns", chart_args(dns(PlainCluster())))
        pulumi.Output.all(name=chart.release_name, namespace=chart.namespace).apply(seen.update)

    declare(program)
    assert seen == {"name": "external-dns", "namespace": "dns"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repository": None}, "repository must be omitted for an oci:// chart and given for any other, got None"),
        ({"chart": "oci://x/y"}, "repository must be omitted .*, got 'https://charts.example' for chart 'oci://x/y'"),
        ({"policy": "{}"}, "service_account and policy must be given together, got service_account None with a policy"),
        ({"service_account": "dns"}, "given together, got service_account 'dns' without a policy"),
        ({"timeout_seconds": 0}, "timeout_seconds must be 1 or more, got 0"),
    ],
)
def test_a_chart_that_helm_would_refuse_late_is_refused_early(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        chart_args(None, **changes)
