"""The restore drill of a database: how it is recovered beside its source, and how the two are compared."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.drill_stage import ARCHIVED, SUFFIX, Stage, thing
from tests.kubernetes_server import Object, kubernetes_server
from tests.test_drill import left, run
from tools.drills.api import DrillError
from tools.drills.checksum import TABLES, Question, job, read, script
from tools.drills.report import duration


@pytest.fixture
def stage() -> Iterator[Stage]:
    with kubernetes_server() as server:
        prepared = Stage(server)
        prepared.fill()
        yield prepared


def made(stage: Stage, kind: str) -> list[Object]:
    """Collects what a drill makes of a kind."""
    collected: list[Object] = []
    stage.server.on(kind, lambda event, found, _: collected.append(found) if event == "added" else None)
    return collected


def question(**more: Any) -> Question:
    usual: dict[str, Any] = {"name": "q", "namespace": "database", "image": "i", "user_id": 26, "database": "users"}
    usual |= {"environment": (), "query": TABLES}
    return Question(**(usual | more))


def test_the_database_alone_can_be_drilled(stage: Stage, capsys: pytest.CaptureFixture[str]):
    restores = made(stage, "Restore")
    assert run(stage, part="database", as_json=True) == 0
    result = json.loads(capsys.readouterr().out)
    assert restores == []
    assert result["objects"] is None
    assert result["database"]["databases"] == ["users"]
    assert result["database"]["recovery_point_seconds"] == 2 * 3600


def test_the_objects_alone_can_be_drilled(stage: Stage):
    clusters = made(stage, "Cluster")
    assert run(stage, part="objects") == 0
    assert clusters == []


def test_the_database_is_recovered_from_the_archive_and_archives_nothing_itself(stage: Stage):
    clusters = made(stage, "Cluster")
    run(stage)
    [cluster] = clusters
    spec = cluster["spec"]
    assert cluster["metadata"]["name"] == "postgresql-drill"
    assert spec["instances"] == 1
    assert spec["imageName"] == "ghcr.io/cloudnative-pg/postgresql:18.4"
    assert spec["postgresql"] == {"parameters": {"max_connections": "100"}}, "one instance has no standby to wait for"
    assert "plugins" not in spec
    assert spec["bootstrap"]["recovery"] == {
        "source": "source",
        "database": "users",
        "owner": "users",
        "secret": {"name": "postgresql-users"},
    }
    parameters = {"barmanObjectName": "postgresql", "serverName": "postgresql-1"}
    plugin = {"name": "barman-cloud.cloudnative-pg.io", "parameters": parameters}
    assert spec["externalClusters"] == [{"name": "source", "plugin": plugin}]


def test_passwords_reach_the_query_through_secrets_only_and_its_pod_may_do_nothing_else(stage: Stage):
    jobs = made(stage, "Job")
    run(stage)
    hosts: list[str] = []
    for each in jobs:
        pod = each["spec"]["template"]["spec"]
        [container] = pod["containers"]
        variables = {one["name"]: one for one in container["env"]}
        hosts.append(variables["PGHOST"]["value"])
        secret = {"secretKeyRef": {"name": "postgresql-users", "key": "password"}}
        assert variables["PGPASSWORD"] == {"name": "PGPASSWORD", "valueFrom": secret}
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["resources"]["limits"] == {"memory": "512Mi"}
        assert each["spec"]["backoffLimit"] == 0
    assert hosts == ["postgresql-rw", "postgresql-drill-rw", "postgresql-rw"]


@pytest.mark.parametrize(
    ("restored", "difference"),
    [
        (["public.users|3|aaa", "public.orders|5|zzz"], "table public.orders has other content in 5 rows"),
        (["public.users|2|abc", "public.orders|5|bbb"], "table public.users has 2 rows instead of 3 rows"),
        (["public.users|3|aaa"], "table public.orders was not restored"),
        (["public.users|3|aaa", "public.orders|5|bbb", "public.x|1|c"], "table public.x is not in the source"),
    ],
)
def test_a_database_that_differs_is_named_by_table(
    restored: list[str], difference: str, stage: Stage, capsys: pytest.CaptureFixture[str]
):
    stage.copy = restored
    assert run(stage) == 1
    text = capsys.readouterr().out
    assert f"difference: database users: {difference}" in text
    assert f"note: the archive reaches to {ARCHIVED}: to compare only what it holds, drill again with --query" in text
    assert left(stage) == []


def test_a_source_that_changes_meanwhile_is_told_from_a_bad_backup(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.changing = True
    stage.copy = ["public.users|3|zzz", "public.orders|5|bbb"]
    assert run(stage) == 1
    expected = "the source changed while the drill ran (users), so the differences may be no fault of the backup"
    assert expected in capsys.readouterr().out


def test_the_answer_to_ones_own_query_is_compared_line_by_line(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.source, stage.copy = ["42"], ["41"]
    assert run(stage, query="select count(*) from users") == 1
    assert "difference: database users: the query answers 41 instead of 42" in capsys.readouterr().out


def test_an_empty_database_passes_with_a_note(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.source, stage.copy = [], []
    assert run(stage) == 0
    assert "note: database users: nothing to compare, no table in it" in capsys.readouterr().out


def test_without_a_backup_of_the_database_there_is_a_command_that_makes_one(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    stage.server.patch("ObjectStore", "postgresql", "database", {"status": None})
    assert run(stage, part="database") == 2
    assert capsys.readouterr().err == (
        "database database/postgresql has no backup yet that is complete: make one with `kubectl cnpg backup postgresql"
        " -n database --method plugin --plugin-name barman-cloud.cloudnative-pg.io`, then drill again\n"
    )


def test_a_completed_backup_counts_also_before_the_store_says_so(stage: Stage):
    stage.server.patch("ObjectStore", "postgresql", "database", {"status": None})
    backup = {"spec": {"cluster": {"name": "postgresql"}}, "status": {"phase": "completed"}}
    stage.server.put(thing("postgresql.cnpg.io/v1", "Backup", "first", "database", **backup))
    assert run(stage, part="database") == 0


def test_a_database_without_an_archive_says_what_to_switch_on(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.server.patch("Cluster", "postgresql", "database", {"spec": {"plugins": None}})
    assert run(stage, part="database") == 2
    assert "Cluster database/postgresql archives nothing: switch on the backups" in capsys.readouterr().err


@pytest.mark.parametrize(
    "missing",
    [("ObjectStore", {"status": None}), ("Cluster", {"spec": {"plugins": None}})],
    ids=["no backup", "no archive"],
)
def test_a_database_that_cannot_be_restored_is_told_before_velero_restores_anything(
    stage: Stage, missing: tuple[str, Object]
):
    kind, change = missing
    stage.server.patch(kind, "postgresql", "database", change)
    restores, namespaces = made(stage, "Restore"), made(stage, "Namespace")
    assert run(stage) == 2
    assert (restores, namespaces) == ([], [])


def test_the_objects_alone_can_be_drilled_without_a_backup_of_the_database(stage: Stage):
    stage.server.patch("ObjectStore", "postgresql", "database", {"status": None})
    assert run(stage, part="objects") == 0


def test_a_backup_without_the_database_of_postgresql_ha_is_told_before_velero_restores_anything(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    outputs = ha_outputs(stage)
    for name in ("velero-regular-1", "velero-regular-2"):
        stage.server.patch("Backup.velero.io", name, "velero", {"spec": {"includedNamespaces": ["users-api"]}})
    restores = made(stage, "Restore")
    assert run(stage, outputs) == 2
    assert "does not hold namespace database, where the database is: wait for the next one" in capsys.readouterr().err
    assert restores == []


def test_a_recovery_that_fails_is_told_with_its_last_words(stage: Stage, capsys: pytest.CaptureFixture[str]):
    name = "postgresql-drill-1-full-recovery"

    def fail() -> None:
        labels = {"labels": {"cnpg.io/cluster": "postgresql-drill"}}
        failed = {"conditions": [{"type": "Failed", "status": "True"}]}
        stage.server.put(thing("batch/v1", "Job", name, "database", metadata=labels, status=failed))
        stage.server.put(thing("v1", "Pod", f"{name}-x", "database", metadata={"labels": {"job-name": name}}))
        stage.server.log("database", f"{name}-x", "no target backup found\n")
        stage.each_sleep = lambda: None

    stage.recovery_takes = 10_000
    stage.server.on("Cluster", lambda event, _, __: setattr(stage, "each_sleep", fail) if event == "added" else None)
    assert run(stage, part="database") == 1
    assert "the recovery of database/postgresql-drill failed (no target backup found)" in capsys.readouterr().err
    assert left(stage) == []


def test_a_recovery_that_takes_too_long_is_given_up(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.recovery_takes = 10_000
    assert run(stage, part="database", minutes=2) == 1
    error = capsys.readouterr().err
    assert "CloudNativePG recovers postgresql-drill took more than 2 minutes (Setting up primary)" in error
    assert left(stage) == []


def ha_outputs(stage: Stage) -> dict[str, Any]:
    """Let the database be one of postgresql-ha."""
    containers = [{"name": "postgresql", "image": "bitnamilegacy/postgresql-repmgr:17"}]
    spec = {"template": {"spec": {"containers": containers}}}
    parts = [
        thing("apps/v1", "StatefulSet", "postgresql-ha-postgresql", "database", spec=spec),
        thing("v1", "PersistentVolumeClaim", "data-postgresql-ha-postgresql-0", "database"),
    ]
    for each in parts:
        stage.server.put(each)
        stage.held.append(each)
    outputs = stage.outputs
    outputs["drill"]["database"] |= {
        "engine": "postgresql-ha",
        "cluster": "postgresql-ha",
        "host": "postgresql-ha-pgpool",
    }
    return outputs


def test_a_volume_of_postgresql_ha_is_read_by_a_plain_server(stage: Stage, capsys: pytest.CaptureFixture[str]):
    outputs, jobs = ha_outputs(stage), made(stage, "Job")
    assert run(stage, outputs) == 0
    text = capsys.readouterr().out
    assert "postgresql-ha, users: 2 compared, recovery time 6 s, recovery point 10 h" in text
    assert "note: the volume is as it was at 2026-11-20T02:00:00Z, and every table in it could be read" in text
    source, restored = jobs
    assert (source["metadata"]["namespace"], restored["metadata"]["namespace"]) == (
        "database",
        f"drill-database-{SUFFIX}",
    )
    pod = restored["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "bitnamilegacy/postgresql-repmgr:17"
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data-postgresql-ha-postgresql-0"}}
    assert claim in pod["volumes"]
    assert "standby.signal" in pod["containers"][0]["command"][2], "a copy of a standby must not follow the source"
    assert left(stage) == []


def test_changes_since_the_backup_are_no_difference_of_postgresql_ha_but_a_lost_table_is(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    outputs = ha_outputs(stage)
    stage.copy = ["public.users|2|old", "public.orders|5|bbb"]
    assert run(stage, outputs) == 0
    assert "1 tables differ from the source, changed since or damaged" in capsys.readouterr().out
    stage.copy = ["public.users|2|old"]
    assert run(stage, outputs) == 1
    assert "difference: database users: table public.orders was not restored" in capsys.readouterr().out


def test_ones_own_query_has_to_be_answered_alike_by_postgresql_ha(stage: Stage):
    outputs = ha_outputs(stage)
    stage.source, stage.copy = ["42"], ["41"]
    assert run(stage, outputs, query="select 1") == 1


def test_a_volume_that_is_not_in_the_backup_is_named(stage: Stage, capsys: pytest.CaptureFixture[str]):
    outputs = ha_outputs(stage)
    stage.lost = {"data-postgresql-ha-postgresql-0"}
    assert run(stage, outputs) == 1
    assert "backup velero-regular-2 has no volume data-postgresql-ha-postgresql-0" in capsys.readouterr().err


# Queries


def test_the_end_of_the_archive_stands_in_a_query_with_or_without_quotes():
    for written in ("{recovery_point}", "'{recovery_point}'"):
        lines = script(question(query=f"select 1 where now() < {written}")).splitlines()
        assert "select 1 where now() < :'recovery_point';" in lines
    assert script(question(recovery_point="2026-01-01T00:00:00Z")).startswith(
        "\\set recovery_point '2026-01-01T00:00:00Z'"
    )


def test_a_query_runs_once_in_a_transaction_that_can_write_nothing():
    lines = script(question()).splitlines()
    assert "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" in lines
    assert job(question())["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_an_answer_without_its_end_is_none():
    with pytest.raises(DrillError, match=r"Job d/q ended without its answer: .* / ERROR:  relation does not exist"):
        read("recovery_point|\nERROR:  relation does not exist\n", "Job d/q")


def test_notices_of_the_server_do_not_belong_to_the_answer():
    answer = read("WARNING: something\nrecovery_point|2026-01-01T00:00:00Z\na|1|x\n\ndrill-end\n", "")
    assert (answer.recovery_point, answer.lines) == ("2026-01-01T00:00:00Z", ("a|1|x",))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "unknown"), (8.4, "8 s"), (60, "1 min"), (61, "1 min 1 s"), (7260, "2 h 1 min"), (90000, "1 d 1 h")],
)
def test_times_are_printed_as_people_say_them(seconds: float | None, text: str):
    assert duration(seconds) == text
