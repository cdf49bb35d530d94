"""What `make up` does once the engine has ended."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from policy import pending
from tests.test_up import EKS, Pulumi, deploy, means
from tools.policing.afterwards import Afterwards


def test_what_is_wrong_with_the_way_to_the_state_is_told_after_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    wrong = "vote: key: nobody may use it: ask an administrator"

    def diagnose(stack: str) -> str:
        assert stack == "vote"
        return wrong

    given = means(tmp_path, Pulumi(code=6), EKS, diagnose=diagnose)
    assert deploy(given) == 6
    told = capsys.readouterr()
    assert wrong in told.err
    assert "pulumi stack init" not in told.out


def test_the_file_of_a_stack_of_ones_own_is_kept_after_a_success_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    kept: list[str] = []

    def keep(stack: str, folder: Path) -> str:
        assert folder == tmp_path
        kept.append(stack)
        return "vote: its file is not kept"

    assert deploy(means(tmp_path, Pulumi(code=1), EKS, keep=keep)) == 1
    assert kept == []
    assert deploy(means(tmp_path, Pulumi(), EKS, keep=keep)) == 0
    assert kept == ["vote"]
    assert "vote: its file is not kept" in capsys.readouterr().err


def test_what_waited_for_the_update_is_told_after_it_and_a_broken_rule_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    pulumi = Pulumi()

    def rules(stack: str, waiting: Path, folder: Path) -> Afterwards:
        assert (stack, folder) == ("vote", tmp_path)
        assert pulumi.variables[0][pending.VARIABLE] == str(waiting)
        return Afterwards(("mandatory IAM-02 late: it allows every action",), 1)

    assert deploy(means(tmp_path, pulumi, EKS, rules=rules)) == 1
    told = capsys.readouterr()
    assert told.err == "mandatory IAM-02 late: it allows every action\n"
    assert told.out.startswith("vote: deployed, and costs money")


def test_nothing_is_evaluated_after_a_preview_or_a_failure(tmp_path: Path):
    def rules(stack: str, waiting: Path, folder: Path) -> Afterwards:
        raise AssertionError("nothing is deployed")

    assert deploy(means(tmp_path, Pulumi(code=255), EKS, rules=rules)) == 255
    assert deploy(means(tmp_path, Pulumi(), EKS, rules=rules), preview=True) == 0


def test_a_preview_says_how_many_checks_wait_for_the_update(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def wait(variables: Mapping[str, str]) -> None:
        Path(variables[pending.VARIABLE]).write_text('{"rule": "IAM-02", "urn": "late"}\n', encoding="utf-8")

    deploy(means(tmp_path, Pulumi(act=wait), EKS), preview=True)
    assert capsys.readouterr().err.startswith("vote: 1 check waits for values that only the update gives")
