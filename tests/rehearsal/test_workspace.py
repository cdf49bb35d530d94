import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import RunError

from rehearsal.recovery import Busy, interrupted
from rehearsal.workspace import Workspace, locks, missing_secrets, open_workspace, protected, rehearsed, stand_in
from stack.reach import check_reach

REAL = {
    "secretsprovider": "awskms://alias/socle",
    "encryptedkey": "a real key",
    "config": {"aws:region": "eu-west-3", "socle:password": {"secure": "v1:real"}},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a project and the stack `prod`, whose password is secret."""
    (tmp_path / "Pulumi.yaml").write_text("name: socle\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(f"# A comment.\n{yaml.safe_dump(REAL)}")
    return tmp_path


def _copy(workspace: Workspace) -> dict[str, Any]:
    return yaml.safe_load((workspace.folder / f"Pulumi.{workspace.stack}.yaml").read_text(encoding="utf-8"))


def test_a_rehearsal_has_the_plain_settings_and_none_of_the_keys() -> None:
    assert rehearsed(REAL, {}) == {"config": {"aws:region": "eu-west-3"}}


def test_stand_ins_of_the_last_rehearsal_are_kept_with_the_salt_that_opens_them() -> None:
    previous = {"encryptionsalt": "v1:salt", "config": {"aws:region": "old", "socle:password": {"secure": "v1:stand"}}}
    assert rehearsed(REAL, previous) == {
        "encryptionsalt": "v1:salt",
        "config": {"aws:region": "eu-west-3", "socle:password": {"secure": "v1:stand"}},
    }


def test_a_value_that_has_become_secret_is_not_taken_from_the_last_rehearsal() -> None:
    assert "socle:password" not in rehearsed(REAL, {"config": {"socle:password": "plain"}})["config"]


def test_a_stack_file_without_settings_can_be_rehearsed() -> None:
    assert rehearsed({}, {}) == {"config": {}}


def test_the_real_stack_file_is_only_read(project: Path) -> None:
    file = project / "Pulumi.prod.yaml"
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    open_workspace("prod", project)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_everything_of_a_rehearsal_is_in_one_folder_of_the_stack(project: Path) -> None:
    before = set(project.iterdir())
    workspace = open_workspace("prod", project)
    assert set(project.iterdir()) - before == {project / ".rehearsal"}
    assert workspace.folder == project / ".rehearsal" / "prod"
    assert {workspace.world_file.parent, workspace.state.parent, workspace.result_file.parent} == {workspace.folder}


def test_the_copy_follows_the_real_stack_file(project: Path) -> None:
    open_workspace("prod", project)
    (project / "Pulumi.prod.yaml").write_text("config: {aws:region: eu-west-1}\n")
    assert _copy(open_workspace("prod", project)) == {"config": {"aws:region": "eu-west-1"}}


def test_the_address_of_the_real_states_is_not_in_the_copy(project: Path) -> None:
    file = project / "Pulumi.yaml"
    file.write_text(f"{file.read_text()}backend: {{url: 's3://socle-state-123456789012?region=eu-west-3'}}\n")
    workspace = open_workspace("prod", project)
    assert yaml.safe_load((workspace.folder / "Pulumi.yaml").read_text(encoding="utf-8")).keys() == {
        "name",
        "runtime",
        "main",
    }
    assert "s3://" in file.read_text()


def test_plain_commands_find_the_program_and_its_python(project: Path) -> None:
    workspace = open_workspace("prod", project)
    document = yaml.safe_load((workspace.folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert document["main"] == str(project)
    assert document["runtime"]["options"]["virtualenv"] == str(project / ".venv")


def test_a_missing_secret_gets_a_stand_in_that_nobody_can_guess(project: Path) -> None:
    copy = open_workspace("prod", project).folder / "Pulumi.prod.yaml"
    first, second = (missing_secrets("prod", copy, project) for _ in range(2))
    assert set(first) == {"socle:password"}
    assert first["socle:password"] != second["socle:password"]
    assert len(first["socle:password"]) >= 32


def test_a_secret_that_has_its_stand_in_is_not_missing(project: Path) -> None:
    copy = open_workspace("prod", project).folder / "Pulumi.prod.yaml"
    copy.write_text(yaml.safe_dump({"config": {"socle:password": {"secure": "v1:stand"}}}))
    assert missing_secrets("prod", copy, project) == {}


def test_a_secret_that_the_stack_file_lacks_gets_a_stand_in_that_is_kept(project: Path) -> None:
    copy = open_workspace("prod", project, ["socle:token"]).folder / "Pulumi.prod.yaml"
    assert set(missing_secrets("prod", copy, project, ["socle:token"])) == {"socle:password", "socle:token"}
    kept = {"socle:password": {"secure": "v1:one"}, "socle:token": {"secure": "v1:two"}}
    copy.write_text(yaml.safe_dump({"config": kept}))
    assert _copy(open_workspace("prod", project, ["socle:token"]))["config"] == {"aws:region": "eu-west-3", **kept}
    assert missing_secrets("prod", copy, project, ["socle:token"]) == {}
    assert "socle:token" not in _copy(open_workspace("prod", project))["config"]


@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("socle:datadog_api_key", r"[0-9a-f]{32}"),
        ("socle:datadog_app_key", r"[0-9a-f]{40}"),
        ("socle:gitlab_runner_token", r"glrt-[\w-]{20}"),
        ("socle:password", r"[\w-]{32}"),
    ],
)
def test_a_stand_in_has_the_form_that_its_owner_gives_such_values(key: str, form: str) -> None:
    assert re.fullmatch(form, stand_in(key))
    assert stand_in(key) != stand_in(key)


def test_protected_resources_are_named(project: Path) -> None:
    workspace = open_workspace("prod", project)
    assert protected(workspace) == []
    file = workspace.state / ".pulumi" / "stacks" / "socle" / "prod.json"
    file.parent.mkdir(parents=True)
    resources = [{"urn": "urn:pulumi:prod::socle::a:b/c:D::kept", "protect": True}, {"urn": "urn:x::other"}]
    file.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    assert protected(workspace) == ["kept"]


def test_commands_work_on_the_rehearsal_and_not_on_the_user_s_own_pulumi(project: Path) -> None:
    workspace = open_workspace("prod", project)
    variables = workspace.environment()
    assert variables["PULUMI_BACKEND_URL"] == f"file://{workspace.state}"
    assert Path(variables["PULUMI_HOME"]).is_relative_to(workspace.folder)


def test_a_program_in_a_rehearsal_looks_for_no_tunnel(project: Path) -> None:
    check_reach("demo", 1, open_workspace("prod", project).environment())
    with pytest.raises(RunError, match="no tunnel to it is open"):
        check_reach("demo", 1, {})


def _lock(workspace: Workspace, pid: int, host: str) -> Path:
    file = workspace.state / ".pulumi" / "locks" / "organization" / "socle" / workspace.stack / "1.json"
    file.parent.mkdir(parents=True)
    entry = {"pid": pid, "username": "ada", "hostname": host, "timestamp": "2026-11-21T07:00:00Z"}
    file.write_text(json.dumps(entry))
    return file


@pytest.fixture
def ended_pid() -> int:
    """Id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_rehearsal_without_locks_was_not_interrupted(project: Path) -> None:
    assert not interrupted(open_workspace("prod", project))


def test_the_lock_of_a_process_that_is_gone_is_stale(project: Path, ended_pid: int) -> None:
    workspace = open_workspace("prod", project)
    file = _lock(workspace, ended_pid, socket.gethostname())
    assert [(lock.file, lock.pid, lock.is_stale()) for lock in locks(workspace)] == [(file, ended_pid, True)]
    assert interrupted(workspace)


def test_the_lock_of_a_process_at_work_refuses_a_second_command(project: Path) -> None:
    workspace = open_workspace("prod", project)
    _lock(workspace, os.getpid(), socket.gethostname())
    with pytest.raises(Busy) as refusal:
        interrupted(workspace)
    assert str(refusal.value) == (
        f"prod: process {os.getpid()} on {socket.gethostname()} is at work on this rehearsal since "
        "2026-11-21T07:00:00Z: wait until it ends"
    )


def test_the_lock_of_another_machine_is_not_judged_by_our_processes(project: Path, ended_pid: int) -> None:
    workspace = open_workspace("prod", project)
    _lock(workspace, ended_pid, "another-machine")
    with pytest.raises(Busy, match="another-machine"):
        interrupted(workspace)


def test_the_lock_of_another_stack_does_not_count(project: Path, ended_pid: int) -> None:
    _lock(Workspace("staging", project / ".rehearsal" / "prod"), ended_pid, socket.gethostname())
    assert locks(open_workspace("prod", project)) == []


def test_a_lock_that_is_being_written_is_passed_over(project: Path, ended_pid: int) -> None:
    workspace = open_workspace("prod", project)
    _lock(workspace, ended_pid, socket.gethostname()).write_text("")
    assert locks(workspace) == []
