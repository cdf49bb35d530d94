"""The F1 vote: where it runs, who reaches it and its administration, how it is replaced, and what it knows."""

from typing import Any

import pulumi
import pytest

from components.workloads.f1_vote import F1Vote, F1VoteArgs
from components.workloads.route import Route
from tests.components.declared_objects import (
    DEPLOYMENT,
    INGRESS,
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
MIDDLEWARE = "kubernetes:traefik.io/v1alpha1:Middleware"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
IMAGE = "ghcr.io/example/f1-vote:0f3c2a1"
ROUTE = Route(host="vote.example.com", ingress_class="traefik")
STICKY = "traefik.ingress.kubernetes.io/service.sticky.cookie"
OUTPUTS: Outputs = {RANDOM: lambda inputs: {"result": "drawn-by-random"}}


def args(**choices: Any) -> F1VoteArgs:
    least: dict[str, Any] = {"cluster": None, "image": IMAGE, "route": ROUTE}
    return F1VoteArgs(**{**least, **choices})


def declared(declare: Declare, opts: pulumi.ResourceOptions | None = None, **choices: Any) -> Plan:
    return declare(lambda: F1Vote("vote", args(cluster=PlainCluster(), **choices), opts), outputs=OUTPUTS)


def secret(plan: Plan, name: str) -> dict[str, str]:
    return plain(plan.of(SECRET)[name])["stringData"]


def container(plan: Plan) -> Any:
    return pod_of(plan, DEPLOYMENT)["containers"][0]


def variables(plan: Plan) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(plan)["env"]}


def paths(plan: Plan, name: str) -> list[tuple[str, str]]:
    (rule,) = plan.of(INGRESS)[name]["spec"]["rules"]
    assert rule["host"] == "vote.example.com"
    return [(each["path"], each["backend"]["service"]["name"]) for each in rule["http"]["paths"]]


def test_kubernetes_knows_every_field(declare: Declare):
    assert check_objects_but_custom(declared(declare)) >= {
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Service",
    }


def check_objects_but_custom(plan: Plan) -> set[str]:
    return check_objects(Plan([each for each in plan.resources if each.type != MIDDLEWARE], plan.urns))


def test_its_pods_run_under_the_strictest_standard(declare: Declare):
    plan = declared(declare)
    for namespace in plan.of(NAMESPACE).values():
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert is_restricted(pod_of(plan, DEPLOYMENT))
    assert pod_of(plan, DEPLOYMENT)["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "128Mi"}}]


# Where it runs


def test_its_pods_stay_away_from_the_control_plane(declare: Declare):
    assert pod_of(declared(declare), DEPLOYMENT)["affinity"] == {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "node-role.kubernetes.io/control-plane", "operator": "DoesNotExist"}]}
                ]
            }
        }
    }


def test_its_pods_spread_over_zones_and_nodes(declare: Declare):
    spread = pod_of(declared(declare), DEPLOYMENT)["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    labels = plain(declared(declare).one(DEPLOYMENT))["spec"]["template"]["metadata"]["labels"]
    assert all(each["labelSelector"]["matchLabels"] == labels for each in spread)


def test_redis_is_pinned_to_the_servers(declare: Declare):
    selector = {"node-role.kubernetes.io/control-plane": "true"}
    plan = declared(declare, server_selector=selector, redis_storage="2Gi")
    assert pod_of(plan, STATEFUL_SET)["nodeSelector"] == selector
    claim = plan.one("kubernetes:core/v1:PersistentVolumeClaim")
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"


def test_each_pod_reserves_a_little_and_may_take_so_much(declare: Declare):
    assert container(declared(declare))["resources"] == {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "500m", "memory": "256Mi"},
    }


def test_there_are_two_to_eight_pods_by_their_cpu(declare: Declare):
    plan = declared(declare)
    assert "replicas" not in plan.one(DEPLOYMENT)["spec"]
    target = {"type": "Utilization", "averageUtilization": 70}
    assert plan.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler")["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "f1-vote"},
        "minReplicas": 2,
        "maxReplicas": 8,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }


# Who reaches whom


def test_it_is_reached_by_the_ingress_controller_and_reaches_name_servers_and_redis(declare: Declare):
    policy = policy_of(declared(declare, ingress_namespace="doors"), "vote-isolation")
    assert policy["ingress"] == [
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "doors"}}}],
            "ports": [{"protocol": "TCP", "port": 3000}],
        }
    ]
    name_servers, store = policy["egress"]
    assert name_servers["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert store == {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "f1-vote-redis"}},
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "redis"}},
            }
        ],
        "ports": [{"protocol": "TCP", "port": 6379}],
    }


def test_redis_is_reached_by_the_vote_alone(declare: Declare):
    (rule,) = policy_of(declared(declare), "vote-redis-isolation")["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "f1-vote"}}}]


# Who administers


def test_a_password_is_asked_for_on_the_administration_and_all_below_it(declare: Declare):
    plan = declared(declare)
    assert secret(plan, "vote-admin-password-secret") == {"username": "admin", "password": "drawn-by-random"}
    assert plan.of(SECRET)["vote-admin-password-secret"]["type"] == "kubernetes.io/basic-auth"
    assert plan.one(MIDDLEWARE)["metadata"] == {"name": "admin", "namespace": "f1-vote"}
    assert plan.one(MIDDLEWARE)["spec"] == {"basicAuth": {"secret": "admin", "removeHeader": True}}
    assert paths(plan, "vote-admin-guarded") == [("/admin", "f1-vote")]
    assert plan.of(INGRESS)["vote-admin-guarded"]["metadata"]["annotations"] == {
        "traefik.ingress.kubernetes.io/router.middlewares": "f1-vote-admin@kubernetescrd",
        "traefik.ingress.kubernetes.io/router.priority": "1000",
    }


def test_without_its_guard_the_administration_is_closed_and_not_open(declare: Declare):
    plan = declared(declare)
    assert paths(plan, "vote-admin-closed") == [("/admin", "admin-closed")]
    assert "selector" not in plan.of(SERVICE)["vote-admin-nobody"]["spec"]
    assert "annotations" not in plan.of(INGRESS)["vote-admin-closed"]["metadata"]


def test_the_host_is_served_once_its_administration_is_guarded(declare: Declare):
    seen = SeenOptions()
    plan = declared(declare, seen.opts)
    assert paths(plan, "vote-ingress") == [("/", "f1-vote")]
    assert seen.before("vote-ingress") == {"vote-admin-guarded", "vote-admin-closed"}
    assert seen.before("vote-admin-guarded") == {"vote-admin-guard"}


def test_the_guard_waits_for_the_controller_that_knows_it(declare: Declare):
    seen = SeenOptions()

    def program() -> None:
        controller = pulumi.ComponentResource("test:index:Ingress", "controller")
        F1Vote("vote", args(cluster=PlainCluster(), after=[controller]), seen.opts)

    declare(program, outputs=OUTPUTS)
    assert seen.before("vote-admin-guard") == {"controller"}


def test_every_ingress_of_the_host_uses_its_one_certificate(declare: Declare):
    plan = declared(declare, route=Route(host="vote.example.com", ingress_class="traefik", issuer="letsencrypt"))
    tls = [{"hosts": ["vote.example.com"], "secretName": "f1-vote-tls"}]
    assert {name: each["spec"]["tls"] for name, each in plan.of(INGRESS).items()} == {
        "vote-ingress": tls,
        "vote-admin-guarded": tls,
        "vote-admin-closed": tls,
    }
    issuers = [name for name, each in plan.of(INGRESS).items() if "letsencrypt" in str(each["metadata"])]
    assert issuers == ["vote-ingress"]


def test_an_application_that_guards_itself_is_told_the_password(declare: Declare):
    plan = declared(declare, admin="application", route=Route(host="vote.example.com", ingress_class="nginx"))
    assert secret(plan, "vote-secret") == {
        "ADMIN_PASSWORD": "drawn-by-random",
        "REDIS_URL": "redis://:drawn-by-random@redis.f1-vote-redis.svc:6379",
    }
    assert set(plan.of(INGRESS)) == {"vote-ingress"}
    assert MIDDLEWARE not in plan.types


# What it knows


def test_the_application_knows_its_address_its_clients_and_when_to_stop(declare: Declare):
    assert variables(declared(declare, environment={"LOG_LEVEL": "info"}, proxies=2)) == {
        "ADDRESS_HEADER": "X-Forwarded-For",
        "HOME": "/tmp",
        "LOG_LEVEL": "info",
        "ORIGIN": "https://vote.example.com",
        "PORT": "3000",
        "SHUTDOWN_TIMEOUT": "60",
        "XFF_DEPTH": "2",
    }


def test_secrets_are_in_secrets_and_nowhere_else(declare: Declare):
    plan = declared(declare)
    assert secret(plan, "vote-secret") == {"REDIS_URL": "redis://:drawn-by-random@redis.f1-vote-redis.svc:6379"}
    assert container(plan)["envFrom"] == [{"secretRef": {"name": "f1-vote"}}]
    assert set(plan.of(RANDOM)) == {"vote-admin-password", "vote-redis-password"}
    others = [each for each in plan.resources if each.type not in (SECRET, RANDOM)]
    assert not [each.name for each in others if "drawn-by" in str(each.inputs)]


def test_another_password_of_redis_makes_other_pods(declare: Declare):
    def checksum(drawn: str) -> str:
        outputs: Outputs = {RANDOM: lambda _: {"result": drawn}}
        plan = declare(lambda: F1Vote("vote", args(cluster=PlainCluster())), outputs=outputs)
        return plain(plan.one(DEPLOYMENT))["spec"]["template"]["metadata"]["annotations"]["socle/secrets-checksum"]

    assert checksum("one") == checksum("one") != checksum("two")


# How it is replaced


def test_no_pod_leaves_before_its_successor_is_ready(declare: Declare):
    plan = declared(declare)
    spec = plain(plan.one(DEPLOYMENT))["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}
    budget = plan.one("kubernetes:policy/v1:PodDisruptionBudget")["spec"]
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "f1-vote"}}}


def test_a_stuck_roll_out_fails_before_pulumi_gives_up(declare: Declare):
    spec = plain(declared(declare).one(DEPLOYMENT))["spec"]
    start = spec["template"]["spec"]["containers"][0]["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] < spec["progressDeadlineSeconds"] < 600


def test_a_leaving_pod_drains_then_lets_those_who_are_connected_finish(declare: Declare):
    pod = pod_of(declared(declare), DEPLOYMENT)
    drain = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    finish = int(variables(declared(declare))["SHUTDOWN_TIMEOUT"])
    assert drain >= 10
    assert pod["terminationGracePeriodSeconds"] > drain + finish


def test_a_dead_application_passes_no_probe_and_a_short_loss_of_redis_restarts_none(declare: Declare):
    seen = container(declared(declare, health_path="/healthy"))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert seen[probe]["httpGet"] == {"path": "/healthy", "port": "http"}
        assert seen[probe]["timeoutSeconds"] < seen[probe]["periodSeconds"]
    assert seen["ports"] == [{"name": "http", "containerPort": 3000, "protocol": "TCP"}]
    alive = seen["livenessProbe"]
    assert alive["periodSeconds"] * alive["failureThreshold"] >= 180
    assert seen["readinessProbe"]["periodSeconds"] * seen["readinessProbe"]["failureThreshold"] <= 10


def test_a_browser_stays_with_its_pod(declare: Declare):
    annotations = declared(declare).of(SERVICE)["vote-service"]["metadata"]["annotations"]
    assert annotations == {
        STICKY: "true",
        f"{STICKY}.name": "f1-vote",
        f"{STICKY}.secure": "true",
        f"{STICKY}.httponly": "true",
        f"{STICKY}.samesite": "lax",
    }


def test_the_component_says_where_it_is(declare: Declare):
    seen: dict[str, Any] = {}

    def program() -> None:
        made = F1Vote("vote", args(cluster=PlainCluster()))
        outputs = {
            "url": made.url,
            "admin_password": made.admin_password,
            "namespace": made.namespace,
            "deployment_name": made.deployment_name,
        }
        pulumi.Output.all(**outputs).apply(seen.update)
        pulumi.Output.from_input(made.admin_password.is_secret()).apply(lambda it: seen.update(is_secret=it))

    declare(program, outputs=OUTPUTS)
    assert seen == {
        "url": "https://vote.example.com",
        "admin_password": "drawn-by-random",
        "is_secret": True,
        "namespace": "f1-vote",
        "deployment_name": "f1-vote",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"route": Route(host="vote.example.com", ingress_class="nginx")},
            "admin must be 'application' for ingress_class 'nginx': only 'traefik' asks for a password",
        ),
        ({"image": "ghcr.io/example/f1-vote"}, "image must end with a tag other than latest"),
        ({"image": "ghcr.io/example/f1-vote:latest"}, "image must end with a tag other than latest"),
        ({"min_replicas": 0}, "min_replicas must be 1 or more, got 0"),
        ({"max_replicas": 1}, "max_replicas must be at least 2, got 1"),
        ({"cpu_percent": 0}, "cpu_percent must be 1 or more, got 0"),
        ({"proxies": 0}, "proxies must be 1 or more, got 0"),
        ({"cpu_limit": "half"}, "cpu_limit must be an amount of CPU such as '500m', got 'half'"),
        (
            {"environment": {"REDIS_URL": "x"}},
            "environment must not set what the component sets itself, got 'REDIS_URL'",
        ),
        ({"environment": {"ORIGIN": "x"}}, "environment must not set what the component sets itself, got 'ORIGIN'"),
    ],
)
def test_what_would_not_run_or_would_be_open_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        args(**changes)
