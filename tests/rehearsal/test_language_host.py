import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import grpc
import pytest
from pulumi.runtime.proto import language_pb2

from rehearsal.engine import Engine
from rehearsal.engine_sources import add_language_host
from rehearsal.language_host import LanguageHost, python_of

PROJECT = "name: plain\nruntime: python\n"
HELPER = 'def greet(who):\n    return f"hello {who}"\n'
PROGRAM = """
import os
import time

import pulumi
from helper import greet

config = pulumi.Config()


class Hall(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("plain:index:Hall", name)
        self.register_outputs({"door": "open"})


print("said by the program")
if os.environ.get("ENDS") == "refused":
    raise pulumi.RunError("plain:who: expected a name")
if os.environ.get("ENDS") == "failed":
    raise ValueError("unlucky")
if os.environ.get("ENDS") == "left":
    raise SystemExit(5)
if os.environ.get("ENDS") == "never":
    with open("pid", "w") as file:
        file.write(str(os.getpid()))
    time.sleep(120)

Hall("main")
pulumi.export("greeting", greet(config.require("who")))
pulumi.export("password", config.require_secret("password"))
"""
Pulumi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a stack, whose state is in files."""
    project = tmp_path_factory.mktemp("plain")
    for name, text in (("Pulumi.yaml", PROJECT), ("helper.py", HELPER), ("__main__.py", PROGRAM)):
        (project / name).write_text(text, encoding="utf-8")
    for name in ("state", "home", "bin"):
        (project / name).mkdir()
    add_language_host(project / "bin")
    return project


@pytest.fixture(scope="module")
def environ(folder: Path, engine: Engine) -> dict[str, str]:
    """Variables of a terminal in that project, with our language host even beside an official engine."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    environ |= engine.environment(environ) | {"PULUMI_HOME": str(folder / "home"), "PULUMI_CONFIG_PASSPHRASE": "x"}
    return environ | {"PULUMI_BACKEND_URL": f"file://{folder}/state", "PATH": f"{folder}/bin:{environ['PATH']}"}


@pytest.fixture(scope="module")
def pulumi(folder: Path, environ: dict[str, str]) -> Pulumi:
    """Run `pulumi` in that project; the stack exists."""

    def run(*arguments: str, ends: str = "well") -> subprocess.CompletedProcess[str]:
        command = ["pulumi", *arguments, "--non-interactive", "--stack", "one"]
        variables = {**environ, "ENDS": ends}
        return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)

    subprocess.run(["pulumi", "stack", "init", "one"], cwd=folder, env=environ, capture_output=True, check=True)  # noqa: S607 (first on PATH)
    run("config", "set", "who", "world")
    run("config", "set", "--secret", "password", "s3cret")
    return run


def test_plain_pulumi_up_runs_our_programs(pulumi: Pulumi) -> None:
    done = pulumi("up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "said by the program" in done.stdout
    assert "2 created" in done.stdout
    assert "s3cret" not in done.stdout
    outputs = pulumi("stack", "output", "--json", "--show-secrets")
    assert json.loads(outputs.stdout) == {"greeting": "hello world", "password": "s3cret"}


def test_a_refusal_is_printed_without_a_traceback(pulumi: Pulumi) -> None:
    done = pulumi("preview", ends="refused")
    assert done.returncode != 0
    assert "error: plain:who: expected a name" in done.stdout
    assert "Traceback" not in done.stdout
    assert "unhandled" not in done.stdout


def test_the_traceback_of_a_program_begins_in_the_program(pulumi: Pulumi) -> None:
    done = pulumi("preview", ends="failed")
    assert done.returncode != 0
    assert "ValueError: unlucky" in done.stdout
    assert "__main__.py" in done.stdout
    assert "language_host.py" not in done.stdout
    assert "runpy" not in done.stdout


def test_a_program_that_just_leaves_is_told_with_its_exit_code(pulumi: Pulumi) -> None:
    done = pulumi("preview", ends="left")
    assert done.returncode != 0
    assert "the program ended with exit code 5" in done.stdout


def test_a_killed_engine_takes_the_program_with_it(folder: Path, environ: dict[str, str], pulumi: Pulumi) -> None:
    pid = folder / "pid"
    command = ["pulumi", "preview", "--non-interactive", "--stack", "one"]
    with subprocess.Popen(command, cwd=folder, env={**environ, "ENDS": "never"}, stdout=subprocess.DEVNULL) as engine:
        until(lambda: pid.exists() and pid.read_text(encoding="utf-8") != "", "the program runs")
        program = int(pid.read_text(encoding="utf-8"))
        engine.kill()
    until(lambda: not is_alive(program), "the program is gone")


def until(done: Callable[[], bool], what: str, seconds: int = 60) -> None:
    """Wait for another process, which cannot tell us."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"waited {seconds} s until {what}"
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_policy_pack_runs_as_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import sys\nprint(sys.argv[1])\nraise ValueError\n", encoding="utf-8")
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path), entry_point=".")
    environ = [f"{name}={value}" for name, value in os.environ.items()]
    request: Any = language_pb2.RunPluginRequest(
        pwd=str(tmp_path), args=["127.0.0.1:1"], env=environ, info=info, kind="analyzer"
    )
    answers = list(LanguageHost("127.0.0.1:1").RunPlugin(request, create_autospec(grpc.ServicerContext)))
    assert answers[0].stdout == b"127.0.0.1:1\n"
    assert answers[-1].exitcode == 1


def test_other_plugins_in_python_are_refused() -> None:
    request: Any = language_pb2.RunPluginRequest(kind="resource")
    context = create_autospec(grpc.ServicerContext)
    context.abort.side_effect = ValueError
    with pytest.raises(ValueError):
        list(LanguageHost("").RunPlugin(request, context))
    refusal = "no resource plugins here, install Pulumi for them"
    context.abort.assert_called_once_with(grpc.StatusCode.UNIMPLEMENTED, refusal)


def test_the_virtual_environment_of_the_project_runs_its_program(tmp_path: Path) -> None:
    info: Any = language_pb2.ProgramInfo(root_directory=str(tmp_path))
    assert python_of(info) == sys.executable
    info.options["virtualenv"] = ".venv"
    assert python_of(info) == sys.executable
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert python_of(info) == str(python)
