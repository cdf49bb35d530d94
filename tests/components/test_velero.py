"""Velero: what is backed up and how often, where to, and what it may touch."""

import json
import re
from typing import Any

import pulumi
import pytest

from components import versions
from components.addons.velero import SCHEDULE, Velero, VeleroArgs, velero_policy, velero_values, volume_policy
from tests.components.plain_cluster import PlainCluster
from tests.components.seen_options import SeenOptions
from tests.conftest import Declare, Plan

RELEASE = "kubernetes:helm.sh/v3:Release"
BUCKET = "aws:s3/bucket:Bucket"


def velero_args(cluster: Any = None, **choices: Any) -> VeleroArgs:
    usual: dict[str, Any] = {
        "region": "eu-west-3",
        "schedule": "0 2 * * *",
        "retention_days": 14,
        "namespaces": ("users-api", "database"),
    }
    return VeleroArgs(cluster=cluster or PlainCluster(), **(usual | choices))


def declared(declare: Declare, **choices: Any) -> Plan:
    return declare(lambda: Velero("velero", velero_args(**choices)))


def values(declare: Declare, **choices: Any) -> dict[str, Any]:
    return declared(declare, **choices).one(RELEASE)["values"]


def test_the_chart_and_both_images_are_pinned(declare: Declare):
    release = declared(declare).one(RELEASE)
    assert release["chart"] == "velero"
    assert release["repositoryOpts"] == {"repo": "https://vmware-tanzu.github.io/helm-charts"}
    assert release["version"] == versions.VELERO_CHART.version
    assert release["values"]["image"]["tag"] == versions.VELERO.version
    [plugin] = release["values"]["initContainers"]
    assert plugin["image"] == f"docker.io/velero/velero-plugin-for-aws:{versions.VELERO_AWS_PLUGIN.version}"


def test_backups_are_made_on_schedule_of_the_chosen_namespaces_and_deleted_after_their_time(declare: Declare):
    schedules = values(declare, schedule="30 3 * * 1", retention_days=3)["schedules"]
    [(name, schedule)] = schedules.items()
    assert f"velero-{name}" == SCHEDULE
    assert schedule["schedule"] == "30 3 * * 1"
    assert schedule["template"]["includedNamespaces"] == ["users-api", "database"]
    assert schedule["template"]["ttl"] == "72h0m0s"
    assert schedule["useOwnerReferencesInBackup"] is False


def test_volumes_are_snapshotted_through_csi_and_their_content_moved_to_the_bucket(declare: Declare):
    given = values(declare)
    assert given["configuration"]["features"] == "EnableCSI"
    assert given["configuration"]["uploaderType"] == "kopia"
    assert given["configuration"]["defaultSnapshotMoveData"] is True
    assert given["schedules"]["regular"]["template"]["snapshotMoveData"] is True
    assert given["deployNodeAgent"] is True
    assert given["snapshotsEnabled"] is False
    [snapshot_class] = given["extraObjects"]
    assert (snapshot_class["kind"], snapshot_class["driver"]) == ("VolumeSnapshotClass", "ebs.csi.aws.com")
    assert snapshot_class["metadata"]["labels"] == {"velero.io/csi-volumesnapshot-class": "true"}


def test_volumes_that_barman_copies_are_left_out(declare: Declare):
    given = values(declare, copied_by_barman=True)
    policy = {"kind": "configmap", "name": "velero-volume-policy"}
    assert given["schedules"]["regular"]["template"]["resourcePolicy"] == policy
    assert given["configMaps"]["volume-policy"]["data"] == {"policy.yaml": volume_policy()}
    rules = json.loads(volume_policy())["volumePolicies"]
    left_out = {rule["conditions"]["pvcLabels"]["cnpg.io/pvcRole"] for rule in rules}
    assert left_out == {"PG_DATA", "PG_WAL", "PG_TABLESPACE"}
    assert {rule["action"]["type"] for rule in rules} == {"skip"}


def test_volumes_of_a_database_that_nobody_archives_are_not_left_out(declare: Declare):
    given = values(declare)
    assert "resourcePolicy" not in given["schedules"]["regular"]["template"]
    assert "volume-policy" not in given["configMaps"]


def test_a_restored_volume_waits_for_no_pod(declare: Declare):
    given = values(declare)
    assert given["nodeAgent"]["extraArgs"] == ["--node-agent-configmap=velero-node-agent"]
    settings = json.loads(given["configMaps"]["node-agent"]["data"]["settings.json"])
    assert settings["restorePVC"] == {"ignoreDelayBinding": True}


def test_the_bucket_is_known_to_velero_by_its_real_name(declare: Declare):
    plan = declared(declare)
    [location] = plan.one(RELEASE)["values"]["configuration"]["backupStorageLocation"]
    assert location["bucket"] == "velero-backups-bucket"
    assert location["config"] == {"region": "eu-west-3"}
    assert list(plan.of(BUCKET)) == ["velero-backups-bucket"]


def test_what_is_deleted_from_the_bucket_can_be_fetched_back_and_nothing_expires_by_itself(declare: Declare):
    plan = declared(declare)
    [rule] = plan.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    assert "days" not in rule["expiration"], "kopia's files are shared by backups of every age"
    assert plan.one("aws:s3/bucketVersioning:BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}


def test_the_bucket_is_kept_unless_told_otherwise(declare: Declare):
    assert declared(declare).one(BUCKET)["forceDestroy"] is False
    assert declared(declare, delete_contents=True).one(BUCKET)["forceDestroy"] is True


def test_the_bucket_is_reached_over_tls_only(declare: Declare):
    [statement] = json.loads(declared(declare).one("aws:s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]
    assert (statement["Effect"], statement["Sid"]) == ("Deny", "DenyPlainHttp")


@pytest.mark.parametrize("protect", [True, False])
def test_the_bucket_is_protected_when_asked(declare: Declare, protect: bool):
    seen = SeenOptions()

    def program(opts: pulumi.ResourceOptions = seen.opts) -> None:
        Velero("velero", velero_args(protect=protect), opts)

    declare(program)
    assert bool(seen.by_name["velero-backups-bucket"].protect) is protect


def test_velero_may_use_its_bucket_and_nothing_else(declare: Declare):
    cluster, policies = PlainCluster(), list[str]()

    def program() -> None:
        Velero("velero", velero_args(cluster))
        for _, _, policy in cluster.grants.values():
            pulumi.Output.from_input(policy).apply(policies.append)

    declare(program)
    assert {name: grant[:2] for name, grant in cluster.grants.items()} == {"velero-server": ("velero", "velero")}
    assert policies == [velero_policy("arn:aws:mock:::velero-backups-bucket")]


def test_every_permission_is_named():
    statements = json.loads(velero_policy("arn:aws:s3:::b"))["Statement"]
    assert [(each["Action"], each["Resource"]) for each in statements] == [
        (["s3:ListBucket"], ["arn:aws:s3:::b"]),
        (
            [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            ["arn:aws:s3:::b/*"],
        ),
    ]


def test_no_key_is_kept_in_the_cluster(declare: Declare):
    given = values(declare)
    assert given["credentials"] == {"useSecret": False}
    assert given["serviceAccount"]["server"]["name"] == "velero"


def test_only_veleros_own_namespace_lets_privileged_pods_in(declare: Declare):
    namespace = declared(declare).one("kubernetes:core/v1:Namespace")
    assert namespace["metadata"]["name"] == "velero"
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"


def test_custom_resource_definitions_are_upgraded_and_never_deleted(declare: Declare):
    given = values(declare)
    assert (given["upgradeCRDs"], given["cleanUpCRDs"]) == (True, False)


def test_every_container_states_what_it_needs():
    given = velero_values(velero_args(), "bucket")
    stated = [
        given["resources"],
        given["upgradeJobResources"],
        given["kubectl"]["resources"],
        given["nodeAgent"]["resources"],
        given["initContainers"][0]["resources"],
    ]
    assert all({"cpu", "memory"} <= each["requests"].keys() and each["limits"]["memory"] for each in stated)
    moved = json.loads(given["configMaps"]["node-agent"]["data"]["settings.json"])["podResources"]
    maintained = given["configuration"]["repositoryMaintenanceJob"]["repositoryConfigData"]["global"]["podResources"]
    assert moved == maintained == {"cpuRequest": "50m", "cpuLimit": "0", "memoryRequest": "128Mi", "memoryLimit": "1Gi"}


def test_what_is_known_of_it_is_given_out(declare: Declare):
    seen: dict[str, Any] = {}

    def program() -> None:
        velero = Velero("velero", velero_args())
        seen["schedule"] = velero.schedule
        pulumi.Output.all(velero.bucket_name, velero.namespace).apply(lambda known: seen.update(known=known))

    declare(program)
    assert seen == {"schedule": "velero-regular", "known": ["velero-backups-bucket", "velero"]}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"schedule": "daily"}, "schedule must be five cron fields such as '0 2 * * *', got 'daily'"),
        ({"retention_days": 0}, "retention_days must be at least 1, got 0"),
        ({"namespaces": ()}, "namespaces must name at least one namespace, got ()"),
        ({"namespaces": ("velero",)}, "namespaces must not name 'velero', whose objects describe the backups"),
    ],
)
def test_what_would_make_no_backup_is_refused(choice: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=re.escape(message)):
        velero_args(**choice)
