"""States that were deleted, cut off or replaced, brought back with the real engine."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from tests.state.busy_cloud import STACK, Busy, busy, ended
from tests.state.cloud import Place
from tests.state.faults import fault
from tools.pulumi_cli import Program, Pulumi
from tools.rescue import Means, run
from tools.sentences import sentences
from tools.state.checkpoint import deployment_of, resources_of
from tools.state.hold import Held, holding
from tools.state.lock_files import read_locks
from tools.state.recovery import Unsuitable, find, restore
from tools.state.timeline import timeline

Rescue = Callable[..., tuple[int, str]]
REFRESH = f"pulumi refresh --stack {STACK}"
PREVIEW = f"make preview STACK={STACK}"


@pytest.fixture
def running(states: Place) -> Iterator[Busy]:
    with busy(states) as made:
        yield made


@pytest.fixture
def rescued(states: Place, capsys: pytest.CaptureFixture[str]) -> Rescue:
    def call(version: str = "", *, yes: bool = True, interactive: bool = False) -> tuple[int, str]:
        means = Means(run=Program(states.folder, {**os.environ, **states.environ}), interactive=lambda: interactive)
        code = 0
        try:
            run(STACK, version, yes=yes, means=means)
        except typer.Exit as ending:
            code = ending.exit_code
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def up(running: Busy, *names: str) -> None:
    running.declare(*names)
    code, output = ended(running.up())
    assert code == 0, output


def lost(running: Busy, before: dict[str, str]) -> list[str]:
    """What the cloud had and the stack does not know any more, after the commands that a rescue names."""
    for command in (["refresh", "--yes", "--skip-preview"], ["preview", "--expect-no-changes"]):
        code, output = ended(running.start(*command))
        assert code == 0, output
    stored = running.place.objects.read(running.place.backend.state_key(STACK))
    assert stored is not None
    known = {str(each["id"]) for each in resources_of(deployment_of(stored.body))}
    assert running.cloud() == before
    return sorted(set(before.values()) - known)


def seen(running: Busy, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command of ours says that asks the engine for the state."""
    run_ = Program(running.place.folder, {**os.environ, **running.place.environ})
    with pytest.raises(typer.Exit), sentences(STACK, PREVIEW):
        Pulumi(STACK, run_).export()
    return capsys.readouterr().err


def test_a_deleted_state_is_brought_back(running: Busy, rescued: Rescue, capsys: pytest.CaptureFixture[str]) -> None:
    up(running, "fox", "owl")
    before = running.cloud()
    objects = running.place.objects
    objects.delete(running.place.backend.state_key(STACK))
    said = seen(running, capsys)
    code, output = rescued()
    assert code == 0, output
    assert "staging: its state is deleted" in output
    assert "has 2 resources" in output
    assert f"`{REFRESH}`, then `{PREVIEW}`" in output
    assert objects.keys(objects.backend.own_key("backups")) == []
    fault("state-deleted").prove(
        said, typed=[f"make rescue STACK={STACK}", REFRESH, PREVIEW], lost=lost(running, before)
    )


def test_a_truncated_state_is_brought_back_and_what_was_left_of_it_is_kept(
    running: Busy, rescued: Rescue, capsys: pytest.CaptureFixture[str]
) -> None:
    up(running, "fox", "owl")
    before = running.cloud()
    objects = running.place.objects
    key = running.place.backend.state_key(STACK)
    stored = objects.read(key)
    assert stored is not None
    objects.write(key, stored.body[: len(stored.body) // 2])
    said = seen(running, capsys)
    code, output = rescued()
    assert code == 0, output
    assert "staging: its state does not decode" in output
    (copy,) = objects.keys(objects.backend.own_key("backups", f"{STACK}/"))
    assert f"is kept as s3://{objects.backend.bucket}/{copy}" in output
    kept = objects.read(copy)
    assert kept is not None
    assert kept.body == stored.body[: len(stored.body) // 2]
    assert read_locks(objects, STACK) == []
    fault("state-truncated").prove(
        said, typed=[f"make rescue STACK={STACK}", REFRESH, PREVIEW], lost=lost(running, before)
    )


def test_a_wrong_import_is_taken_back_to_the_version_that_history_shows(running: Busy, rescued: Rescue) -> None:
    up(running, "fox")
    good = timeline(running.place.objects, STACK)[0].version
    before = running.cloud()
    running.place.load(STACK)
    assert "there is nothing to rescue" in rescued()[1]
    code, output = rescued(good[:8])
    assert code == 0, output
    fault("state-taken-back").prove(
        output,
        typed=[f"make history STACK={STACK}", f"make rescue STACK={STACK} VERSION={good[:8]}", REFRESH, PREVIEW],
        lost=lost(running, before),
    )


def test_what_a_version_does_not_know_is_named_as_forgotten(running: Busy, rescued: Rescue) -> None:
    up(running, "fox")
    first = timeline(running.place.objects, STACK)[0].version
    up(running, "fox", "owl")
    code, output = rescued(first, yes=False)
    assert (code, "- is forgotten, and stays in the cloud: random:index/randomPet:RandomPet owl" in output) == (2, True)
    assert f"nobody can be asked here: `make rescue STACK={STACK} VERSION={first} YES=1`" in output


def test_a_person_who_says_no_changes_nothing(states: Place, rescued: Rescue, monkeypatch: pytest.MonkeyPatch) -> None:
    states.init(STACK)
    states.objects.delete(states.backend.state_key(STACK))

    def no(*_: object, **__: object) -> bool:
        return False

    monkeypatch.setattr(typer, "confirm", no)
    code, output = rescued(yes=False, interactive=True)
    assert (code, "staging: nothing was changed" in output) == (2, True)
    assert states.objects.read(states.backend.state_key(STACK)) is None


def test_a_wrong_version_is_refused_with_the_known_ones(states: Place, rescued: Rescue) -> None:
    states.init(STACK)
    version = timeline(states.objects, STACK)[0].version
    code, output = rescued("abcdefgh")
    assert code == 2
    assert 'staging: VERSION="abcdefgh" is none of its versions, known are ' in output
    assert version in output
    assert f'VERSION="{version[:3]}" is none of its versions' in rescued(version[:3])[1]


def test_a_version_that_does_not_decode_is_refused(states: Place, rescued: Rescue) -> None:
    states.init(STACK)
    key = states.backend.state_key(STACK)
    states.objects.write(key, b"{")
    broken = states.objects.versions(key)[0].version
    code, output = rescued(broken)
    assert (code, f"version {broken} is no better (the state's object does not decode (1 bytes))" in output) == (
        2,
        True,
    )


def test_when_nothing_decodes_the_engines_own_copies_are_named(states: Place, rescued: Rescue) -> None:
    states.objects.write(states.backend.state_key(STACK), b"{")
    code, output = rescued()
    assert (code, "none of its 1 versions decodes: look at the engine's own copies" in output) == (2, True)


def test_a_stack_that_never_was_has_nothing_to_rescue(states: Place, rescued: Rescue) -> None:
    assert rescued()[0] == 2
    assert "has no version of its state and never had one" in rescued()[1]


def test_a_rescue_is_refused_while_an_update_runs(running: Busy, rescued: Rescue) -> None:
    running.declare("fox")
    gate = running.close("fox")
    process = running.up()
    gate.wait()
    key = running.place.backend.state_key(STACK)
    objects = running.place.objects
    version = objects.versions(key)[-1].version
    count = len(objects.versions(key))
    code, output = rescued(version)
    gate.opened.set()
    assert ended(process)[0] == 0
    assert code == 1
    assert "holds the lock" in output
    assert len(objects.versions(key)) >= count
    assert "fox" in running.cloud()


def test_while_the_lock_is_ours_the_engine_does_not_start(running: Busy) -> None:
    objects = running.place.objects
    running.declare("fox")
    with holding(objects, STACK):
        code, output = ended(running.up())
        assert (code, "currently locked by" in output) == (1, True)
        with pytest.raises(Held), holding(objects, STACK):
            pass
    assert read_locks(objects, STACK) == []
    up(running, "fox")


def test_a_state_that_was_written_meanwhile_is_left_alone(states: Place) -> None:
    states.init(STACK)
    key = states.backend.state_key(STACK)
    states.objects.write(key, b"{")
    found = find(states.objects, STACK)
    states.objects.write(key, b"somebody's")
    assert restore(states.objects, STACK, found) is None
    stored = states.objects.read(key)
    assert stored is not None
    assert stored.body == b"somebody's"
    states.objects.delete(key)
    gone = find(states.objects, STACK)
    states.objects.write(key, b"somebody's")
    assert restore(states.objects, STACK, gone) is None


def test_a_version_that_lifecycle_took_meanwhile_is_told(states: Place, tmp_path: Path) -> None:
    states.init(STACK)
    key = states.backend.state_key(STACK)
    states.objects.delete(key)
    found = find(states.objects, STACK)
    states.account.client("s3").delete_object(Bucket=states.backend.bucket, Key=key, VersionId=found.version.version)
    with pytest.raises(Unsuitable, match="has gone meanwhile: see `make history STACK=staging`"):
        restore(states.objects, STACK, found)
