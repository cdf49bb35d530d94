"""`make new` that fails or is killed: nothing stays that one would have to tidy up, and it can be repeated."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.state.copies import MARIE, ROOT, Office
from tests.state.faults import fault
from tests.state.killed_new import POINTS
from tools import new, stacks
from tools.stack_copies.claims import ABANDONED
from tools.state.registry import change, read_record

Said = pytest.CaptureFixture[str]


def killed(desks: Office, stack: str, point: str) -> None:
    """Run `make new` in a process of its own until it is killed."""
    command = [sys.executable, "-m", "tests.state.killed_new", str(desks.folder), desks.place.backend.bucket]
    done = subprocess.run(
        [*command, stack, point],
        cwd=ROOT,
        env={**os.environ, **desks.place.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("point", [each for each in POINTS if each != "the last write"])
def test_a_killed_make_new_is_repeated_and_completes(desks: Office, capsys: Said, point: str) -> None:
    desks.place.init("staging")
    killed(desks, "dev-x", point)
    half = read_record(desks.objects, "dev-x")
    assert half
    assert not half.complete
    stacks.run(as_json=False, means=desks.means)
    seen = capsys.readouterr().out
    assert desks.make("dev-x") == 0
    record = read_record(desks.objects, "dev-x")
    assert record
    assert record.complete
    assert (record.maker, record.stack_file) == ("", desks.file("dev-x").read_text())
    assert desks.own_keys() == ["stacks/dev-x.json", "slots/64.json"]
    # The file has the key of the state that is there now.
    desks.place.must("config", "set", "--secret", "socle:registry_password", "--stack", "dev-x", given="value")
    desks.place.must("config", "get", "socle:registry_password", "--stack", "dev-x")
    typed = ["make new STACK=dev-x FROM=staging TTL=8h", "make up STACK=dev-x"]
    fault("make-new-killed").prove(seen, typed=typed, lost=[])


def test_one_that_is_killed_after_its_last_write_is_complete(desks: Office, capsys: Said) -> None:
    killed(desks, "dev-x", "the last write")
    record = read_record(desks.objects, "dev-x")
    assert record
    assert record.complete
    assert desks.make("dev-x") == 2
    assert "dev-x: is yours already" in capsys.readouterr().err


def test_a_file_that_is_lost_comes_back_as_it_was(desks: Office, capsys: Said) -> None:
    desks.make("dev-x")
    text = desks.file("dev-x").read_text()
    desks.file("dev-x").unlink()
    stacks.run(as_json=False, means=desks.means)
    seen = capsys.readouterr().out
    new.restore("dev-x", desks.means)
    desks.place.must("config", "set", "--secret", "socle:registry_password", "--stack", "dev-x", given="value")
    lost = [line for line in text.splitlines() if line not in desks.file("dev-x").read_text().splitlines()]
    typed = ["make new STACK=dev-x RESTORE=1", "make up STACK=dev-x"]
    fault("file-of-own-stack-lost").prove(seen, typed=typed, lost=lost)


def test_a_half_made_stack_is_nobody_elses(desks: Office, capsys: Said) -> None:
    killed(desks, "dev-x", "the name")
    assert desks.of(MARIE).make("dev-x") == 2
    assert 'expected a name that nobody has, got "dev-x": ada (arn' in capsys.readouterr().err


def test_what_another_machine_makes_is_left_to_it_for_a_while(desks: Office, capsys: Said) -> None:
    killed(desks, "dev-x", "the slot")
    change(desks.objects, "dev-x", lambda record: replace(record, maker="elsewhere 1 1"))
    desk, _ = desks.without_engine()
    assert desk.make("dev-x") == 2
    assert "dev-x: another machine of yours began to make it" in capsys.readouterr().err
    assert desk.later(seconds=ABANDONED.total_seconds() + 1).make("dev-x") == 0


def test_a_half_made_stack_that_was_deployed_is_completed_and_loses_nothing(desks: Office, capsys: Said) -> None:
    killed(desks, "dev-x", "the state")
    urn = "urn:pulumi:dev-x::socle::socle:index:Site::site"
    desks.place.load("dev-x", {"urn": urn, "type": "socle:index:Site", "custom": False})
    text = desks.file("dev-x").read_text()
    assert desks.make("dev-x") == 2
    assert "dev-x: was made and deployed already, with 1 resources: `make up STACK=dev-x` goes on" in (
        capsys.readouterr().err
    )
    record = read_record(desks.objects, "dev-x")
    assert record
    assert (record.stack_file, desks.file("dev-x").read_text()) == (text, text)


@pytest.mark.parametrize("fails", ["stack init", "config set"])
def test_a_step_of_the_engine_that_fails_undoes_those_before_it(desks: Office, capsys: Said, fails: str) -> None:
    file = desks.file("staging")
    file.write_text(file.read_text() + "  socle:registry_password:\n    secure: v1:abc\n")
    desk, engine = desks.without_engine(fails)
    assert desk.make("dev-x") == 1
    said = capsys.readouterr().err
    assert f"dev-x: `pulumi {fails} " in said
    assert "failed (AccessDenied: you may not): correct that, then try again" in said
    assert engine.asked[-1] == "stack rm dev-x --yes --preserve-config"
    assert desks.own_keys() == []
    assert not desks.file("dev-x").exists()
    desk, _ = desks.without_engine()
    assert desk.make("dev-x") == 0


def test_a_key_that_is_not_there_leaves_nothing_behind(desks: Office, capsys: Said) -> None:
    desks.place.account.client("kms").delete_alias(AliasName="alias/socle-staging")
    assert desks.make("dev-x") == 1
    assert "Alias arn:aws:kms:eu-west-3:123456789012:alias/socle-staging is not found" in capsys.readouterr().err
    assert desks.own_keys() == []
    assert (desks.file("dev-x").exists(), desks.place.pulumi("stack", "ls").stdout.count("dev-x")) == (False, 0)


def test_what_cannot_be_undone_is_told_with_the_command_that_does_it(desks: Office, capsys: Said) -> None:
    class Angry(type(desks.objects)):
        def remove(self, key: str, etag: str) -> bool:
            raise OSError("no route to host")

    desk, _ = desks.without_engine("stack init")
    desk = replace(desk, means=replace(desk.means, objects=lambda: Angry(desks.place.backend)))
    assert desk.make("dev-x") == 1
    assert "dev-x: its name could not be taken back (no route to host): `make remove STACK=dev-x` does it" in (
        capsys.readouterr().err
    )
    # What comes after it was undone all the same.
    assert desks.own_keys() == ["stacks/dev-x.json"]
    assert not desks.file("dev-x").exists()
