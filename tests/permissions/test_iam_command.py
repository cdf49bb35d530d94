import json
import shutil
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from tests.permissions.conftest import Policies
from tools import iam
from tools.permissions import files
from tools.permissions.declared import Declared
from tools.setup import ROOT

RUNNER = CliRunner()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: dict[str, Declared]) -> Typer:
    """`python -m tools.iam` in a folder with the files of the bootstrap and names of all stacks."""

    def declared(names: object, root: object) -> dict[str, Declared]:
        return found

    shutil.copytree(ROOT / "bootstrap" / "permissions", tmp_path / "bootstrap" / "permissions")
    for name in found:
        (tmp_path / f"Pulumi.{name}.yaml").write_text("", encoding="utf-8")
    monkeypatch.setattr(iam, "ROOT", tmp_path)
    monkeypatch.setattr(iam, "declared", declared)
    app = Typer()
    app.command()(iam.main)
    return app


def spoil(root: Path) -> None:
    """Take an action out of deploy's first policy."""
    file = files.folder_of("deploy", root) / "1.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"cloudfront:UpdateDistribution"', '"cloudfront:GetInvalidation"'), encoding="utf-8")


def test_files_that_are_up_to_date_pass(command: Typer) -> None:
    result = RUNNER.invoke(command, ["--check"])
    assert result.exit_code == 0, result.output
    assert result.output == "Permissions: the policies (preview 1, deploy 4, boundary 1) say what the stacks need\n"


def test_files_that_are_not_are_told_with_the_command_that_renews_them(command: Typer, tmp_path: Path) -> None:
    spoil(tmp_path)
    result = RUNNER.invoke(command, ["--check"])
    assert result.exit_code == 1
    assert "deploy lacks cloudfront:UpdateDistribution" in result.output
    assert "deploy has cloudfront:GetInvalidation" in result.output
    assert "`make iam WRITE=1` renews them" in result.output


def test_writing_renews_them(command: Typer, tmp_path: Path, policies: Policies) -> None:
    spoil(tmp_path)
    assert RUNNER.invoke(command, ["--write"]).exit_code == 0
    assert files.is_current("deploy", tmp_path, policies["deploy"])


def test_one_kind_can_be_checked(command: Typer, tmp_path: Path) -> None:
    spoil(tmp_path)
    assert RUNNER.invoke(command, ["--check", "--role", "preview"]).exit_code == 0
    assert RUNNER.invoke(command, ["--check", "--role", "deploy"]).exit_code == 1


def test_the_table_says_what_narrows_an_action_and_why_no_more_does(command: Typer) -> None:
    result = RUNNER.invoke(command, ["prod", "--role", "deploy"], env={"COLUMNS": "9000"})
    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.output.splitlines() if "│" in line]
    narrowed = {(service, how, why): set(actions.split(", ")) for service, actions, how, why in rows}
    assert {"DeleteVpc", "CreateSubnet"} < narrowed["ec2", "tag", ""]
    assert "DeleteCluster" in narrowed["eks", "name", ""]
    assert "CreateFunction" in narrowed["cloudfront", "nothing", "AWS takes no resource for it"]


def test_a_stack_shows_its_own_needs(command: Typer) -> None:
    assert "DeleteCluster" in RUNNER.invoke(command, ["prod"]).output
    assert "DeleteCluster" not in RUNNER.invoke(command, ["f1-vote"]).output


def test_programs_get_the_same(command: Typer, tmp_path: Path) -> None:
    spoil(tmp_path)
    result = RUNNER.invoke(command, ["--json", "--check"])
    assert result.exit_code == 1
    by_kind = {each["kind"]: each for each in json.loads(result.output)}
    assert by_kind["preview"]["changes"] == []
    assert [line.split(" on ")[0] for line in by_kind["deploy"]["changes"]] == [
        "deploy lacks cloudfront:UpdateDistribution",
        "deploy has cloudfront:GetInvalidation",
    ]
    assert not by_kind["deploy"]["current"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nope"], 2, "there is no stack nope: the stacks are f1-vote, prod, staging\n"),
        (["--role", "root"], 2, "ROLE: expected one of preview, deploy, boundary, got root\n"),
        (["prod", "--check"], 2, "WRITE and CHECK are about all stacks, for all share the roles: leave out STACK\n"),
    ],
)
def test_bad_input_is_told_in_a_sentence(command: Typer, arguments: list[str], code: int, said: str) -> None:
    result = RUNNER.invoke(command, arguments)
    assert (result.exit_code, result.stderr) == (code, said)


def test_a_type_that_no_table_knows_is_told(
    command: Typer, monkeypatch: pytest.MonkeyPatch, found: dict[str, Declared]
) -> None:
    strange = {**found, "prod": Declared(["aws:rds/instance:Instance"], [], [])}

    def declared(names: object, root: object) -> dict[str, Declared]:
        return strange

    monkeypatch.setattr(iam, "declared", declared)
    result = RUNNER.invoke(command, ["--check"])
    assert result.exit_code == 1
    assert result.stderr.startswith("aws:rds/instance:Instance: AWS's schemas do not say which actions it needs")


def test_a_broken_file_is_told(command: Typer, tmp_path: Path) -> None:
    (files.folder_of("deploy", tmp_path) / "1.json").write_text("{", encoding="utf-8")
    result = RUNNER.invoke(command, ["--check"])
    assert result.exit_code == 1
    assert result.stderr.startswith("bootstrap/permissions/deploy/1.json: is no policy")
