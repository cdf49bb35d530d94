"""What `make up` does once the engine has ended."""

from pathlib import Path

import pytest

from tests.test_up import EKS, Pulumi, deploy, means


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
