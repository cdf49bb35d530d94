from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from tools import site_build
from tools.site.means import find_url


class Npm:
    """Notes what it is asked, and fails at one verb."""

    def __init__(self, fails: str = "") -> None:
        self.fails, self.asked, self.variables = fails, list[str](), dict[str, str]()

    def __call__(self, arguments: Sequence[str], variables: Mapping[str, str]) -> int:
        self.asked.append(" ".join(arguments))
        self.variables |= variables
        return 3 if arguments[-1] == self.fails else 0


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "package-lock.json").write_text("{}", encoding="utf-8")
    return tmp_path


def means(source: Path, npm: Npm, **more: Any) -> site_build.Means:
    given: dict[str, Any] = {"npm": npm, "node": lambda: "v20.1.0", "url": find_url, "source": source, **more}
    return site_build.Means(**given)


def test_what_is_locked_is_installed_once_until_the_lock_changes(source: Path) -> None:
    npm = Npm()
    for _ in range(2):
        site_build.run("", preview="", verbs=["check"], means=means(source, npm))
    assert npm.asked == ["ci", "run --silent check", "run --silent check"]
    (source / "package-lock.json").write_text('{"a": 1}', encoding="utf-8")
    site_build.run("", preview="", verbs=["check"], means=means(source, npm))
    assert npm.asked[3:] == ["ci", "run --silent check"]


@pytest.mark.parametrize(
    ("stack", "preview", "variables"),
    [
        ("", "", {"SITE_URL": "https://www.example.com", "SITE_BASE": "/"}),
        ("staging", "", {"SITE_URL": "https://www.staging.devu42.fr", "SITE_BASE": "/"}),
        ("staging", "mr-42", {"SITE_URL": "https://www.staging.devu42.fr", "SITE_BASE": "/previews/mr-42/"}),
    ],
)
def test_a_site_is_built_for_the_address_of_its_stack(
    source: Path, stack: str, preview: str, variables: dict[str, str]
) -> None:
    npm = Npm()
    site_build.run(stack, preview=preview, verbs=["build", "check"], means=means(source, npm))
    assert npm.variables == variables


@pytest.mark.parametrize(
    ("given", "verb", "code", "said"),
    [
        ({"node": lambda: ""}, "build", 2, "the site is built by Node 20 or newer, found none: install it"),
        ({"node": lambda: "v18.2.0"}, "build", 2, "the site is built by Node 20 or newer, found v18.2.0: install it"),
        ({"npm": Npm("ci")}, "build", 1, "`npm ci` failed in site/: see above, a registry may be out of reach"),
        ({"npm": Npm("scan")}, "scan", 3, "`npm run scan` failed in site/: see above"),
    ],
)
def test_what_cannot_be_built_is_told(
    source: Path, capsys: pytest.CaptureFixture[str], given: dict[str, Any], verb: str, *, code: int, said: str
) -> None:
    with pytest.raises(typer.Exit) as refused:
        site_build.run("", preview="", verbs=[verb], means=means(source, **{"npm": Npm(), **given}))
    assert (refused.value.exit_code, capsys.readouterr().err.strip()) == (code, said)


def test_a_preview_is_built_for_a_stack(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as refused:
        site_build.run("", preview="mr-42", verbs=["build"], means=means(source, Npm()))
    assert refused.value.exit_code == 2
    said = "PREVIEW needs a STACK: `make site STACK=staging PREVIEW=mr-42`"
    assert capsys.readouterr().err.strip() == said


def test_a_preview_has_a_name_that_fits_into_an_address(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as refused:
        site_build.run("staging", preview="A/B", verbs=["build"], means=means(source, Npm()))
    assert refused.value.exit_code == 2
    assert capsys.readouterr().err.startswith("PREVIEW must be up to 40 lower-case letters")
