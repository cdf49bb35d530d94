import errno
import os
import threading
from pathlib import Path
from typing import Literal, NoReturn

import pytest

from rehearsal import engine, engine_sources
from rehearsal.engine import ENGINE, cache_folder, find, suffices
from tests.rehearsal.engines import pulumi, script
from tools.setup import SetupError

Origin = Literal["installer", "Go build"]

pytestmark = pytest.mark.usefixtures("path")


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where engines were fetched to, one that runs each time."""
    done: list[Path] = []

    def fetch(version: str, root: Path) -> Origin:
        done.append(root)
        pulumi(root / "bin" / "pulumi", version)
        return "Go build"

    monkeypatch.setattr(engine_sources, "fetch", fetch)
    return done


@pytest.mark.parametrize("version", ["3.250.0", "v3.250.0", "3.251.0", "3.300.1-alpha.1", "3.1000.0+dirty"])
def test_an_engine_of_our_version_or_later_suffices(version: str) -> None:
    assert suffices(version)


@pytest.mark.parametrize("version", ["3.249.9", "2.999.0", "4.0.0", "", "unknown"])
def test_an_older_engine_or_another_major_version_does_not_suffice(version: str) -> None:
    assert not suffices(version)


def test_a_complete_engine_on_the_path_is_taken(path: Path, tmp_path: Path, fetches: list[Path]) -> None:
    pulumi(path / "pulumi", "3.260.1")
    script(path / "pulumi-language-python")
    found = find(tmp_path / "cache")
    assert (found.command, found.version, found.origin) == (path / "pulumi", "3.260.1", "PATH")
    assert fetches == []


def test_an_old_engine_on_the_path_is_passed_over_aloud(
    path: Path, tmp_path: Path, fetches: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(path / "pulumi", "3.100.0")
    script(path / "pulumi-language-python")
    assert find(tmp_path / "cache").origin == "Go build"
    assert f"{path / 'pulumi'} is 3.100.0, a complete {ENGINE} or newer 3.x is needed" in capsys.readouterr().out


def test_an_engine_on_the_path_without_its_language_host_is_passed_over_aloud(
    path: Path, tmp_path: Path, fetches: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(path / "pulumi", "3.260.1")
    assert find(tmp_path / "cache").origin == "Go build"
    assert "comes without its language hosts" in capsys.readouterr().out


def test_an_engine_is_fetched_once_and_then_found_in_the_cache(tmp_path: Path, fetches: list[Path]) -> None:
    command = tmp_path / "engine" / ENGINE / "bin" / "pulumi"
    assert [(e.command, e.origin) for e in (find(tmp_path), find(tmp_path))] == [
        (command, "Go build"),
        (command, "cache"),
    ]
    assert len(fetches) == 1


def test_two_processes_fetch_one_engine(tmp_path: Path, fetches: list[Path]) -> None:
    both = [threading.Thread(target=find, args=(tmp_path,)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(fetches) == 1


def test_a_failed_fetch_leaves_nothing_that_looks_like_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(version: str, root: Path) -> NoReturn:
        pulumi(root / "bin" / "pulumi", version)
        raise SetupError("the line went dead")

    monkeypatch.setattr(engine_sources, "fetch", fetch)
    with pytest.raises(SetupError, match="the line went dead"):
        find(tmp_path)
    assert list((tmp_path / "engine").iterdir()) == []


def test_what_a_killed_fetch_left_behind_is_swept_away(tmp_path: Path, fetches: list[Path]) -> None:
    pulumi(tmp_path / "engine" / ".fetch-killed" / "engine" / "bin" / "pulumi")
    find(tmp_path)
    assert [entry.name for entry in (tmp_path / "engine").iterdir()] == [ENGINE]


def test_an_engine_that_does_not_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(version: str, root: Path) -> Origin:
        script(root / "bin" / "pulumi", "exit 1")
        return "installer"

    monkeypatch.setattr(engine_sources, "fetch", fetch)
    with pytest.raises(SetupError, match=r"does not run in .* name a folder that allows programs"):
        find(tmp_path)
    assert list((tmp_path / "engine").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fetches: list[Path]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SOCLE_CACHE", str(tmp_path / "file" / "cache"))
    assert engine.main() == 2
    assert capsys.readouterr().err == (
        f"Engine: cannot write to {tmp_path}/file/cache, a part of its path is a file: name a folder of yours with "
        "400 MB free, for example `SOCLE_CACHE=/var/tmp/socle make test`\n"
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no space is left on the device"),
        (errno.EROFS, "it is on a read-only file system"),
        (errno.EACCES, "you may not write there"),
    ],
)
def test_a_full_or_read_only_cache_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def fetch(version: str, root: Path) -> NoReturn:
        raise OSError(number, os.strerror(number), str(root))

    monkeypatch.setattr(engine_sources, "fetch", fetch)
    with pytest.raises(SetupError, match=f"cannot write to {tmp_path}, {said}: .*SOCLE_CACHE="):
        find(tmp_path)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"SOCLE_CACHE": "/data/socle", "XDG_CACHE_HOME": "/x", "HOME": "/home/ada"}, "/data/socle"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/home/ada"}, "/x/socle"),
        ({"HOME": "/home/ada"}, "/home/ada/.cache/socle"),
        ({"SOCLE_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/home/ada"}, "/home/ada/.cache/socle"),
    ],
)
def test_the_cache_is_where_the_person_wants_it(environ: dict[str, str], folder: str) -> None:
    assert cache_folder(environ) == Path(folder)


def test_the_engine_comes_first_on_the_path_it_gives(tmp_path: Path, fetches: list[Path]) -> None:
    found = find(tmp_path)
    given = found.environment({"PATH": "/usr/bin"})
    assert given["PATH"] == f"{found.command.parent}:/usr/bin"
    assert (Path(given["SOCLE_CHECKOUT"]) / "rehearsal" / "language_host.py").exists()
