"""PostgreSQL by the chart postgresql-ha: its images, its secrets, its votes and its only door."""

from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.database_server import PostgreSqlArgs
from components.addons.postgresql import PostgreSql
from components.addons.postgresql_ha import HaSecrets, database_script, postgresql_ha_values
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Outputs, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"
SEALED = "kubernetes:core/v1:Secret"
COMPUTED: Outputs = {"random:index/randomPassword:RandomPassword": lambda _: {"result": "drawn"}}
SECRETS = HaSecrets(server="server", pool="pool", users="users", scripts="scripts")


def declared(declare: Declare, opts: pulumi.ResourceOptions | None = None, **choices: Any) -> Plan:
    def program() -> None:
        required: dict[str, Any] = {"databases": ("users", "vaultwarden"), "engine": "postgresql-ha"}
        PostgreSql("postgresql", PostgreSqlArgs(cluster=PlainCluster(), **{**required, **choices}), opts)

    return declare(program, outputs=COMPUTED)


def values_of(declare: Declare, **choices: Any) -> dict[str, Any]:
    return declared(declare, **choices).one(RELEASE)["values"]


def sealed(secret: dict[str, Any]) -> dict[str, str]:
    """Data of a Secret, which the engine receives as a secret value."""
    return secret["stringData"]["value"]


def test_chart_and_images_are_pinned(declare: Declare):
    release = declared(declare).one(RELEASE)
    assert release["chart"] == "oci://registry-1.docker.io/bitnamicharts/postgresql-ha"
    assert release["version"] == versions.POSTGRESQL_HA_CHART.version
    assert (release["name"], release["namespace"]) == ("postgresql-ha", "database")
    images = {part: release["values"][part]["image"] for part in ("postgresql", "pgpool", "metrics")}
    assert all(image["repository"].startswith("bitnamilegacy/") and image["tag"] for image in images.values())


@pytest.mark.parametrize(("instances", "witness"), [(1, False), (2, True), (3, False), (4, True)])
def test_a_witness_votes_where_the_servers_are_even(declare: Declare, instances: int, witness: bool):
    values = values_of(declare, instances=instances)
    assert values["postgresql"]["replicaCount"] == instances
    assert values["witness"]["create"] is witness


def test_pgpool_is_the_only_door(declare: Declare):
    values = values_of(declare)
    assert values["pgpool"]["replicaCount"] == 2
    server = values["postgresql"]["networkPolicy"]
    assert server == {
        "enabled": True,
        "allowExternal": False,
        "extraIngress": [
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "datadog"}}}],
                "ports": [{"protocol": "TCP", "port": 9187}],
            }
        ],
    }
    pool = values["pgpool"]["networkPolicy"]
    assert pool["extraIngress"] == [
        {"from": [{"namespaceSelector": {}}, {"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 5432}]}
    ]


def test_only_chosen_namespaces_reach_pgpool_when_some_are_chosen(declare: Declare):
    rule = values_of(declare, clients=("users-api",))["pgpool"]["networkPolicy"]["extraIngress"][0]
    assert rule["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["users-api"]


def test_a_read_sees_what_was_just_written(declare: Declare):
    assert values_of(declare)["pgpool"]["useLoadBalancing"] is False


@pytest.mark.parametrize("databases", [("a",), ("a", "b"), ("a", "b", "c")])
def test_all_connections_of_pgpool_fit_into_the_server(declare: Declare, databases: tuple[str, ...]):
    pool = values_of(declare, databases=databases)["pgpool"]
    assert pool["maxPool"] == len(databases)
    assert pool["numInitChildren"] * pool["maxPool"] * pool["replicaCount"] <= 80


def test_every_password_is_in_a_secret_that_the_release_waits_for(declare: Declare):
    plan = declared(declare)
    kept = {made["metadata"]["name"]: set(sealed(made)) for made in plan.of(SEALED).values()}
    assert kept == {
        "postgresql-users-login": {"username", "password"},
        "postgresql-vaultwarden-login": {"username", "password"},
        "postgresql-ha-server": {"postgres-password", "repmgr-password", "password"},
        "postgresql-ha-pool": {"admin-password", "sr-check-password"},
        "postgresql-ha-users": {"usernames", "passwords"},
        "postgresql-ha-scripts": {"databases.sql"},
    }
    values = plan.one(RELEASE)["values"]
    assert values["postgresql"]["existingSecret"] == "postgresql-ha-server"
    assert values["postgresql"]["initdbScriptsSecret"] == "postgresql-ha-scripts"
    assert values["pgpool"]["existingSecret"] == "postgresql-ha-pool"
    assert values["pgpool"]["customUsersSecret"] == "postgresql-ha-users"


def test_no_password_is_in_the_values_nor_in_the_environment(declare: Declare):
    values = values_of(declare)
    assert "drawn" not in repr(values)
    assert values["postgresql"]["extraEnvVars"] == [
        {"name": "POSTGRESQL_INITSCRIPTS_USERNAME", "value": "postgres"},
        {
            "name": "POSTGRESQL_INITSCRIPTS_PASSWORD_FILE",
            "value": "/opt/bitnami/postgresql/secrets/postgres-password",
        },
    ]


def test_further_databases_belong_to_users_of_their_own_that_pgpool_knows(declare: Declare):
    secrets = declared(declare, databases=("users", "a", "b")).of(SEALED)
    script = sealed(secrets["postgresql-scripts"])["databases.sql"]
    assert script == database_script({"a": "drawn", "b": "drawn"})
    assert sealed(secrets["postgresql-users"]) == {"usernames": "a;b", "passwords": "drawn;drawn"}
    assert values_of(declare)["postgresql"]["username"] == values_of(declare)["postgresql"]["database"] == "users"


def test_with_one_database_there_is_neither_script_nor_further_user(declare: Declare):
    plan = declared(declare, databases=("users",))
    assert not {"postgresql-scripts", "postgresql-users"} & set(plan.of(SEALED))
    values = plan.one(RELEASE)["values"]
    assert not {"initdbScriptsSecret", "extraEnvVars"} & set(values["postgresql"])
    assert "customUsersSecret" not in values["pgpool"]


def test_the_script_makes_the_user_before_the_database_that_it_owns():
    assert database_script({"a": "p"}) == "CREATE ROLE a LOGIN PASSWORD 'p';\nCREATE DATABASE a OWNER a;\n"


@pytest.mark.parametrize(("protect", "deleted"), [(True, "Retain"), (False, "Delete")])
def test_volumes_stay_or_go_with_the_protection(declare: Declare, protect: bool, deleted: str):
    seen = SeenOptions()
    values = declared(declare, seen.opts, protect=protect).one(RELEASE)["values"]
    assert values["persistence"] == {"enabled": True, "storageClass": "plain", "size": "1Gi"}
    assert values["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == deleted
    # The release inherits it.
    assert seen.by_name["postgresql-ha"].protect is protect
    assert seen.by_name["postgresql-ha-release"].protect is None


def test_every_container_reserves_what_it_needs_and_has_a_limit_of_memory(declare: Declare):
    values = values_of(declare)
    for part in ("postgresql", "witness", "pgpool", "metrics"):
        assert values[part]["resourcesPreset"] == "none"
        asked = values[part]["resources"]
        assert set(asked["requests"]) == {"cpu", "memory"}
        assert set(asked["limits"]) == {"memory"}


def test_its_metrics_run_under_the_strictest_standard(declare: Declare):
    context = values_of(declare)["metrics"]["podSecurityContext"]
    assert context == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_the_values_are_a_function_of_what_is_asked_for(declare: Declare):
    made: list[dict[str, Any]] = []

    def program() -> None:
        args = PostgreSqlArgs(cluster=PlainCluster(), databases=("users",), engine="postgresql-ha")
        made.append(postgresql_ha_values("postgresql", args, SECRETS))

    declare(program)
    assert made[0]["fullnameOverride"] == "postgresql-ha"
    assert made[0]["postgresql"]["existingSecret"] == "server"
