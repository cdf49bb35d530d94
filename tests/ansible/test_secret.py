"""The token comes from Secrets Manager into a file of root, and is said nowhere."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from tests.ansible.playbooks import ANSIBLE, Values

READER = ANSIBLE / "roles/k3s/files/read_secret.py"
TOKEN = "correct-horse-battery-staple"
REGION = "eu-west-3"


@pytest.fixture
def arn(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        sdk: Any = boto3  # its stubs leave this service out
        client = sdk.client("secretsmanager", region_name=REGION)
        yield client.create_secret(Name="vote/server", SecretString=f"{TOKEN}\n")["ARN"]


@pytest.fixture
def main() -> Callable[[list[str]], int]:
    return runpy.run_path(str(READER))["main"]


def test_the_token_lands_in_a_file_of_its_owner_alone(
    arn: str, main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([REGION, arn, str(tmp_path / "token")]) == 0
    assert (tmp_path / "token").read_text(encoding="utf-8") == TOKEN
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "token"]
    assert capsys.readouterr().out == "changed\n"


def test_a_token_that_is_there_already_is_left_alone_but_closed(
    arn: str, main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    (tmp_path / "token").chmod(0o644)
    assert main([REGION, arn, str(tmp_path / "token")]) == 0
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out == "unchanged\n"


def test_a_secret_that_cannot_be_read_is_named_and_nothing_is_written(
    arn: str, main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([REGION, f"{arn}x", str(tmp_path / "token")]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"cannot read {arn}x by this machine's role: ")
    assert TOKEN not in said.out + said.err
    assert list(tmp_path.iterdir()) == []


def test_what_reads_the_token_is_never_logged() -> None:
    tasks: list[Values] = yaml.safe_load((ANSIBLE / "roles/k3s/tasks/token.yml").read_text(encoding="utf-8"))
    readers = [task for task in tasks if "socle-read-secret" in str(task.get("ansible.builtin.command"))]
    assert [task.get("no_log") for task in readers] == [True]


def test_no_task_takes_a_token_as_a_value() -> None:
    files = [*ANSIBLE.glob("*.yml"), *ANSIBLE.glob("roles/*/*/*")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files if path.is_file()}
    assert [
        name for name, text in texts.items() if "K3S_TOKEN" in text or "--token" in text or "\ntoken:" in text
    ] == []
