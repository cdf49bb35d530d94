"""The GitLab runner: what jobs may do and reach, and what the runner itself may do."""

import tomllib
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.gitlab_runner import GitLabRunner, GitLabRunnerArgs, gitlab_runner_values, runner_config
from tests.components.declared_objects import NAMESPACE, RELEASE, SECRET, check_objects, plain, policy_of
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare, Plan

TOKEN = "glrt-known-to-gitlab"


def args(**choices: Any) -> GitLabRunnerArgs:
    least: dict[str, Any] = {"cluster": None, "token": TOKEN}
    return GitLabRunnerArgs(**{**least, **choices})


def declared(declare: Declare, **choices: Any) -> Plan:
    return declare(lambda: GitLabRunner("gitlab-runner", args(cluster=PlainCluster(), **choices)))


def jobs(**choices: Any) -> dict[str, Any]:
    return tomllib.loads(runner_config(args(**choices)))["runners"][0]["kubernetes"]


def reached(plan: Plan, name: str, address: str) -> bool:
    """Whether a policy lets pods out to an address."""
    blocks = [peer["ipBlock"] for rule in policy_of(plan, name)["egress"] for peer in rule["to"] if "ipBlock" in peer]
    return any(
        IPv4Address(address) in IPv4Network(block["cidr"])
        and not any(IPv4Address(address) in IPv4Network(each) for each in block.get("except", []))
        for block in blocks
    )


def test_kubernetes_knows_every_field(declare: Declare):
    assert check_objects(declared(declare)) == {"Namespace", "NetworkPolicy", "Secret"}


def test_the_chart_is_pinned_and_gets_the_values_of_the_function(declare: Declare):
    release = plain(declared(declare).one(RELEASE))
    assert (release["chart"], release["version"]) == ("gitlab-runner", versions.GITLAB_RUNNER_CHART.version)
    assert release["repositoryOpts"] == {"repo": "https://charts.gitlab.io"}
    assert release["values"] == gitlab_runner_values(args(), "gitlab-runner-token")


def test_the_token_is_in_a_secret_and_nowhere_else(declare: Declare):
    plan = declared(declare, token=pulumi.Output.secret(TOKEN))
    assert plain(plan.one(SECRET))["stringData"] == {"runner-token": TOKEN, "runner-registration-token": ""}
    assert plain(plan.one(RELEASE))["values"]["runners"]["secret"] == "gitlab-runner-token"
    assert not [each.name for each in plan.resources if each.type != SECRET and TOKEN in str(each.inputs)]


def test_jobs_run_unprivileged_and_without_a_way_to_the_kubernetes_api():
    chosen = jobs()
    assert chosen["namespace"] == "gitlab-runner"
    assert chosen["privileged"] is False
    assert chosen["allow_privilege_escalation"] is False
    assert chosen["automount_service_account_token"] is False


def test_jobs_may_start_as_root_but_not_touch_their_node(declare: Declare):
    labels = declared(declare).one(NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"


def test_every_container_of_a_job_reserves_and_is_limited():
    chosen = jobs(build_cpu="1", build_memory="2Gi", build_memory_limit="4Gi")
    for kind in ("", "helper_", "service_"):
        assert {f"{kind}cpu_request", f"{kind}memory_request", f"{kind}memory_limit"} <= chosen.keys()
    assert (chosen["cpu_request"], chosen["memory_request"], chosen["memory_limit"]) == ("1", "2Gi", "4Gi")


def test_a_job_may_override_nothing_of_that():
    assert not [key for key in jobs() if "overwrite" in key]


def test_jobs_run_in_the_default_image_unless_they_name_one():
    assert jobs()["image"] == "alpine:3.22"
    assert jobs(default_image="python:3.13")["image"] == "python:3.13"


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("140.82.121.4", True),
        ("10.0.1.2", False),
        ("172.20.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
    ],
)
def test_jobs_reach_the_internet_but_neither_the_vpc_nor_instance_metadata(
    declare: Declare, address: str, reachable: bool
):
    plan = declared(declare)
    assert reached(plan, "gitlab-runner-isolation", address) is reachable


def test_nobody_reaches_jobs_and_they_find_names(declare: Declare):
    policy = policy_of(declared(declare), "gitlab-runner-isolation")
    assert (policy["podSelector"], policy["policyTypes"], policy["ingress"]) == ({}, ["Ingress", "Egress"], [])
    assert [each["port"] for each in policy["egress"][0]["ports"]] == [53, 53]


def test_the_runner_alone_reaches_the_kubernetes_api(declare: Declare):
    plan = declared(declare)
    policy = policy_of(plan, "gitlab-runner-to-api")
    labels = policy["podSelector"]["matchLabels"]
    assert labels == plain(plan.one(RELEASE))["values"]["podLabels"]
    assert not [key for key in jobs() if "label" in key]
    assert [each["port"] for each in policy["egress"][0]["ports"]] == [443, 6443]
    assert reached(plan, "gitlab-runner-to-api", "172.20.0.1")
    assert not reached(plan, "gitlab-runner-to-api", "169.254.169.254")


def test_the_runner_may_run_jobs_in_its_namespace_and_nothing_more():
    rbac = gitlab_runner_values(args(), "s")["rbac"]
    assert (rbac["create"], rbac["clusterWideAccess"]) == (True, False)
    assert {each["resources"][0]: each["verbs"] for each in rbac["rules"]} == {
        "pods": ["create", "delete", "get", "list", "watch"],
        "pods/attach": ["create", "delete", "get", "patch"],
        "pods/exec": ["create", "delete", "get", "patch"],
        "pods/log": ["get", "list"],
        "secrets": ["create", "delete", "get", "update"],
        "serviceaccounts": ["get"],
        "services": ["create", "get"],
    }


def test_the_runner_itself_has_no_rights_on_its_node():
    values = gitlab_runner_values(args(), "s")
    assert values["podSecurityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsUser": 100,
        "runAsGroup": 65533,
        "fsGroup": 65533,
    }
    assert values["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert values["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}


def test_running_jobs_do_not_outlast_the_wait_of_a_destroy():
    assert gitlab_runner_values(args(), "s")["terminationGracePeriodSeconds"] < 600


def test_it_opens_no_port():
    values = gitlab_runner_values(args(), "s")
    assert (values["metrics"], values["sessionServer"]) == ({"enabled": False}, {"enabled": False})


def test_as_many_jobs_run_at_once_as_chosen():
    values = gitlab_runner_values(args(concurrent=5, url="https://git.example.com/here"), "s")
    assert (values["concurrent"], values["gitlabUrl"]) == (5, "https://git.example.com/here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "gitlab.com"}, "url must be an address such as 'https://gitlab.com', got 'gitlab.com'"),
        ({"concurrent": 0}, "concurrent must be 1 or more, got 0"),
        ({"default_image": "alpine"}, "default_image must end with a tag other than latest, or with a digest, got 'al"),
    ],
)
def test_a_runner_that_would_not_run_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        args(**changes)


def test_a_token_of_another_kind_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="token must start with 'glrt-'") as refusal:
        args(token="GR1348941-secret")
    assert "GR1348941" not in str(refusal.value)
