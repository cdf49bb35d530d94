import ast
import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tools import setup
from tools.setup import SetupError

NO_NAME = "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution"
Answer = Callable[[list[str]], tuple[int, str]]


class Tools:
    """Plays venv, pip and uv: notes what it is asked, and answers success unless told otherwise."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.environ: dict[str, str] = {}
        self.answers: dict[str, tuple[int, str]] = {}

    def run(self, command: list[str], environ: dict[str, str]) -> tuple[int, str]:
        which = next(
            name for name in ("-m venv", "uv pip", "config list", "uv==", "requirements-dev") if name in line(command)
        )
        self.asked.append(which)
        if which == "-m venv":
            python = Path(command[-1], "bin", "python")
            shutil.rmtree(command[-1], ignore_errors=True)
            python.parent.mkdir(parents=True)
            python.touch()
        if which == "uv pip":
            self.environ = environ
        return self.answers.get(which, (0, ""))


def line(command: list[str]) -> str:
    return " ".join(command[1:])


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    played = Tools()
    monkeypatch.setattr(setup, "run", played.run)
    return played


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "requirements.txt").write_text("pulumi==3.272.0\n", encoding="utf-8")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\nuv==0.13.8\n", encoding="utf-8")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    return tmp_path


def test_an_old_python_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch, tools: Tools) -> None:
    with pytest.raises(SetupError) as refused:
        setup.refuse_old_python((3, 9))
    assert str(refused.value) == (
        "Socle needs Python 3.11 or newer, and this is 3.9: install a newer one and name it, "
        "for example `make PYTHON=python3.12 test`"
    )
    setup.refuse_old_python((3, 11))


def test_an_old_python_can_read_the_refusal() -> None:
    ast.parse(Path(setup.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))


def test_set_up_is_done_once(checkout: Path, tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    setup.set_up(checkout, {})
    assert tools.asked == ["-m venv", "uv==", "config list", "uv pip"]
    assert ".venv is ready (uv, " in capsys.readouterr().out
    setup.set_up(checkout, {})
    assert tools.asked == ["-m venv", "uv==", "config list", "uv pip"]
    assert capsys.readouterr().out == ""


def test_changed_requirements_are_installed_into_the_same_environment(checkout: Path, tools: Tools) -> None:
    setup.set_up(checkout, {})
    tools.asked.clear()
    (checkout / "requirements.txt").write_text("pulumi==3.273.0\n", encoding="utf-8")
    setup.set_up(checkout, {})
    assert tools.asked == ["uv==", "config list", "uv pip"]


def test_a_moved_checkout_gets_a_new_environment(checkout: Path, tools: Tools) -> None:
    setup.set_up(checkout, {})
    tools.asked.clear()
    moved = checkout.rename(checkout.with_name("moved"))
    setup.set_up(moved, {})
    assert tools.asked[0] == "-m venv"


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Path, tools: Tools) -> None:
    setup.set_up(checkout, {})
    tools.asked.clear()
    (checkout / ".venv" / "bin" / "python").unlink()
    setup.set_up(checkout, {})
    assert tools.asked[0] == "-m venv"


def test_a_failed_set_up_is_tried_again(checkout: Path, tools: Tools) -> None:
    tools.answers = {"uv pip": (1, "broken"), "requirements-dev": (1, "broken")}
    with pytest.raises(SetupError):
        setup.set_up(checkout, {})
    tools.answers = {}
    tools.asked.clear()
    setup.set_up(checkout, {})
    assert tools.asked == ["-m venv", "uv==", "config list", "uv pip"]


def test_pip_takes_over_where_uv_fails(checkout: Path, tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    tools.answers = {"uv pip": (1, "invalid peer certificate: UnknownIssuer")}
    setup.set_up(checkout, {})
    assert tools.asked == ["-m venv", "uv==", "config list", "uv pip", "requirements-dev"]
    said = capsys.readouterr().out
    assert "uv cannot install here (invalid peer certificate: UnknownIssuer), pip takes over" in said
    assert "(pip, " in said


def test_pip_does_not_take_over_on_a_full_disk(checkout: Path, tools: Tools) -> None:
    tools.answers = {"uv==": (1, "ERROR: [Errno 28] No space left on device")}
    with pytest.raises(SetupError, match="no space is left on the device"):
        setup.set_up(checkout, {})
    assert tools.asked == ["-m venv", "uv=="]


def test_without_network_the_sentence_says_what_was_wanted_and_what_to_check(
    checkout: Path, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.answers = {
        "uv==": (
            1,
            f"WARNING: Retrying (Retry(total=1)) after connection broken by {NO_NAME}\nERROR: (from versions: none)",
        )
    }
    assert setup.main() == 2
    assert capsys.readouterr().err == (
        "Set-up: fetching uv==0.13.8 and the packages of requirements-dev.txt failed, the package index does not "
        f"answer ({NO_NAME}): check the network, and HTTPS_PROXY, PIP_INDEX_URL and PIP_CERT when a proxy or a mirror "
        "stands between\n"
    )
    assert tools.asked == ["-m venv", "uv=="]


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "no space is left on the device: free 2 GB for /c"),
        ("error: [Errno 30] Read-only file system: '/c/.venv'", "make /c and your home writable"),
        ("The virtual environment was not created: ensurepip is not available.\nFailing", "apt install python3-venv"),
        ("building\nerror: command 'gcc' failed", "making it failed: error: command 'gcc' failed"),
        ("", "making it failed: it printed nothing"),
    ],
)
def test_a_failed_tool_is_explained_in_one_sentence(printed: str, said: str) -> None:
    sentence = setup.explain("making it", printed, Path("/c"))
    assert said in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no space is left on the device"),
        (errno.EROFS, "it is on a read-only file system"),
        (errno.EACCES, "you may not write there"),
    ],
)
def test_a_checkout_that_cannot_be_written_is_named_with_the_way_out(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, said: str
) -> None:
    def run(command: list[str], environ: dict[str, str]) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(setup, "run", run)
    assert setup.main() == 2
    assert capsys.readouterr().err == (
        f"Set-up: cannot write to {checkout}, {said}: free space, or clone into a folder of yours\n"
    )


def test_two_set_ups_at_once_do_the_work_once(checkout: Path, tools: Tools) -> None:
    both = [threading.Thread(target=setup.set_up, args=(checkout, {})) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert tools.asked == ["-m venv", "uv==", "config list", "uv pip"]


def test_pip_options_of_the_environment_win_over_those_of_files() -> None:
    listing = (
        ":env:.cert='/env.pem'\nglobal.cert='/global.pem'\nglobal.proxy='http://p:1'\ninstall.proxy='http://q:2'\n"
    )
    assert setup.pip_options(listing) == {"cert": "/env.pem", "proxy": "http://q:2"}


def test_uv_is_told_what_pip_was_told() -> None:
    told = {
        "index-url": "https://mirror/simple",
        "extra-index-url": "https://a https://b",
        "find-links": "\n/wheels\n/more",
        "trusted-host": "mirror",
        "cert": "/ca.pem",
        "proxy": "http://p:1",
        "timeout": "60",
    }
    assert setup.uv_environment(told, {}) == {
        "UV_DEFAULT_INDEX": "https://mirror/simple",
        "UV_INDEX": "https://a https://b",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INSECURE_HOST": "mirror",
        "SSL_CERT_FILE": "/ca.pem",
        "ALL_PROXY": "http://p:1",
        "UV_HTTP_TIMEOUT": "60",
        "UV_NO_PROGRESS": "1",
    }


def test_what_uv_was_told_directly_stays() -> None:
    environ = {"UV_DEFAULT_INDEX": "https://mine", "REQUESTS_CA_BUNDLE": "/bundle.pem"}
    told = setup.uv_environment({"index-url": "https://pips"}, environ)
    assert (told["UV_DEFAULT_INDEX"], told["SSL_CERT_FILE"]) == ("https://mine", "/bundle.pem")


def test_the_options_of_pip_reach_uv(checkout: Path, tools: Tools) -> None:
    tools.answers = {"config list": (0, "global.index-url='https://mirror/simple'\n")}
    setup.set_up(checkout, {})
    assert tools.environ["UV_DEFAULT_INDEX"] == "https://mirror/simple"
