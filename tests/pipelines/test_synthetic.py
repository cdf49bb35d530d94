"""The daily test of the published site, up to the browser, which site/ has its own tests for."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import typer

from tools import site_build, site_synthetic


class Npm:
    """Notes what it is told, and ends as it is told."""

    def __init__(self, folder: Path, code: int = 0) -> None:
        self.told: list[list[str]] = []
        (folder / "package-lock.json").write_text("{}", encoding="utf-8")
        self.means = site_build.Means(
            npm=self, node=lambda: "v22.0.0", url=lambda stack: f"https://{stack}.example.com", source=folder
        )
        self._code = code

    def __call__(self, arguments: Sequence[str], variables: Mapping[str, str]) -> int:
        self.told.append(list(arguments))
        return self._code if "synthetic" in arguments else 0


def test_the_site_of_a_stack_is_tried_at_its_address(tmp_path: Path) -> None:
    npm = Npm(tmp_path)
    site_synthetic.run("prod", "", npm.means)
    assert npm.told == [["ci"], ["run", "--silent", "synthetic", "--", "--url", "https://prod.example.com"]]


def test_any_other_address_may_be_named(tmp_path: Path) -> None:
    npm = Npm(tmp_path)
    site_synthetic.run("", "https://www.example.org", npm.means)
    assert npm.told[-1][-1] == "https://www.example.org"


@pytest.mark.parametrize(("stack", "url"), [("", ""), ("prod", "https://www.example.org")])
def test_it_needs_a_stack_or_an_address(
    tmp_path: Path, stack: str, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        site_synthetic.run(stack, url, Npm(tmp_path).means)
    assert ended.value.exit_code == 2
    assert "expected either STACK=prod or URL=https://www.example.com" in capsys.readouterr().err


def test_a_site_that_fails_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        site_synthetic.run("prod", "", Npm(tmp_path, code=1).means)
    assert ended.value.exit_code == 1
    assert "https://prod.example.com: the site does not do what visitors expect" in capsys.readouterr().err
