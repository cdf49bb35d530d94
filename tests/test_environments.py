"""Pythons beside the program's: made once, and again when what they hold has changed."""

from pathlib import Path

import pytest

from tools.environments import digest_of, programs_of
from tools.setup import SetupError


def test_an_environment_is_made_once_and_again_for_other_packages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("", encoding="utf-8")
    venv = tmp_path / ".venv"
    assert (programs_of(venv, wanted, "the pack") / "python").exists()
    assert f"Set-up: packages of the pack into {venv}, once" in capsys.readouterr().err.replace("\n", "")
    programs_of(venv, wanted, "the pack")
    assert capsys.readouterr().err == ""

    before = digest_of(wanted)
    wanted.write_text("# others\n", encoding="utf-8")
    assert digest_of(wanted) != before
    programs_of(venv, wanted, "the pack")
    assert "Set-up: " in capsys.readouterr().err


def test_packages_that_cannot_be_had_are_told_and_tried_again_the_next_time(tmp_path: Path) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("no-such-package-of-ours @ file:///nowhere/it.whl\n", encoding="utf-8")
    with pytest.raises(SetupError, match="fetching the packages of the pack failed"):
        programs_of(tmp_path / ".venv", wanted, "the pack")
    assert not (tmp_path / ".venv" / ".socle").exists()
