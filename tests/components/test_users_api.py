"""The users API: what its pods may do and reach, how they are replaced, and what they know."""

import base64
import json
from typing import Any

import pulumi
import pytest

from components.workloads.registry import RegistryLogin
from components.workloads.route import Route
from components.workloads.users_api import UsersApi, UsersApiArgs
from tests.components.declared_objects import (
    DEPLOYMENT,
    INGRESS,
    JOB,
    NAMESPACE,
    SECRET,
    SERVICE,
    check_objects,
    is_restricted,
    plain,
    pod_of,
    policy_of,
)
from tests.components.logins import example_login
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Outputs, Plan

IMAGE = "registry.gitlab.com/devu42/api:1.2.3"
RANDOM = "random:index/randomPassword:RandomPassword"
SCRATCH = "/tmp"
OUTPUTS: Outputs = {RANDOM: lambda _: {"result": "drawn-by-random"}}


def args(**choices: Any) -> UsersApiArgs:
    least: dict[str, Any] = {
        "cluster": None,
        "image": IMAGE,
        "route": Route(host="api.example.com", ingress_class="traefik"),
        "login": example_login(),
        "admin_email": "admin@example.com",
    }
    return UsersApiArgs(**{**least, **choices})


def declared(declare: Declare, opts: pulumi.ResourceOptions | None = None, **choices: Any) -> Plan:
    return declare(lambda: UsersApi("api", args(cluster=PlainCluster(), **choices), opts), outputs=OUTPUTS)


def variables(plan: Plan, type_: str = DEPLOYMENT) -> dict[str, str]:
    return {each["name"]: each["value"] for each in pod_of(plan, type_)["containers"][0]["env"]}


def test_kubernetes_knows_every_field(declare: Declare):
    kinds = {
        *("Namespace", "NetworkPolicy", "Secret", "Job", "Deployment", "Service", "Ingress"),
        *("HorizontalPodAutoscaler", "PodDisruptionBudget"),
    }
    assert check_objects(declared(declare)) == kinds


def test_its_pods_run_under_the_strictest_standard(declare: Declare):
    plan = declared(declare)
    assert plan.one(NAMESPACE)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert is_restricted(pod_of(plan, DEPLOYMENT))
    assert is_restricted(pod_of(plan, JOB))


def test_its_pods_write_to_their_own_scratch_space_only(declare: Declare):
    for type_ in (DEPLOYMENT, JOB):
        pod = pod_of(declared(declare), type_)
        assert pod["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "128Mi"}}]
        assert pod["containers"][0]["volumeMounts"] == [{"name": "tmp", "mountPath": SCRATCH}]


def test_it_reaches_the_name_servers_and_its_database_and_nobody_else(declare: Declare):
    policy = policy_of(declared(declare), "api-isolation")
    assert policy["podSelector"] == {}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    database = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "database"}},
        "podSelector": {"matchLabels": {"cnpg.io/cluster": "main"}},
    }
    name_servers = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    assert policy["egress"] == [
        {"to": [name_servers], "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        {"to": [database], "ports": [{"protocol": "TCP", "port": 5432}]},
    ]


def test_only_the_ingress_controller_reaches_it(declare: Declare):
    assert policy_of(declared(declare, ingress_namespace="doors"), "api-isolation")["ingress"] == [
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "doors"}}}],
            "ports": [{"protocol": "TCP", "port": 8000}],
        }
    ]


def test_its_secrets_are_in_a_secret_and_nowhere_else(declare: Declare):
    plan = declared(declare)
    assert plain(plan.one(SECRET))["stringData"] == {
        "FIRST_SUPERUSER_PASSWORD": "drawn-by-random",
        "POSTGRES_PASSWORD": "drawn-by-the-database",
        "SECRET_KEY": "drawn-by-random",
    }
    assert set(plan.of(RANDOM)) == {"api-admin-password", "api-secret-key"}
    others = [each for each in plan.resources if each.type not in (SECRET, RANDOM)]
    assert not [each.name for each in others if "drawn-by" in str(each.inputs)]
    for type_ in (DEPLOYMENT, JOB):
        assert pod_of(plan, type_)["containers"][0]["envFrom"] == [{"secretRef": {"name": "users-api"}}]


def test_other_secrets_make_other_pods(declare: Declare):
    def checksum(drawn: str) -> str:
        outputs: Outputs = {RANDOM: lambda _: {"result": drawn}}
        plan = declare(lambda: UsersApi("api", args(cluster=PlainCluster())), outputs=outputs)
        return plain(plan.one(DEPLOYMENT))["spec"]["template"]["metadata"]["annotations"]["socle/secrets-checksum"]

    assert checksum("one") == checksum("one") != checksum("two")


def test_the_application_knows_its_database_and_its_front_end(declare: Declare):
    plan = declared(declare, frontend_url="https://www.example.com", stage="staging", environment={"WEB": "1"})
    expected = {
        "BACKEND_CORS_ORIGINS": "https://www.example.com",
        "DOMAIN": "www.example.com",
        "ENVIRONMENT": "staging",
        "FIRST_SUPERUSER": "admin@example.com",
        "FRONTEND_HOST": "https://www.example.com",
        "HOME": SCRATCH,
        "POSTGRES_DB": "users",
        "POSTGRES_PORT": "5432",
        "POSTGRES_SERVER": "main-rw.database.svc",
        "POSTGRES_USER": "users",
        "PROJECT_NAME": "Users API",
        "PYTHONDONTWRITEBYTECODE": "1",
        "WEB": "1",
    }
    assert variables(plan) == variables(plan, JOB) == expected


def test_without_a_front_end_the_api_is_its_own(declare: Declare):
    seen = variables(declared(declare))
    assert (seen["FRONTEND_HOST"], seen["ENVIRONMENT"]) == ("https://api.example.com", "production")


def test_pods_are_replaced_one_by_one_and_never_too_few(declare: Declare):
    plan = declared(declare)
    spec = plain(plan.one(DEPLOYMENT))["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    budget = plan.one("kubernetes:policy/v1:PodDisruptionBudget")["spec"]
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "users-api"}}}


def test_a_leaving_pod_serves_until_the_ingress_has_noticed(declare: Declare):
    pod = pod_of(declared(declare), DEPLOYMENT)
    drain = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 5 <= drain < pod["terminationGracePeriodSeconds"]


def test_a_pod_is_asked_whether_it_started_is_ready_and_lives(declare: Declare):
    container = pod_of(declared(declare), DEPLOYMENT)["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/api/v1/utils/health-check/", "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": 8000, "protocol": "TCP"}]
    start = container["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] >= 120


def test_the_autoscaler_alone_says_how_many_pods_there_are(declare: Declare):
    plan = declared(declare, min_replicas=3, max_replicas=9, cpu_percent=60)
    assert "replicas" not in plan.one(DEPLOYMENT)["spec"]
    assert plan.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler")["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "users-api"},
        "minReplicas": 3,
        "maxReplicas": 9,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
            }
        ],
    }


def test_pods_spread_over_zones_and_nodes(declare: Declare):
    spread = pod_of(declared(declare), DEPLOYMENT)["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


def test_pods_reserve_what_they_need(declare: Declare):
    expected = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}
    for type_ in (DEPLOYMENT, JOB):
        assert pod_of(declared(declare), type_)["containers"][0]["resources"] == expected


def test_the_database_is_migrated_by_the_same_image_before_pods_are_replaced(declare: Declare):
    seen = SeenOptions()
    plan = declared(declare, seen.opts)
    container = pod_of(plan, JOB)["containers"][0]
    assert (container["image"], container["command"]) == (IMAGE, ["bash", "scripts/prestart.sh"])
    assert seen.before("api-deployment") == {"api-migrations"}


def test_a_failed_migration_is_tried_again_by_the_next_deployment(declare: Declare):
    job = declared(declare).one(JOB)
    assert job["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}
    assert plain(job)["spec"]["activeDeadlineSeconds"] < 600


def test_a_finished_migration_stays_where_pulumi_looks_for_it(declare: Declare):
    assert "ttlSecondsAfterFinished" not in plain(declared(declare).one(JOB))["spec"]


def test_a_migration_gets_no_requests(declare: Declare):
    plan = declared(declare)
    labels = plain(plan.one(JOB))["spec"]["template"]["metadata"]["labels"]
    selector = plan.one(SERVICE)["spec"]["selector"]
    assert not selector.items() <= labels.items()
    assert selector.items() <= plain(plan.one(DEPLOYMENT))["spec"]["template"]["metadata"]["labels"].items()


def test_nothing_is_migrated_without_a_command(declare: Declare):
    seen = SeenOptions()
    assert JOB not in declared(declare, seen.opts, migration_command=()).types
    assert seen.before("api-deployment") == set()


def test_the_component_says_where_it_is(declare: Declare):
    seen: dict[str, Any] = {}

    def program() -> None:
        made = UsersApi("api", args(cluster=PlainCluster()))
        outputs = {
            "url": made.url,
            "admin_password": made.admin_password,
            "namespace": made.namespace,
            "deployment_name": made.deployment_name,
            "service_name": made.service_name,
        }
        pulumi.Output.all(**outputs).apply(seen.update)
        pulumi.Output.from_input(made.admin_password.is_secret()).apply(lambda it: seen.update(is_secret=it))

    plan = declare(program, outputs=OUTPUTS)
    assert seen == {
        "url": "https://api.example.com",
        "admin_password": "drawn-by-random",
        "is_secret": True,
        "namespace": "users-api",
        "deployment_name": "users-api",
        "service_name": "users-api",
    }
    backend = plan.one(INGRESS)["spec"]["rules"][0]["http"]["paths"][0]["backend"]
    assert backend == {"service": {"name": "users-api", "port": {"name": "http"}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": "devu42/api"}, "image must end with a tag other than latest, or with a digest, got 'devu42/api'"),
        ({"image": "devu42/api:latest"}, "image must end with a tag other than latest, or with a digest"),
        ({"image": "localhost:5000/api"}, "image must end with a tag other than latest, or with a digest"),
        ({"admin_email": "admin"}, "admin_email must be an address such as 'admin@example.com', got 'admin'"),
        ({"frontend_url": "www.example.com"}, "frontend_url must be an origin such as 'https://www.example.com'"),
        ({"frontend_url": "https://www.example.com/"}, "frontend_url must be an origin"),
        ({"environment": {"SECRET_KEY": "x"}}, "environment must not set what the component sets itself, got 'SECRET"),
        ({"environment": {"ENVIRONMENT": "local"}}, "environment must not set what the component sets itself"),
        ({"environment": {"A-B": "x"}}, "environment must have names such as 'LOG_LEVEL', got 'A-B'"),
        ({"min_replicas": 0}, "min_replicas must be 1 or more, got 0"),
        ({"max_replicas": 1}, "max_replicas must be at least 2, got 1"),
        ({"cpu_percent": 0}, "cpu_percent must be 1 or more, got 0"),
        ({"port": 0}, "port must be 1 or more, got 0"),
        ({"port": 65536}, "port must be at most 65535, got 65536"),
        ({"user": 0}, "user must be 1 or more, got 0"),
        ({"health_path": "health"}, "health_path must start with '/', got 'health'"),
        ({"writable_paths": ("tmp",)}, "writable_paths must be paths such as '/var/cache', got 'tmp'"),
    ],
)
def test_what_would_not_run_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        args(**changes)


@pytest.mark.parametrize(
    "image", ["api:1", "registry.example.com:5000/team/api:v1.2-rc_3", f"ghcr.io/a/b@sha256:{'0' * 64}"]
)
def test_images_with_a_tag_or_a_digest_are_taken(image: str):
    assert args(image=image).image == image


def test_images_of_a_private_registry_are_pulled_with_its_login(declare: Declare):
    login = RegistryLogin(server="registry.gitlab.com", username="deploy", password=pulumi.Output.secret("hunter2"))
    plan = declared(declare, registry=login)
    secret = plan.of(SECRET)["api-registry"]
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    config = json.loads(secret["stringData"]["value"][".dockerconfigjson"])
    auth = base64.b64encode(b"deploy:hunter2").decode()
    entry = {"username": "deploy", "password": "hunter2", "auth": auth}
    assert config == {"auths": {"registry.gitlab.com": entry}}
    for type_ in (DEPLOYMENT, JOB):
        assert pod_of(plan, type_)["imagePullSecrets"] == [{"name": "registry"}]


def test_images_of_a_registry_that_asks_nobody_are_pulled_without_a_login(declare: Declare):
    plan = declared(declare)
    assert plan.of(SECRET).keys() == {"api-secret"}
    assert "imagePullSecrets" not in pod_of(plan, DEPLOYMENT)
