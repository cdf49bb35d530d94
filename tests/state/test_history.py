"""The engine's own updates on a bucket with versions, and what is told of them."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from tests.state.busy_cloud import STACK, Busy, busy, ended
from tests.state.cloud import Place
from tools.history import main
from tools.state.checkpoint import resources_of
from tools.state.difference import difference, listed
from tools.state.history import updates
from tools.state.past_locks import PastLock, holder
from tools.state.timeline import decoded, timeline

APP = typer.Typer()
APP.command()(main)


@pytest.fixture
def running(states: Place) -> Iterator[Busy]:
    with busy(states) as made:
        yield made


def up(running: Busy, *names: str, **more: str) -> None:
    running.declare(*names)
    code, output = ended(running.start("up", "--yes", "--skip-preview", **more))
    assert code == 0, output


def another_second() -> None:
    """Wait until what is written bears another time: S3 tells whole seconds."""
    now = time.time()
    time.sleep(1.0 - now % 1.0)


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(APP, [STACK, *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_an_update_is_told_with_who_what_and_the_version_at_its_end(running: Busy) -> None:
    up(running, "fox", "owl")
    up(running, "fox", GITHUB_ACTIONS="true", GITHUB_RUN_ID="7", GITHUB_RUN_NUMBER="3", GITHUB_REPOSITORY="devu42/x")
    objects = running.place.objects
    second, first = updates(objects, STACK)
    assert (first.kind, first.result, dict(first.changes)) == ("update", "succeeded", {"create": 3})
    assert dict(second.changes) == {"delete": 1, "same": 2}
    assert "@" in first.who
    assert second.who == "GitHub Actions https://github.com/devu42/x/actions/runs/7"
    assert first.start <= first.end <= second.start
    key = objects.backend.state_key(STACK)
    held = {each.version: each for each in objects.versions(key)}
    names = [
        sorted(str(each["urn"]).rpartition("::")[2] for each in resources_of(decoded(objects, held[version])))
        for version in (first.version, second.version)
    ]
    assert names == [["fox", "owl"], ["fox"]]
    assert [each.version for each in updates(objects, STACK, limit=1)] == [second.version]


def test_versions_are_grouped_by_the_command_that_wrote_them(running: Busy) -> None:
    another_second()
    up(running, "fox", "owl")
    another_second()
    up(running, "fox", "bee", "ant", "elk", "yak")
    newest, older, made = timeline(running.place.objects, STACK)
    assert (newest.kind, newest.resources, newest.result) == ("update", 5, "succeeded")
    assert newest.versions > 5
    assert newest.change is not None
    assert {each.name for each in newest.change.created} == {"ant", "bee", "elk", "yak"}
    assert [each.name for each in newest.change.deleted] == ["owl"]
    assert " and 1 more; deleted owl" in newest.change.words()
    assert (older.kind, older.resources) == ("update", 2)
    assert (made.kind, made.resources) == ("edit", 0)
    assert [each.version for each in timeline(running.place.objects, STACK, limit=2)] == [newest.version, older.version]


def test_a_deleted_and_a_truncated_state_still_have_their_history(running: Busy) -> None:
    up(running, "fox")
    objects = running.place.objects
    key = objects.backend.state_key(STACK)
    stored = objects.read(key)
    assert stored is not None
    objects.write(key, stored.body[:90])
    assert f"{STACK}: the state's object does not decode (90 bytes), `make rescue STACK={STACK}`" in shown()
    objects.delete(key)
    output = shown()
    assert "its state was deleted" in output
    assert "the state's object does not decode (90 bytes)" in output
    assert stored.version in output
    kinds = [(each["kind"], each["broken"]) for each in json.loads(shown("--json"))]
    assert kinds[:3] == [("deleted", False), ("edit", True), ("update", False)]


def test_a_command_that_was_cut_off_is_told_from_an_edit(running: Busy) -> None:
    running.declare("fox")
    gate = running.close("fox")
    process = running.up()
    gate.wait()
    process.kill()
    gate.opened.set()
    ended(process)
    newest = timeline(running.place.objects, STACK)[0]
    assert newest.kind == "cut off"
    assert "@" in newest.who
    assert f"the last command was cut off, `make doctor STACK={STACK}`" in shown()


def test_a_stack_that_never_was_is_refused_with_the_command_that_lists_them(states: Place) -> None:
    result = CliRunner().invoke(APP, ["stagign"])
    assert result.exit_code == 2
    assert "stagign: s3://socle-state-123456789012?region=eu-west-3 has no version of its state" in result.output
    assert "`make stacks`" in result.output


def test_without_locks_the_time_of_an_update_tells_what_it_wrote(running: Busy) -> None:
    up(running, "fox", "owl")
    s3 = running.place.account.client("s3")
    bucket = running.place.backend.bucket
    for each in list(running.place.objects.versions_under(running.place.backend.locks_prefix(STACK))):
        s3.delete_object(Bucket=bucket, Key=each.key, VersionId=each.version)
    newest = timeline(running.place.objects, STACK)[0]
    assert (newest.kind, newest.resources) == ("update", 2)
    assert newest.versions > 2
    assert newest.who == "nobody knows"


def test_a_note_that_was_cut_off_is_passed_over(running: Busy) -> None:
    up(running, "fox")
    objects = running.place.objects
    objects.write(f"{objects.backend.history_prefix(STACK)}{STACK}-9999999999999999999.history.json", b'{"kind": "upd')
    assert [each.kind for each in updates(objects, STACK)] == ["update"]


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_stranded_lock_yields_to_a_later_one() -> None:
    stranded = PastLock("ada@here", NOON, None)
    later = PastLock("bob@there", NOON + timedelta(minutes=5), NOON + timedelta(minutes=9))
    assert holder([stranded, later], NOON + timedelta(minutes=7)) == later
    assert holder([stranded, later], NOON + timedelta(minutes=10)) == stranded
    assert holder([replace(stranded, until=NOON)], NOON + timedelta(seconds=1)) is None


SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def test_a_secret_that_is_encrypted_anew_is_no_change() -> None:
    def state(ciphertext: str, size: int) -> dict[str, object]:
        inputs = {"password": {**SECRET, "ciphertext": ciphertext}, "size": size}
        return {"resources": [{"urn": "urn:a::db", "type": "aws:rds:Db", "inputs": inputs}]}

    assert not difference(state("v1:one", 1), state("v1:two", 1))
    assert difference(state("v1:one", 1), state("v1:one", 2)).words() == "changed db"


def test_long_lists_are_counted() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed("abcde") == "a, b, c and 2 more"
