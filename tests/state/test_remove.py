"""`make remove`, with the real engine: only what is empty goes, and all of it."""

import json
import re
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from tests.state.copies import ADA, Office, code_of
from tools import remove

Said = pytest.CaptureFixture[str]
SITE = {"urn": "urn:pulumi:dev-x::socle::socle:index:Site::site", "type": "socle:index:Site", "custom": False}


def removed(desks: Office, stack: str = "dev-x", *, yes: bool = True) -> int:
    return code_of(lambda: remove.run(stack, yes=yes, means=desks.means))


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """Type that at every question; what was asked."""
    questions: list[str] = []

    def prompt(question: str, **_: object) -> str:
        questions.append(question)
        return answer

    monkeypatch.setattr(typer, "prompt", prompt)
    return questions


def test_an_empty_stack_goes_with_its_name_addresses_and_file(desks: Office, capsys: Said) -> None:
    assert desks.make("dev-x") == 0
    desks.objects.write("socle/costs/dev-x.json", b"{}")
    capsys.readouterr()
    assert removed(desks) == 0
    assert capsys.readouterr().out == "dev-x: removed; its name and 10.64.0.0/16 are free again\n"
    assert desks.own_keys() == []
    assert not desks.file("dev-x").exists()
    assert desks.objects.keys("socle/costs/") == []
    assert desks.objects.read(desks.objects.backend.state_key("dev-x")) is None
    assert desks.make("dev-x") == 0


def test_a_stack_with_resources_stays_and_the_way_is_told(desks: Office, capsys: Said) -> None:
    desks.make("dev-x")
    desks.place.load("dev-x", SITE)
    assert removed(desks) == 2
    assert capsys.readouterr().err == "dev-x: still has 1 resources: `make destroy STACK=dev-x` deletes them first\n"
    assert desks.own_keys() == ["stacks/dev-x.json", "slots/64.json"]


def test_operations_that_nobody_saw_the_end_of_keep_it(desks: Office, capsys: Said) -> None:
    desks.make("dev-x")
    bucket = {"urn": "urn:pulumi:dev-x::socle::aws:s3/bucket:Bucket::b", "type": "aws:s3/bucket:Bucket", "custom": True}
    latest = {"pending_operations": [{"resource": bucket, "type": "creating"}]}
    # As a killed engine leaves it; an import would drop them.
    state = {"version": 3, "checkpoint": {"stack": "organization/socle/dev-x", "latest": latest}}
    desks.objects.write(desks.objects.backend.state_key("dev-x"), json.dumps(state).encode())
    assert removed(desks) == 2
    assert "dev-x: 1 operations were begun and nobody knows how they ended" in capsys.readouterr().err


def test_the_question_says_whose_it_is_and_what_goes(desks: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desks.make("dev-x")
    questions = answering(monkeypatch, "dev-y")
    assert removed(desks, yes=False) == 2
    assert questions == [
        f"dev-x: ada ({ADA.arn}) made it from staging; its name and addresses are given back, Pulumi.dev-x.yaml is "
        "deleted. Type dev-x to go on"
    ]
    assert desks.file("dev-x").exists()
    answering(monkeypatch, "dev-x")
    assert removed(desks, yes=False) == 0


def test_where_nobody_can_answer_it_says_how_not_to_be_asked(
    desks: Office, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    desks.make("dev-x")

    def prompt(*_: object, **__: object) -> str:
        raise typer.Abort

    monkeypatch.setattr(typer, "prompt", prompt)
    assert removed(desks, yes=False) == 2
    assert "dev-x: nobody answered, nothing was changed: `make remove STACK=dev-x YES=1` does not ask" in (
        capsys.readouterr().err
    )


def test_a_stack_of_the_team_leaves_the_backend_and_keeps_its_file(desks: Office, capsys: Said) -> None:
    desks.place.init("staging")
    assert removed(desks, "staging") == 0
    assert capsys.readouterr().out == "staging: removed from the backend; Pulumi.staging.yaml stays\n"
    assert desks.file("staging").exists()


def test_what_nobody_knows_is_refused(desks: Office, capsys: Said) -> None:
    assert removed(desks, "dev-z") == 2
    assert capsys.readouterr().err.startswith("dev-z: neither the backend nor a `make new` knows it: `make stacks`")


def test_a_removal_that_stopped_half_way_is_finished(desks: Office) -> None:
    desks.make("dev-x")
    desks.place.must("stack", "rm", "dev-x", "--yes", "--preserve-config")
    assert removed(desks) == 0
    assert desks.own_keys() == []


def test_a_stack_that_was_deployed_while_the_question_stood_there_stays(desks: Office, capsys: Said) -> None:
    desks.make("dev-x")

    @contextmanager
    def turn(stack: str, again: str, folder: Path) -> Generator[None]:
        desks.place.load("dev-x", SITE)
        yield

    busy = replace(desks, means=replace(desks.means, turn=turn))
    assert removed(busy) == 2
    assert "dev-x: still has 1 resources" in capsys.readouterr().err
    assert desks.own_keys() == ["stacks/dev-x.json", "slots/64.json"]


def test_the_last_settings_stay_in_the_versions_of_the_record(desks: Office) -> None:
    desks.make("dev-x")
    file = desks.file("dev-x")
    file.write_text(re.sub("image: .*api-utilisateurs:.*", "image: example.org/api:7", file.read_text()))
    removed(desks)
    versions = desks.objects.versions("socle/stacks/dev-x.json")
    kept = next(desks.objects.read(each.key, each.version) for each in versions if not each.deleted)
    assert kept
    assert b"example.org/api:7" in kept.body


def test_a_locked_stack_stays(desks: Office, capsys: Said) -> None:
    desks.make("dev-x")
    held = subprocess.run(["hostname"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607 (of the system)
    lock = f'{{"pid": 1, "username": "root", "hostname": "not-{held}", "timestamp": "2026-01-01T00:00:00Z"}}'
    desks.objects.write(".pulumi/locks/organization/socle/dev-x/1.json", lock.encode())
    assert removed(desks) == 1
    assert "dev-x: root@not-" in capsys.readouterr().err
    assert desks.own_keys() == ["stacks/dev-x.json", "slots/64.json"]
