"""Vaultwarden: who gets in, where the vaults are, and what it keeps to itself."""

from typing import Any

import argon2
import pulumi
import pytest

from components import versions
from components.addons.vaultwarden import Vaultwarden, VaultwardenArgs, admin_hash, vaultwarden_values
from components.workloads.route import Route
from tests.components.declared_objects import (
    INGRESS,
    NAMESPACE,
    RELEASE,
    SECRET,
    check_objects,
    plain,
    policy_of,
)
from tests.components.logins import example_login
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Outputs, Plan

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
RANDOM = "random:index/randomPassword:RandomPassword"
ROUTE = Route(host="vault.example.com", ingress_class="traefik", issuer="letsencrypt-production")
POSTGRESQL: dict[str, Any] = {"database": "postgresql", "login": example_login("vaults")}
SQLITE: dict[str, Any] = {"database": "sqlite"}


OUTPUTS: Outputs = {RANDOM: lambda _: {"result": "drawn-at-random"}}


def declared(declare: Declare, opts: pulumi.ResourceOptions | None = None, **choices: Any) -> Plan:
    def program() -> None:
        Vaultwarden("vaultwarden", VaultwardenArgs(cluster=PlainCluster(), route=ROUTE, **choices), opts)

    return declare(program, outputs=OUTPUTS)


def values(declare: Declare, **choices: Any) -> Any:
    return plain(declared(declare, **choices).one(RELEASE))["values"]


@pytest.mark.parametrize("choices", [POSTGRESQL, SQLITE], ids=["postgresql", "sqlite"])
def test_kubernetes_knows_every_field(declare: Declare, choices: dict[str, Any]):
    assert check_objects(declared(declare, **choices)) == {
        *("Namespace", "NetworkPolicy", "Secret", "PersistentVolumeClaim", "Ingress"),
    }


def test_chart_and_image_are_pinned(declare: Declare):
    release = declared(declare, **SQLITE).one(RELEASE)
    assert (release["chart"], release["version"]) == ("vaultwarden", versions.VAULTWARDEN_CHART.version)
    assert release["repositoryOpts"] == {"repo": "https://guerzon.github.io/vaultwarden"}
    assert release["values"]["image"]["tag"] == versions.VAULTWARDEN.version


def test_the_release_gets_the_values_of_the_function(declare: Declare):
    expected: list[Any] = []

    def program() -> None:
        args = VaultwardenArgs(cluster=PlainCluster(), route=ROUTE, **POSTGRESQL)
        expected.append(vaultwarden_values(args, "vaultwarden", secret="vaultwarden-login", claim="data"))

    declare(program)
    assert values(declare, **POSTGRESQL) == expected[0]


def test_nobody_signs_up_by_themselves(declare: Declare):
    assert values(declare, **SQLITE)["signupsAllowed"] is False


def test_the_administrator_has_a_token_of_which_the_cluster_knows_only_a_hash(declare: Declare):
    seen: list[Any] = []

    def program() -> None:
        made = Vaultwarden("vaultwarden", VaultwardenArgs(cluster=PlainCluster(), route=ROUTE, **SQLITE))
        made.admin_token.apply(seen.append)
        pulumi.Output.from_input(made.admin_token.is_secret()).apply(seen.append)

    plan = declare(program, outputs=OUTPUTS)
    token = next(each for each in seen if isinstance(each, str))
    assert True in seen
    data = plain(plan.one(SECRET))["stringData"]
    assert set(data) == {"ADMIN_TOKEN"}
    assert argon2.PasswordHasher().verify(data["ADMIN_TOKEN"], token)
    assert plan.one(RELEASE)["values"]["adminToken"] == {
        "existingSecret": "vaultwarden-login",
        "existingSecretKey": "ADMIN_TOKEN",
    }
    assert not [each.name for each in plan.resources if each.type != RANDOM and token in str(each.inputs)]


def test_the_hash_is_one_that_vaultwarden_reads_and_stays_the_same():
    first, second = (admin_hash("a-long-token", "a-long-salt") for _ in range(2))
    assert first == second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert admin_hash("a-long-token", "another-salt") != first


def test_its_database_is_reached_with_a_secret_address(declare: Declare):
    plan = declared(declare, **POSTGRESQL)
    address = "postgresql://vaults:drawn-by-the-database@main-rw.database.svc:5432/vaults"
    assert plain(plan.one(SECRET))["stringData"]["DATABASE_URL"] == address
    assert plain(plan.one(RELEASE))["values"]["database"] == {
        "type": "postgresql",
        "existingSecret": "vaultwarden-login",
        "existingSecretKey": "DATABASE_URL",
    }
    assert not [each.name for each in plan.resources if each.type != SECRET and "drawn-by-the" in str(each.inputs)]


def test_sqlite_lies_on_the_volume(declare: Declare):
    chosen = values(declare, **SQLITE)
    assert chosen["database"] == {"type": "default"}
    assert chosen["storage"] == {"existingVolumeClaim": {"claimName": "data", "dataPath": "/data"}}


def test_the_volume_is_of_the_clusters_own_class_and_small(declare: Declare):
    assert declared(declare, **POSTGRESQL).one(CLAIM)["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "plain",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    assert declared(declare, storage="5Gi", **SQLITE).one(CLAIM)["spec"]["resources"]["requests"]["storage"] == "5Gi"


@pytest.mark.parametrize("protect", [True, False])
def test_the_volume_is_protected_when_asked(declare: Declare, protect: bool):
    seen = SeenOptions()
    declared(declare, seen.opts, protect=protect, **SQLITE)
    assert seen.by_name["vaultwarden-data"].protect is protect


def test_one_pod_leaves_before_the_next_one_comes(declare: Declare):
    chosen = values(declare, **SQLITE)
    assert (chosen["resourceType"], chosen["replicas"], chosen["strategy"]) == ("Deployment", 1, {"type": "Recreate"})


def test_it_runs_under_the_strictest_standard(declare: Declare):
    plan = declared(declare, **SQLITE)
    assert plan.one(NAMESPACE)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    chosen = plain(plan.one(RELEASE))["values"]
    assert chosen["podSecurityContext"]["runAsNonRoot"] is True
    assert chosen["securityContext"]["readOnlyRootFilesystem"] is True
    assert int(chosen["rocket"]["port"]) >= 1024
    assert chosen["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}


def test_only_the_ingress_controller_reaches_it_and_it_reaches_its_database(declare: Declare):
    policy = policy_of(declared(declare, **POSTGRESQL), "vaultwarden-isolation")
    assert [each["from"] for each in policy["ingress"]] == [
        [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}]
    ]
    assert policy["ingress"][0]["ports"][0] == {"protocol": "TCP", "port": 8080}
    assert [each["ports"][-1]["port"] for each in policy["egress"]] == [53, 5432]


def test_without_postgresql_it_reaches_the_name_servers_alone(declare: Declare):
    policy = policy_of(declared(declare, **SQLITE), "vaultwarden-isolation")
    assert [each["ports"][-1]["port"] for each in policy["egress"]] == [53]
    assert {"key": "DISABLE_ICON_DOWNLOAD", "value": "true"} in values(declare, **SQLITE)["image"]["extraVars"]


def test_requests_for_the_host_reach_the_release(declare: Declare):
    plan = declared(declare, **SQLITE)
    chosen = plain(plan.one(RELEASE))["values"]
    assert (chosen["domain"], chosen["ingress"]) == ("https://vault.example.com", {"enabled": False})
    backend = plan.one(INGRESS)["spec"]["rules"][0]["http"]["paths"][0]["backend"]
    assert backend == {"service": {"name": chosen["fullnameOverride"], "port": {"name": "http"}}}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"database": "postgresql"}, "login must be given for database 'postgresql' alone, got none for 'postgresql'"),
        ({**POSTGRESQL, "database": "sqlite"}, "login must be given for database 'postgresql' alone, got one for"),
        ({**SQLITE, "storage": "1G"}, "storage must be a size such as '1Gi', got '1G'"),
    ],
)
def test_a_database_without_its_login_is_refused(choices: dict[str, Any], message: str):
    cluster: Any = None
    with pytest.raises(ValueError, match=message):
        VaultwardenArgs(cluster=cluster, route=ROUTE, **choices)
