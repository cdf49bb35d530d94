"""Redis for one application: who reaches it, where its data is, and what it knows of its password."""

import hashlib
from typing import Any

import pulumi
import pytest

from components import versions
from components.workloads.redis import Redis, RedisArgs
from tests.components.declared_objects import (
    NAMESPACE,
    SECRET,
    SERVICE,
    check_objects,
    is_restricted,
    plain,
    pod_of,
    policy_of,
)
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Outputs, Plan

RANDOM = "random:index/randomPassword:RandomPassword"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
OUTPUTS: Outputs = {RANDOM: lambda _: {"result": "drawn-by-random"}}


def args(**choices: Any) -> RedisArgs:
    least: dict[str, Any] = {"cluster": None, "namespace": "votes", "client_namespace": "clients"}
    return RedisArgs(**{**least, **choices})


def declared(declare: Declare, opts: pulumi.ResourceOptions | None = None, **choices: Any) -> Plan:
    return declare(lambda: Redis("store", args(cluster=PlainCluster(), **choices), opts), outputs=OUTPUTS)


def configuration(plan: Plan) -> list[str]:
    return plain(plan.one(SECRET))["stringData"]["redis.conf"].splitlines()


def test_kubernetes_knows_every_field(declare: Declare):
    kinds = {"Namespace", "NetworkPolicy", "Secret", "PersistentVolumeClaim", "StatefulSet", "Service"}
    assert check_objects(declared(declare)) == kinds


def test_its_pod_runs_under_the_strictest_standard_from_a_pinned_image(declare: Declare):
    plan = declared(declare)
    assert plan.one(NAMESPACE)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert is_restricted(pod_of(plan, STATEFUL_SET))
    assert pod_of(plan, STATEFUL_SET)["containers"][0]["image"] == f"docker.io/library/redis:{versions.REDIS.version}"


def test_only_the_clients_reach_it_and_it_reaches_nobody(declare: Declare):
    policy = policy_of(declared(declare), "store-isolation")
    clients = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "clients"}}}
    assert policy == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [clients], "ports": [{"protocol": "TCP", "port": 6379}]}],
        "egress": [],
    }


def test_its_pod_is_told_the_hash_of_the_password_and_not_the_password(declare: Declare):
    plan = declared(declare)
    hashed = hashlib.sha256(b"drawn-by-random").hexdigest()
    assert f"user default on #{hashed} ~* &* +@all -@admin" in configuration(plan)
    shown = [each for each in plan.resources if each.type not in (RANDOM, SECRET)]
    assert not [each.name for each in shown if "drawn-by" in str(each.inputs) or hashed in str(each.inputs)]
    assert "drawn-by" not in str(plan.one(SECRET))


def test_without_the_password_one_may_only_ask_whether_it_answers(declare: Declare):
    plan = declared(declare)
    assert [line for line in configuration(plan) if "nopass" in line] == ["user probe on nopass +ping"]
    container = pod_of(plan, STATEFUL_SET)["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["exec"]["command"] == [
            "sh",
            "-c",
            "redis-cli -u redis://probe:probe@127.0.0.1:6379 ping | grep -qx PONG",
        ]


def test_votes_are_written_down_and_none_is_forgotten_for_room(declare: Declare):
    lines = configuration(declared(declare))
    assert {"appendonly yes", "appendfsync everysec", "dir /data", "maxmemory-policy noeviction"} <= set(lines)


def test_its_data_is_on_a_claim_of_the_clusters_storage_class(declare: Declare):
    seen = SeenOptions()
    plan = declared(declare, seen.opts, storage="3Gi", protect=True)
    assert plan.one(CLAIM)["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "plain",
        "resources": {"requests": {"storage": "3Gi"}},
    }
    assert seen.by_name["store-data"].protect is True
    pod = pod_of(plan, STATEFUL_SET)
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "data"}} in pod["volumes"]
    assert {"name": "data", "mountPath": "/data"} in pod["containers"][0]["volumeMounts"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) == (999, 999)


def test_it_starts_from_the_file_of_the_secret(declare: Declare):
    pod = pod_of(declared(declare), STATEFUL_SET)
    container = pod["containers"][0]
    assert container["command"] == ["redis-server", "/etc/redis/redis.conf"]
    assert {"name": "configuration", "mountPath": "/etc/redis", "readOnly": True} in container["volumeMounts"]
    assert {"name": "configuration", "secret": {"secretName": "redis", "defaultMode": 0o440}} in pod["volumes"]


def test_another_password_makes_another_pod(declare: Declare):
    def checksum(drawn: str) -> str:
        outputs: Outputs = {RANDOM: lambda _: {"result": drawn}}
        plan = declare(lambda: Redis("store", args(cluster=PlainCluster())), outputs=outputs)
        metadata = plain(plan.one(STATEFUL_SET))["spec"]["template"]["metadata"]
        return metadata["annotations"]["socle/configuration-checksum"]

    assert checksum("one") == checksum("one") != checksum("two")


def test_it_is_pinned_to_the_nodes_that_were_asked_for_whatever_they_keep_away(declare: Declare):
    selector = {"node-role.kubernetes.io/control-plane": "true"}
    pod = pod_of(declared(declare, node_selector=selector), STATEFUL_SET)
    assert pod["nodeSelector"] == selector
    assert pod["tolerations"] == [
        {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}
    ]


def test_it_runs_anywhere_when_nothing_was_asked_for_but_not_on_a_tainted_control_plane(declare: Declare):
    pod = pod_of(declared(declare), STATEFUL_SET)
    assert (pod["nodeSelector"], pod["tolerations"]) == ({}, [])


def test_there_is_one_pod_and_its_memory_holds_the_data_twice(declare: Declare):
    plan = declared(declare)
    assert plain(plan.one(STATEFUL_SET))["spec"]["replicas"] == 1
    assert pod_of(plan, STATEFUL_SET)["containers"][0]["resources"]["limits"] == {"memory": "256Mi"}
    assert "maxmemory 128mb" in configuration(plan)


def test_clients_get_an_address_with_the_password_that_stays_secret(declare: Declare):
    seen: dict[str, Any] = {}

    def program() -> None:
        made = Redis("store", args(cluster=PlainCluster()))
        pulumi.Output.from_input(made.url).apply(lambda url: seen.update(url=url))
        pulumi.Output.from_input(made.url.is_secret()).apply(lambda it: seen.update(is_secret=it))

    plan = declare(program, outputs=OUTPUTS)
    assert seen == {"url": "redis://:drawn-by-random@redis.votes.svc:6379", "is_secret": True}
    selector = plan.one(SERVICE)["spec"]["selector"]
    assert selector.items() <= plain(plan.one(STATEFUL_SET))["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("storage", ["1", "1G", "0Gi", "-1Gi"])
def test_a_size_that_kubernetes_does_not_read_is_refused(storage: str):
    with pytest.raises(ValueError, match=f"storage must be a size such as '1Gi', got '{storage}'"):
        args(storage=storage)
