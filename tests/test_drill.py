"""A restore drill: what it restores and what never, what it finds, and that nothing of it stays."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.drill_stage import SUFFIX, Stage, thing
from tests.kubernetes_server import kubernetes_server
from tests.pulumi_stand_in import near
from tools.door import PortTaken
from tools.drill import drill
from tools.drills.scratch import MARK, scratch_namespace
from tools.pulumi_cli import PulumiFailed
from tools.setup import SetupError

SCRATCH = f"drill-users-api-{SUFFIX}"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with kubernetes_server() as server:
        prepared = Stage(server)
        prepared.fill()
        yield prepared


def run(stage: Stage, outputs: dict[str, Any] | None = None, **choices: Any) -> int:
    given = outputs or stage.outputs
    least: dict[str, Any] = {"clock": stage.clock, "suffix": SUFFIX, "reach": near}
    return drill("staging", read=lambda _: given, **{**least, **choices})


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out)


def left(stage: Stage) -> list[str]:
    """Everything of a drill that is still in the cluster."""
    server = stage.server
    marked = [
        each["metadata"]["name"]
        for kind in ("Namespace", "Restore", "ConfigMap", "Cluster", "Job")
        for each in server.list(kind)
        if (each["metadata"].get("labels") or {}).items() >= MARK.items()
    ]
    return marked + [
        each["metadata"]["name"] for each in server.list("PersistentVolumeClaim") if "drill" in each["metadata"]["name"]
    ]


def test_backups_that_can_be_restored_pass_and_nothing_stays(stage: Stage, capsys: pytest.CaptureFixture[str]):
    assert run(stage) == 0
    text = capsys.readouterr().out
    assert "backup velero-regular-2, recovery time 6 s, recovery point 10 h" in text
    assert "cloudnative-pg, users: 2 compared, recovery time 6 s, recovery point 2 h" in text
    assert "The backups of staging can be restored." in text
    assert left(stage) == []


def test_the_result_is_there_for_programs_too(stage: Stage, capsys: pytest.CaptureFixture[str]):
    assert run(stage, as_json=True) == 0
    result = printed(capsys)
    assert result["passed"] is True
    assert result["objects"]["backup"] == "velero-regular-2"
    assert result["objects"]["recovery_point_seconds"] == 10 * 3600
    assert result["database"]["tables"] == 2
    counts = {
        (each["namespace"], each["kind"]): (each["source"], each["restored"]) for each in result["objects"]["kinds"]
    }
    assert counts[("users-api", "ConfigMap")] == (2, 2)
    assert counts[("users-api", "PersistentVolumeClaim")] == (1, 1)


def test_only_what_holds_something_is_restored_and_compared(stage: Stage, capsys: pytest.CaptureFixture[str]):
    run(stage, as_json=True)
    kinds = {(each["namespace"], each["kind"]) for each in printed(capsys)["objects"]["kinds"]}
    assert kinds == {
        *(
            ("users-api", kind)
            for kind in ("ConfigMap", "Secret", "PersistentVolumeClaim", "Deployment", "CronJob", "Service")
        ),
        ("database", "Secret"),
    }


def test_nothing_that_is_restored_runs_or_is_reached(stage: Stage):
    seen: dict[str, Any] = {}

    def look() -> None:
        for kind in ("Deployment", "CronJob", "Service"):
            [seen[kind]] = [each["spec"] for each in stage.server.list(kind, SCRATCH)]
        seen["kinds"] = {
            kind for kind in ("Ingress", "Certificate", "Pod", "Cluster") if stage.server.list(kind, SCRATCH)
        }

    stage.server.on("Cluster", lambda event, _, __: look() if event == "added" else None)
    assert run(stage) == 0
    assert seen == {
        "Deployment": {"replicas": 0},
        "CronJob": {"suspend": True},
        "Service": {"type": "ClusterIP"},
        "kinds": set(),
    }


def test_the_restore_asks_velero_for_nothing_that_is_bound_to_the_source(stage: Stage):
    asked: list[dict[str, Any]] = []
    stage.server.on("Restore", lambda event, found, _: asked.append(found["spec"]) if event == "added" else None)
    run(stage)
    [spec] = asked
    assert spec["backupName"] == "velero-regular-2"
    assert spec["namespaceMapping"] == {"users-api": SCRATCH, "database": f"drill-database-{SUFFIX}"}
    assert spec["includeClusterResources"] is False
    assert spec["labelSelector"]["matchExpressions"][0] == {"key": "cnpg.io/cluster", "operator": "DoesNotExist"}


def test_a_lost_object_is_named(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.lost = {"uploads"}
    assert run(stage) == 1
    expected = "difference: users-api: 0 of 1 objects of kind PersistentVolumeClaim were restored, missing uploads"
    assert expected in capsys.readouterr().out
    assert left(stage) == []


def test_what_changed_in_the_source_since_the_backup_is_no_difference(stage: Stage, capsys: pytest.CaptureFixture[str]):
    new = thing("v1", "ConfigMap", "new", "users-api", metadata={"creationTimestamp": "2026-11-20T11:00:00Z"})
    stage.server.put(new)
    stage.server.delete("ConfigMap", "extra", "users-api")
    assert run(stage) == 0
    text = capsys.readouterr().out
    assert "1 new, 1 gone" in text
    assert "note: users-api: since the backup the source lost ConfigMap extra" in text


def test_a_namespace_that_the_backup_lacks_is_a_difference(stage: Stage, capsys: pytest.CaptureFixture[str]):
    outputs = stage.outputs
    outputs["drill"]["namespaces"].append("vaultwarden")
    assert run(stage, outputs) == 1
    expected = "difference: namespace vaultwarden is not in backup velero-regular-2, and was not restored"
    assert expected in capsys.readouterr().out


def test_without_a_complete_backup_there_is_a_command_that_makes_one(stage: Stage, capsys: pytest.CaptureFixture[str]):
    for name in ("velero-regular-1", "velero-regular-2"):
        stage.server.patch("Backup.velero.io", name, "velero", {"status": {"phase": "PartiallyFailed"}})
    assert run(stage) == 2
    assert capsys.readouterr().err == (
        "schedule velero-regular has no backup yet that is complete (the newest, velero-regular-2, is PartiallyFailed)"
        ": make one with `kubectl -n velero exec deploy/velero -- /velero backup create --from-schedule velero-regular "
        "--wait`, then drill again\n"
    )
    assert left(stage) == []


def test_a_restore_that_fails_says_why(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.restore_ends = "FailedValidation"
    assert run(stage) == 1
    error = capsys.readouterr().err
    assert "Velero could not restore velero-regular-2 (FailedValidation: the backup is gone)" in error
    assert f"`kubectl -n velero logs deploy/velero | grep drill-{SUFFIX}` says why" in error
    assert left(stage) == []


def test_a_restore_of_a_part_only_is_a_difference(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.restore_ends = "PartiallyFailed"
    assert run(stage) == 1
    assert "difference: Velero restored only a part, with some errors" in capsys.readouterr().out
    assert left(stage) == []


def test_a_restore_that_takes_too_long_is_given_up_and_cleaned_up(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.restore_takes = 10_000
    assert run(stage, minutes=5) == 1
    error = capsys.readouterr().err
    assert f"Velero restores drill-{SUFFIX} took more than 5 minutes (InProgress, 2 of 9 items)" in error
    assert left(stage) == []


def test_a_drill_says_what_it_waits_for_once(stage: Stage, capsys: pytest.CaptureFixture[str]):
    run(stage)
    lines = capsys.readouterr().err.splitlines()
    assert lines.count(f"Velero restores drill-{SUFFIX}: InProgress, 2 of 9 items") == 1
    assert "CloudNativePG recovers postgresql-drill: Setting up primary" in lines


def test_an_interrupted_drill_cleans_up(stage: Stage, capsys: pytest.CaptureFixture[str]):
    def interrupt() -> None:
        stage.each_sleep = lambda: None
        raise KeyboardInterrupt

    stage.each_sleep = interrupt
    assert run(stage) == 130
    assert capsys.readouterr().err.endswith("interrupted\n")
    assert left(stage) == []


def test_what_a_killed_drill_left_is_cleaned_up_by_the_next(stage: Stage, capsys: pytest.CaptureFixture[str]):
    old = f"drill-users-api-{'f' * 6}"
    stage.server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": old, "labels": MARK}})
    stage.server.put(thing("velero.io/v1", "Restore", "drill-ffffff", "velero", metadata={"labels": MARK}, spec={}))
    stage.server.put(
        thing("postgresql.cnpg.io/v1", "Cluster", "postgresql-drill", "database", metadata={"labels": MARK})
    )
    stage.restore_takes = 30
    assert run(stage) == 0
    text = capsys.readouterr().out
    assert "note: cleaned up after an earlier drill: Restore velero/drill-ffffff" in text
    assert old in text
    assert left(stage) == []


def test_what_cannot_be_cleaned_up_is_named(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.lost = {"uploads"}
    stage.server.on(
        "Namespace",
        lambda event, found, server: (
            server.put(thing("v1", "Secret", "held", SCRATCH, metadata={"finalizers": ["example.org/wait"]}))
            if event == "added" and found["metadata"]["name"] == SCRATCH
            else None
        ),
    )
    assert run(stage) == 1
    error = capsys.readouterr().err
    assert f"Cleaning up took more than 10 minutes (1 left, such as Namespace {SCRATCH})" in error
    assert "`kubectl delete namespace -l app.kubernetes.io/managed-by=socle-drill`" in error


def test_a_cluster_that_refuses_is_told_with_what_it_says(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.server.fail("POST", "/restores", 403)
    assert run(stage) == 1
    expected = "Kubernetes refuses to POST /apis/velero.io/v1/namespaces/velero/restores: 403 the test refuses"
    assert capsys.readouterr().err.startswith(expected)
    assert left(stage) == []


def test_an_api_that_is_away_for_a_moment_is_waited_for(stage: Stage):
    def away() -> None:
        stage.server.fail("GET", f"/restores/drill-{SUFFIX}$", 503)
        stage.each_sleep = stage.server.mend

    stage.each_sleep = away
    assert run(stage) == 0


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        ({}, "stack staging has no output kubeconfig: bring it up with `pulumi up --stack staging`"),
        ({"kubeconfig": {}}, "stack staging has no output drill: switch backups on in Pulumi.staging.yaml"),
        (
            {"kubeconfig": {}, "drill": {"schedul": "a"}},
            "the output drill of stack staging is not what a drill reads: schedul",
        ),
        ({"kubeconfig": {}, "drill": {"schedule": "a"}}, "the stack's kubeconfig is not one that the client reads"),
    ],
)
def test_a_stack_that_cannot_be_drilled_says_what_to_change(
    outputs: dict[str, Any], sentence: str, stage: Stage, capsys: pytest.CaptureFixture[str]
):
    assert drill("staging", read=lambda _: outputs, reach=near) == 2
    assert capsys.readouterr().err.startswith(sentence)


def test_a_failure_is_json_as_well(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.restore_ends = "Failed"
    assert run(stage, as_json=True) == 1
    assert printed(capsys)["error"].startswith("Velero could not restore velero-regular-2 (Failed: no reason given)")


def test_names_of_scratch_namespaces_fit_into_dns():
    assert scratch_namespace("a" * 63, SUFFIX) == f"drill-{'a' * 50}-{SUFFIX}"


def test_a_tunnel_that_cannot_be_opened_is_told_to_programs_too(stage: Stage, capsys: pytest.CaptureFixture[str]):
    @contextmanager
    def taken(stack: str) -> Generator[Mapping[str, str]]:
        assert stack == "staging"
        raise PortTaken("port 16443 of this machine is taken: close that one")
        yield {}

    assert run(stage, as_json=True, reach=taken) == 1
    assert printed(capsys)["error"] == "port 16443 of this machine is taken: close that one"
    assert left(stage) == []


def test_pulumi_that_fails_is_a_failure_and_no_bad_input(capsys: pytest.CaptureFixture[str]):
    def failing(_: str) -> dict[str, Any]:
        raise PulumiFailed("`pulumi stack output` failed (no access)")

    assert drill("staging", read=failing, reach=near) == 1
    assert capsys.readouterr().err == "`pulumi stack output` failed (no access)\n"


def test_a_setup_that_is_not_there_is_bad_input(capsys: pytest.CaptureFixture[str]):
    def missing(_: str) -> dict[str, Any]:
        raise SetupError("no engine: `make setup`")

    assert drill("staging", read=missing, reach=near) == 2
    assert capsys.readouterr().err == "no engine: `make setup`\n"
