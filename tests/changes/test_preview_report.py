"""The command that previews a stack into files."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer

from tests.changes.documents import document, step
from tools import preview_report
from tools.changes.report import read_report
from tools.preview_report import Means
from tools.pulumi_cli import Done

CREATED = Done(0, document(step("create", new={"a": "glrt-abcdefghijklmnopqrst"}), duration=2_000_000_000))
QUOTING = Done(1, document(diagnostics=[{"severity": "error", "message": "no such login: 0penSesame!"}]))
STATE = {
    "deployment": {
        "resources": [
            {
                "outputs": {
                    "x": {
                        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
                        "plaintext": '"0penSesame!"',
                    }
                }
            }
        ]
    }
}


class Engine:
    """Answers in place of the engine, and notes what it was asked."""

    def __init__(self, preview: Done) -> None:
        self.asked: list[list[str]] = []
        self._preview = preview

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str]) -> Done:
        self.asked.append(list(arguments))
        if arguments[0] == "preview":
            return self._preview
        return Done(0, json.dumps(STATE)) if "export" in arguments else Done(255, "", "no configuration")

    def takes_part(self, monkeypatch: pytest.MonkeyPatch) -> "Engine":
        """Make it the engine of the command."""

        @contextmanager
        def real(stack: str) -> Generator[Means]:
            yield Means(self, {}, "v7")

        monkeypatch.setattr(preview_report, "real", real)
        return self


def test_a_preview_is_written_for_programs_forges_and_people(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = Engine(CREATED).takes_part(monkeypatch)
    report = preview_report.run("dev", tmp_path, refresh=True)
    assert engine.asked == [["preview", "--json", "--show-sames", "--non-interactive", "--stack", "dev", "--refresh"]]
    assert read_report(tmp_path / "report.json") == report
    assert (report.state, report.duration, report.counts.create) == ("v7", 2.0, 1)
    assert json.loads((tmp_path / "terraform.json").read_text(encoding="utf-8")) == {
        "create": 1,
        "update": 0,
        "delete": 0,
    }
    assert (
        (tmp_path / "report.md")
        .read_text(encoding="utf-8")
        .startswith("### Infrastructure preview · 1 stack · 1 to create\n")
    )
    assert "<h2>dev: 1 to create</h2>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    for file in tmp_path.iterdir():
        assert "abcdefghijklmnopqrst" not in file.read_text(encoding="utf-8")


def test_a_failure_is_written_too_without_the_secrets_of_the_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Engine(QUOTING).takes_part(monkeypatch)
    (tmp_path / "terraform.json").write_text("{}", encoding="utf-8")
    report = preview_report.run("dev", tmp_path)
    assert report.failed
    assert not (tmp_path / "terraform.json").exists()
    assert capsys.readouterr().err == (
        "dev: the preview failed (no such login: [masked]): correct that, then `python -m tools.preview_report dev`; "
        f"the whole of it is in {tmp_path / 'report.html'}\n"
    )
    assert "0penSesame" not in "".join(file.read_text(encoding="utf-8") for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (Done(0, CREATED.output[:200]), "the preview's JSON ends in the middle, after 200 characters"),
        (Done(0, "nothing"), "there is no JSON of a preview in what was printed"),
    ],
)
def test_what_is_no_preview_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], done: Done, said: str
) -> None:
    Engine(done).takes_part(monkeypatch)
    with pytest.raises(typer.Exit) as ended:
        preview_report.run("dev", tmp_path)
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == f"dev: {said}: preview it again with `python -m tools.preview_report dev`\n"
    assert list(tmp_path.iterdir()) == []


def test_a_failed_preview_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Engine(QUOTING).takes_part(monkeypatch)
    with pytest.raises(typer.Exit) as ended:
        preview_report.main("dev", tmp_path)
    assert ended.value.exit_code == 1


def test_a_stack_without_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        preview_report.run("nobody", tmp_path, rehearse=True)
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.startswith("Pulumi.nobody.yaml: no such file")
