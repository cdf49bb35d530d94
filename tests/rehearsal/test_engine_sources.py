import errno
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn

import pytest

from rehearsal import engine, engine_sources
from rehearsal.engine import ENGINE, find
from rehearsal.engine_sources import installer_answers
from tests.rehearsal.engines import building_go, failing_go, pulumi
from tools.setup import SetupError

pytestmark = pytest.mark.usefixtures("path")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], object]], bool]]:
    """Ask the installer's host, whose answer is what a function does; patience is a tenth of a second."""
    with monkeypatch.context() as patch:
        patch.setattr(engine_sources, "SECONDS_TO_ANSWER", 0.1)

        def ask(answer: Callable[[], object]) -> bool:
            def urlopen(_: str, timeout: float) -> object:
                assert timeout
                return answer()

            patch.setattr(engine_sources.urllib.request, "urlopen", urlopen)
            return installer_answers()

        yield ask


def test_an_installer_that_answers_is_used(asked: Callable[[Callable[[], object]], bool]) -> None:
    assert asked(nullcontext)


def test_an_installer_that_cannot_be_reached_is_not_used(asked: Callable[[Callable[[], object]], bool]) -> None:
    def refuse() -> NoReturn:
        raise OSError(errno.ECONNREFUSED, "connection refused")

    assert not asked(refuse)


def test_an_installer_that_says_nothing_is_given_up(asked: Callable[[Callable[[], object]], bool]) -> None:
    given_up = threading.Event()

    def hang() -> NoReturn:
        given_up.wait()
        raise OSError(errno.ECONNRESET, "connection reset")

    assert not asked(hang)
    given_up.set()


def test_the_installer_comes_before_go(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_go(path, "must not be asked")

    def install(version: str, root: Path) -> bool:
        pulumi(root / "bin" / "pulumi", version)
        return True

    monkeypatch.setattr(engine_sources, "installer_answers", lambda: True)
    monkeypatch.setattr(engine_sources, "install", install)
    assert find(tmp_path).origin == "installer"


def test_a_broken_download_is_said_and_go_takes_over(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(root: str, version: object) -> NoReturn:
        raise OSError(errno.ECONNRESET, "connection reset by peer")

    monkeypatch.setattr(engine_sources, "installer_answers", lambda: True)
    monkeypatch.setattr(engine_sources.PulumiCommand, "install", broken)
    building_go(path)
    assert find(tmp_path).origin == "Go build"
    assert "the installer failed" in capsys.readouterr().out


def test_a_go_build_is_read_only_and_carries_its_version_and_a_language_host(path: Path, tmp_path: Path) -> None:
    building_go(path)
    built = find(tmp_path / "cache")
    asked = (path / "asked").read_text(encoding="utf-8")
    assert "-mod=readonly" in asked
    assert f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{ENGINE}" in asked
    assert os.access(built.command.with_name("pulumi-language-python"), os.X_OK)


def test_the_committed_module_builds_the_version_that_we_say() -> None:
    module = Path(engine_sources.__file__).with_name("engine_build").joinpath("go.mod").read_text(encoding="utf-8")
    assert re.search(r"pulumi/pkg/v3 v(\S+)", module).group(1) == ENGINE  # pyright: ignore[reportOptionalMemberAccess]
    assert f"\ngo {engine_sources.OLDEST_GO}\n" in module


def test_without_network_and_without_go_the_sentence_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOCLE_CACHE", str(tmp_path))
    assert engine.main() == 2
    assert capsys.readouterr().err == (
        f"Engine: no engine here: no pulumi {ENGINE} or newer 3.x on PATH, its installer cannot be reached within 3 s, "
        "and Go is missing to build it; connect to the internet, or install Go 1.25.11 or newer, or put pulumi on "
        "PATH\n"
    )


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("write /root/.cache/go-build/x: no space left on device", "free 4 GB for Go's caches"),
        ("go: go.mod requires go >= 1.25.11 (running go 1.22.1; GOTOOLCHAIN=local)", "install Go 1.25.11 or newer"),
        ("go.mod:6: invalid go version '1.25.11': must match format 1.23", "install Go 1.25.11 or newer"),
        ("dial tcp: lookup proxy: no such host", "the Go module proxy does not answer"),
        ("internal compiler error", "put pulumi on PATH, or report this"),
    ],
)
def test_a_failed_build_says_why_and_what_to_do(path: Path, tmp_path: Path, printed: str, said: str) -> None:
    failing_go(path, "go: downloading a/module v1.0.0", printed)
    with pytest.raises(SetupError) as refused:
        find(tmp_path)
    assert said in str(refused.value)
    assert "downloading" not in str(refused.value)
