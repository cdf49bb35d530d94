"""PostgreSQL by CloudNativePG: the server and its pool, who reaches them, and in which order they come and go."""

import json
from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.cloudnative_pg_objects import cluster_spec, operator_values, pooler_spec, server_parameters
from components.addons.database_backups import archive_policy, plugin_values
from components.addons.database_server import Credentials
from components.addons.postgresql import DatabaseBackupArgs, PostgreSql, PostgreSqlArgs
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Outputs, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
CLUSTER, POOLER, DATABASE, SCHEDULE = (
    f"kubernetes:postgresql.cnpg.io/v1:{kind}" for kind in ("Cluster", "Pooler", "Database", "ScheduledBackup")
)
STORE = "kubernetes:barmancloud.cnpg.io/v1:ObjectStore"
BACKUP = DatabaseBackupArgs(schedule="30 2 * * 0", retention_days=14)
COMPUTED: Outputs = {
    "aws:s3/bucket:Bucket": lambda _: {"bucket": "archive-1a2b", "arn": "arn:aws:s3:::archive-1a2b"},
    STORE: lambda inputs: {"metadata": {**inputs["metadata"], "uid": "6f1c"}},
}


def wanted(cluster: Any, **choices: Any) -> PostgreSqlArgs:
    required: dict[str, Any] = {"databases": ("users",)}
    return PostgreSqlArgs(cluster=cluster, **{**required, **choices})


def declared(declare: Declare, opts: pulumi.ResourceOptions | None = None, **choices: Any) -> Plan:
    return declare(lambda: PostgreSql("postgresql", wanted(PlainCluster(), **choices), opts), outputs=COMPUTED)


def spec_of(declare: Declare, kind: str, **choices: Any) -> dict[str, Any]:
    return declared(declare, **choices).one(kind)["spec"]


def plain(declare: Declare, **choices: Any) -> PostgreSqlArgs:
    made: list[PostgreSqlArgs] = []
    declare(lambda: made.append(wanted(PlainCluster(), **choices)))
    return made[0]


# The server


def test_the_operator_and_the_server_are_pinned(declare: Declare):
    plan = declared(declare, backup=BACKUP)
    charts = {name: (release["chart"], release["version"]) for name, release in plan.of(RELEASE).items()}
    assert charts == {
        "postgresql-operator-release": ("cloudnative-pg", versions.CLOUDNATIVE_PG_CHART.version),
        "postgresql-backups-plugin-release": ("plugin-barman-cloud", versions.BARMAN_PLUGIN_CHART.version),
    }
    assert {release["namespace"] for release in plan.of(RELEASE).values()} == {"cnpg-system"}
    repository = {"repo": "https://cloudnative-pg.github.io/charts"}
    assert all(release["repositoryOpts"] == repository for release in plan.of(RELEASE).values())
    image = plan.one(CLUSTER)["spec"]["imageName"]
    assert image == f"ghcr.io/cloudnative-pg/postgresql:{versions.POSTGRESQL.version}"


def test_a_server_has_two_instances_with_a_volume_each_on_the_storage_of_the_cluster(declare: Declare):
    plan = declared(declare)
    assert plan.one(CLUSTER)["metadata"]["name"] == "postgresql"
    assert plan.one(CLUSTER)["metadata"]["namespace"] == "database"
    spec = plan.one(CLUSTER)["spec"]
    assert spec["instances"] == 2
    assert spec["storage"] == {"storageClass": "plain", "size": "1Gi"}
    assert "walStorage" not in spec
    assert {each["topologyKey"] for each in spec["topologySpreadConstraints"]} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }


def test_a_commit_waits_for_a_standby_only_while_there_is_one(declare: Declare):
    synchronous = spec_of(declare, CLUSTER)["postgresql"]["synchronous"]
    assert synchronous == {"method": "any", "number": 1, "dataDurability": "preferred"}
    assert "synchronous" not in spec_of(declare, CLUSTER, instances=1)["postgresql"]


def test_a_single_instance_lets_its_node_go(declare: Declare):
    assert spec_of(declare, CLUSTER, instances=1)["enablePDB"] is False
    assert spec_of(declare, CLUSTER, instances=3)["enablePDB"] is True


def test_nobody_logs_in_as_superuser(declare: Declare):
    assert spec_of(declare, CLUSTER)["enableSuperuserAccess"] is False


@pytest.mark.parametrize("storage", ["1Gi", "2Gi", "20Gi", "1Ti"])
def test_the_log_of_changes_leaves_room_for_the_data(declare: Declare, storage: str):
    sizes = server_parameters(plain(declare, storage=storage))
    volume = int(storage[:-2]) * (1024 if storage.endswith("Gi") else 1024**2)
    used = sum(int(size.removesuffix("MB")) for name, size in sizes.items() if name.endswith("size"))
    assert used <= volume * 5 / 8


def test_a_large_volume_keeps_no_more_of_that_log_than_postgresql_would(declare: Declare):
    sizes = server_parameters(plain(declare, storage="100Gi"))
    assert (sizes["max_wal_size"], sizes["wal_keep_size"]) == ("1024MB", "512MB")


# Databases and users


def test_the_main_database_is_made_with_its_user_from_a_secret_made_before(declare: Declare):
    plan = declared(declare)
    assert plan.one(CLUSTER)["spec"]["bootstrap"]["initdb"] == {
        "database": "users",
        "owner": "users",
        "secret": {"name": "postgresql-users-login"},
    }
    assert plan.one(CLUSTER)["spec"]["managed"] == {"roles": []}
    assert DATABASE not in plan.types


def test_each_further_database_belongs_to_a_user_of_its_own(declare: Declare):
    plan = declared(declare, databases=("users", "vault_warden"))
    assert plan.one(CLUSTER)["spec"]["managed"]["roles"] == [
        {
            "name": "vault_warden",
            "ensure": "present",
            "login": True,
            "passwordSecret": {"name": "postgresql-vault-warden-login"},
        }
    ]
    made = plan.of(DATABASE)["postgresql-vault-warden-database"]
    assert made["metadata"]["name"] == "postgresql-vault-warden"
    assert made["spec"] == {
        "cluster": {"name": "postgresql"},
        "name": "vault_warden",
        "owner": "vault_warden",
        "databaseReclaimPolicy": "retain",
    }


# The pool


def test_the_pool_has_two_pods_that_lead_to_the_primary(declare: Declare):
    plan = declared(declare)
    assert plan.one(POOLER)["metadata"]["name"] == "postgresql-pooler"
    spec = plan.one(POOLER)["spec"]
    assert (spec["cluster"], spec["type"], spec["instances"]) == ({"name": "postgresql"}, "rw", 2)
    assert spec["pgbouncer"]["poolMode"] == "session"
    assert spec_of(declare, POOLER, instances=1)["instances"] == 1
    assert spec_of(declare, POOLER, instances=3)["instances"] == 2


@pytest.mark.parametrize("instances", [1, 2, 3])
@pytest.mark.parametrize("databases", [("a",), ("a", "b"), ("a", "b", "c", "d", "e")])
def test_all_pools_together_fit_into_the_server(declare: Declare, instances: int, databases: tuple[str, ...]):
    args = plain(declare, instances=instances, databases=databases)
    pool = int(pooler_spec(args)["pgbouncer"]["parameters"]["default_pool_size"])
    assert 1 <= pool * args.doors * len(databases) <= int(server_parameters(args)["max_connections"]) - 20


def test_pods_of_the_pool_leave_one_by_one(declare: Declare):
    budget = declared(declare).one(BUDGET)
    assert budget["spec"] == {
        "maxUnavailable": 1,
        "selector": {"matchLabels": {"cnpg.io/poolerName": "postgresql-pooler"}},
    }


def test_clients_may_verify_the_certificate_of_the_pool(declare: Declare):
    names = spec_of(declare, CLUSTER)["certificates"]["serverAltDNSNames"]
    assert "postgresql-pooler.database.svc" in names


# Who reaches what


def test_only_its_namespace_and_the_operator_reach_the_server_itself(declare: Declare):
    policy = declared(declare).of(POLICY)["postgresql-instances-policy"]["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    operator = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "cnpg-system"}}}
    assert policy["ingress"] == [
        {"from": [{"podSelector": {}}, operator]},
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "datadog"}}}],
            "ports": [{"protocol": "TCP", "port": 9187}],
        },
    ]


@pytest.mark.parametrize("cluster", ["postgresql", "postgresql-drill"])
def test_the_copy_that_a_drill_brings_up_is_guarded_as_the_original(declare: Declare, cluster: str):
    # https://cloudnative-pg.io/docs/1.30/labels_annotations/
    labels = {
        "cnpg.io/cluster": cluster,
        "cnpg.io/instanceName": f"{cluster}-1",
        "cnpg.io/podRole": "instance",
        "cnpg.io/instanceRole": "primary",
    }
    selected = declared(declare).of(POLICY)["postgresql-instances-policy"]["spec"]["podSelector"]
    assert selected["matchLabels"].items() <= labels.items()
    assert selected.keys() == {"matchLabels"}


def test_the_queries_of_a_drill_reach_both_servers(declare: Declare):
    made = declared(declare).of(POLICY)["postgresql-instances-policy"]
    # Its Jobs run in the namespace of the database, with labels of their own.
    assert made["metadata"]["namespace"] == "database"
    assert {"podSelector": {}} in made["spec"]["ingress"][0]["from"]
    assert "ports" not in made["spec"]["ingress"][0]


def test_every_namespace_reaches_the_pool_unless_some_are_chosen(declare: Declare):
    policy = declared(declare).of(POLICY)["postgresql-pooler-policy"]["spec"]
    assert policy["podSelector"] == {"matchLabels": {"cnpg.io/poolerName": "postgresql-pooler"}}
    ports = [{"protocol": "TCP", "port": 5432}]
    assert policy["ingress"] == [{"from": [{"namespaceSelector": {}}, {"podSelector": {}}], "ports": ports}]

    chosen = declared(declare, clients=("users-api",)).of(POLICY)["postgresql-pooler-policy"]["spec"]
    label = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["users-api"]}
    selector = {"matchExpressions": [label]}
    assert chosen["ingress"] == [{"from": [{"namespaceSelector": selector}, {"podSelector": {}}], "ports": ports}]


def test_both_namespaces_hold_their_pods_to_the_strictest_standard(declare: Declare):
    namespaces = declared(declare).of("kubernetes:core/v1:Namespace").values()
    enforced = {
        each["metadata"]["name"]: each["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for each in namespaces
    }
    assert enforced == {"database": "restricted", "cnpg-system": "restricted"}


# Backups


def test_without_backups_there_is_no_bucket_no_plugin_and_no_permission(declare: Declare):
    clusters: list[PlainCluster] = []

    def program() -> None:
        clusters.append(PlainCluster())
        PostgreSql("postgresql", wanted(clusters[0]))

    plan = declare(program)
    assert not {STORE, SCHEDULE, "aws:s3/bucket:Bucket"} & plan.types
    assert list(plan.of(RELEASE)) == ["postgresql-operator-release"]
    assert "plugins" not in plan.one(CLUSTER)["spec"]
    assert clusters[0].grants == {}


def test_the_pods_of_the_server_may_archive_into_their_own_bucket_and_nothing_else(declare: Declare):
    clusters: list[PlainCluster] = []
    policies: list[str] = []

    def program() -> None:
        clusters.append(PlainCluster())
        PostgreSql("postgresql", wanted(clusters[0], backup=BACKUP))
        pulumi.Output.from_input(clusters[0].grants["postgresql-backups"][2]).apply(policies.append)

    declare(program, outputs=COMPUTED)
    namespace, service_account, _ = clusters[0].grants["postgresql-backups"]
    assert (namespace, service_account) == ("database", "postgresql")
    assert json.loads(policies[0])["Statement"] == [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::archive-1a2b"]},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            "Resource": ["arn:aws:s3:::archive-1a2b/*"],
        },
    ]
    assert json.loads(policies[0]) == json.loads(archive_policy("arn:aws:s3:::archive-1a2b"))


def test_the_pods_of_a_restore_drill_may_read_the_archive_and_not_write_to_it(declare: Declare):
    clusters: list[PlainCluster] = []
    policies: list[str] = []

    def program() -> None:
        clusters.append(PlainCluster())
        PostgreSql("postgresql", wanted(clusters[0], backup=BACKUP))
        pulumi.Output.from_input(clusters[0].grants["postgresql-backups-drill"][2]).apply(policies.append)

    declare(program, outputs=COMPUTED)
    assert clusters[0].grants["postgresql-backups-drill"][:2] == ("database", "postgresql-drill")
    assert json.loads(policies[0])["Statement"] == [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::archive-1a2b"]},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::archive-1a2b/*"]},
    ]


def test_changes_are_archived_all_the_time_and_copies_made_at_once_and_by_the_schedule(declare: Declare):
    plan = declared(declare, backup=BACKUP)
    schedule = plan.one(SCHEDULE)["spec"]
    assert (schedule["schedule"], schedule["immediate"], schedule["method"]) == ("0 30 2 * * 0", True, "plugin")
    assert schedule["cluster"] == {"name": "postgresql"}
    plugin = plan.one(CLUSTER)["spec"]["plugins"][0]
    assert (plugin["name"], plugin["isWALArchiver"]) == ("barman-cloud.cloudnative-pg.io", True)
    assert plugin["parameters"]["barmanObjectName"] == plan.one(STORE)["metadata"]["name"] == "postgresql"
    store = plan.one(STORE)["spec"]
    assert store["retentionPolicy"] == "14d"
    assert store["configuration"]["destinationPath"] == "s3://archive-1a2b/"
    assert store["configuration"]["s3Credentials"] == {"inheritFromIAMRole": True}


def test_a_database_made_anew_archives_into_a_folder_of_its_own(declare: Declare):
    # The id of the object store is another one in another cluster, whatever became of bucket and state.
    plugin = spec_of(declare, CLUSTER, backup=BACKUP)["plugins"][0]
    assert plugin["parameters"]["serverName"] == "postgresql-6f1c"


def test_the_archive_keeps_for_a_week_what_was_deleted_and_takes_only_tls(declare: Declare):
    plan = declared(declare, backup=BACKUP)
    rule = plan.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"][0]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    assert "days" not in rule["expiration"]
    statements = json.loads(plan.one("aws:s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]
    assert [each["Sid"] for each in statements] == ["DenyPlainHttp"]
    assert plan.one("aws:s3/bucket:Bucket")["forceDestroy"] is False


def test_backups_go_with_the_stack_when_asked(declare: Declare):
    backup = DatabaseBackupArgs(schedule="0 3 * * *", retention_days=1, delete_contents=True)
    assert declared(declare, backup=backup).one("aws:s3/bucket:Bucket")["forceDestroy"] is True


# Order and protection


def test_everything_comes_after_the_operator_and_goes_before_it(declare: Declare):
    seen = SeenOptions()
    declared(declare, seen.opts, databases=("users", "more"), backup=BACKUP)
    assert "postgresql-operator" in seen.before("postgresql-cluster")
    assert seen.before("postgresql-backups-plugin") == {"postgresql-operator"}
    assert seen.before("postgresql-backups-store") == {"postgresql-backups-plugin"}
    assert {"postgresql-backups-store", "postgresql-backups-grant"} < seen.before("postgresql-cluster")
    for name in ("pooler", "more-database", "schedule"):
        assert seen.before(f"postgresql-{name}") == {"postgresql-cluster"}


def test_the_plugin_waits_for_what_gives_it_certificates(declare: Declare):
    seen = SeenOptions()

    def program() -> None:
        issuer = pulumi.ComponentResource("test:index:CertManager", "cert-manager")
        PostgreSql("postgresql", wanted(PlainCluster(), backup=BACKUP, after=(issuer,)), seen.opts)

    declare(program, outputs=COMPUTED)
    assert seen.before("postgresql-backups-plugin") == {"postgresql-operator", "cert-manager"}


def test_applications_wait_until_the_server_is_ready_and_their_database_is_there(declare: Declare):
    plan = declared(declare, databases=("users", "more"))
    assert plan.one(CLUSTER)["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"
    waits = plan.one(DATABASE)["metadata"]["annotations"]
    assert waits == {"pulumi.com/waitFor": "jsonpath={.status.applied}=true"}


def test_the_pool_is_deleted_before_its_pods_which_the_operator_would_make_anew(declare: Declare):
    annotations = declared(declare).one(POOLER)["metadata"]["annotations"]
    assert annotations == {"pulumi.com/deletionPropagationPolicy": "background"}


@pytest.mark.parametrize("protect", [True, False])
def test_protection_covers_the_server_and_its_archive(declare: Declare, protect: bool):
    seen = SeenOptions()
    declared(declare, seen.opts, backup=BACKUP, protect=protect)
    assert seen.by_name["postgresql-cluster"].protect is protect
    assert seen.by_name["postgresql-backups-archive-bucket"].protect is protect


# Reserved resources


def test_every_container_reserves_what_it_needs_and_has_a_limit_of_memory(declare: Declare):
    users = {"users": Credentials(password=pulumi.Output.from_input(""), secret_name=pulumi.Output.from_input(""))}
    args = plain(declare)
    asked = [
        operator_values(args)["resources"],
        plugin_values()["resources"],
        cluster_spec(args, users, None)["resources"],
        pooler_spec(args)["template"]["spec"]["containers"][0]["resources"],
        declared(declare, backup=BACKUP).one(STORE)["spec"]["instanceSidecarConfiguration"]["resources"],
    ]
    assert all(set(each["requests"]) == {"cpu", "memory"} and set(each["limits"]) == {"memory"} for each in asked)


def test_the_operator_outlives_a_node_when_the_data_does(declare: Declare):
    assert operator_values(plain(declare))["replicaCount"] == 2
    assert operator_values(plain(declare, instances=1))["replicaCount"] == 1
