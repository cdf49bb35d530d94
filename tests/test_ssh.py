"""Shells on the machines of a K3s stack."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.far_side import FarSide, far_side, machines
from tools import ssh
from tools.tunnel import Known

MACHINES = machines("https://127.0.0.1:16443", servers=3)


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarSide]:
    environ = {"PATH": os.environ["PATH"]}
    with far_side(tmp_path / "far", environ) as there:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield there


def known(stack: str) -> Known:
    return Known(MACHINES)


def test_a_machine_is_reached_through_the_bastion_with_the_key_in_an_agent(far: FarSide):
    assert ssh.run("vote", "vote-1", known) == 0
    ((_, target, *how),) = far.called
    assert target == "ubuntu@10.0.11.9"
    assert how[:3] == ["with", "a", "key"]
    assert "ubuntu@203.0.113.7" in how
    assert MACHINES.private_key.splitlines()[1] not in " ".join(how)


def test_the_bastion_is_a_machine_too(far: FarSide):
    assert ssh.run("vote", "bastion", known) == 0
    assert far.called[0][1] == "ubuntu@203.0.113.7"


def test_the_exit_code_is_that_of_ssh(far: FarSide, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHELL_CODE", "255")
    assert ssh.run("vote", "server-2", known) == 255


def test_without_a_machine_they_are_listed(far: FarSide, capsys: pytest.CaptureFixture[str]):
    assert ssh.run("vote", None, known) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["server-2", "servers", "10.0.10.2"] in rows
    assert ["vote-1", "agents", "10.0.11.9"] in rows
    assert rows[-1][:3] == ["`make", "ssh", "STACK=vote"]
    assert far.called == []


def test_a_machine_that_does_not_exist_is_one_sentence_with_those_that_do(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(typer.Exit) as ended:
        ssh.run("vote", "vote-7", known)
    assert ended.value.exit_code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "vote: has no machine vote-7, it has bastion, server-1, server-2, server-3, vote-1"


def test_a_missing_program_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(typer.Exit) as ended:
        ssh.run("vote", "server-1", known)
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err.startswith("vote: ssh is not installed: install OpenSSH's client")


def test_a_stack_without_a_file_is_named():
    app = typer.Typer()
    app.command()(ssh.main)
    done = CliRunner().invoke(app, ["nope", "server-1"])
    assert done.exit_code == 2
    assert "Pulumi.nope.yaml: no such file" in done.stderr
