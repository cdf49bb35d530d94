"""The Python of the policy pack, and the option that hands the pack to the engine."""

from pathlib import Path

import pytest

from tools.policing.environment import options
from tools.setup import SetupError


def test_the_engine_is_given_the_pack(tmp_path: Path) -> None:
    assert options(tmp_path, lambda root: root) == ["--policy-pack", str(tmp_path / "policy")]


def test_without_its_python_the_engine_runs_on_and_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def offline(_: Path) -> Path:
        raise SetupError("the package index does not answer")

    assert options(tmp_path, offline) == []
    assert "the engine runs without the rules of policy/ (the package index does not answer)" in " ".join(
        capsys.readouterr().err.split()
    )
