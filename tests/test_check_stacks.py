from pathlib import Path

import pytest

from tools import check_stacks

RIGHT = "config:\n  aws:region: eu-west-3\n  socle:owner: ops\n"


def stack(folder: Path, name: str, text: str) -> None:
    (folder / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")


def test_right_stack_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack(tmp_path, "one", RIGHT)
    stack(tmp_path, "two", RIGHT)
    assert check_stacks.main(tmp_path) == 0
    assert capsys.readouterr().out == "Stack files: Pulumi.one.yaml, Pulumi.two.yaml are right\n"


def test_the_mistakes_of_all_stack_files_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack(tmp_path, "one", RIGHT.replace("owner", "ownr"))
    stack(tmp_path, "two", "config: [")
    assert check_stacks.main(tmp_path) == 2
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("Pulumi.one.yaml: socle:ownr") for line in said)
    assert any(line.startswith("Pulumi.two.yaml") for line in said)


def test_two_stacks_may_not_overlap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = "  socle:network:\n    cidr: 10.0.0.0/16\n    zones: 2\n    egress: none\n"
    stack(tmp_path, "one", RIGHT + network)
    stack(tmp_path, "two", RIGHT + network)
    assert check_stacks.main(tmp_path) == 2
    assert "does not overlap 10.0.0.0/16 of Pulumi.one.yaml" in capsys.readouterr().err


def test_our_own_stack_files_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_stacks.main(Path(check_stacks.__file__).parent.parent) == 0, capsys.readouterr().err
