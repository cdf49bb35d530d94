"""One command of a rehearsal: the real engine, driven by the Automation API, on the simulated cloud."""

import importlib
import os
import runpy
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi import automation
from pulumi.automation import events

from rehearsal import engine
from rehearsal.workspace import PROJECT_FOLDER, PROJECT_NAME, Workspace, missing_secrets

Operation = Literal["preview", "up", "destroy"]


class CloudNotStarted(RuntimeError):  # noqa: N818 (reads as what it is)
    """The simulated cloud ended before it could serve."""


@dataclass
class Outcome:
    """What an operation did."""

    changes: dict[str, int] = field(default_factory=dict[str, int])
    """Resources by what happened to them: create, update, replace, delete, same."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    """The stack's outputs with secrets masked."""
    engine_seconds: float = 0.0
    """Time that the engine's own process took."""


class Cloud:
    """The simulated cloud in a process of its own, which starts while other things are made ready."""

    def __init__(self, workspace: Workspace) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.cloud", str(workspace.world_file)],
            cwd=PROJECT_FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the command, which then stops the cloud
        )
        self._providers = ""

    def providers(self) -> str:
        """The value of `PULUMI_DEBUG_PROVIDERS`; waits until the cloud serves. Raises `CloudNotStarted`."""
        if not self._providers and self._process.stdout:
            self._providers = self._process.stdout.readline().strip()
        if not self._providers:
            raise CloudNotStarted(f"the simulated cloud did not start, exit code {self._process.wait(timeout=30)}")
        return self._providers

    def stop(self) -> None:
        """Stop the process; it also ends by itself when this one does, however that happens."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=30)
        if self._process.stdout:
            self._process.stdout.close()


@contextmanager
def running_cloud(workspace: Workspace) -> Generator[Cloud]:
    """A simulated cloud that is stopped at the end."""
    cloud = Cloud(workspace)
    try:
        yield cloud
    finally:
        cloud.stop()


def environment(workspace: Workspace, found: engine.Engine, cloud: Cloud) -> dict[str, str]:
    """Variables with which any Pulumi command works on this rehearsal."""
    return {**workspace.environment(), **found.environment(), "PULUMI_DEBUG_PROVIDERS": cloud.providers()}


def _print_at_once(text: str) -> None:
    """Print a line when it comes, into a pipe too."""
    print(text, flush=True)


class Session:
    """A stack of the rehearsal, opened; every operation shows the engine's own output as it comes."""

    def __init__(
        self, workspace: Workspace, found: engine.Engine, cloud: Cloud, show: Callable[[str], object] = _print_at_once
    ) -> None:
        self._show = show
        self.variables = {**workspace.environment(), **found.environment()}
        # The Automation API reads these from its own process, and so does the program, which runs in it.
        own = ("PATH", "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK", "SOCLE_TUNNEL")
        os.environ.update({key: self.variables[key] for key in own})
        # The program's imports take a second or two, and so do the cloud's start and the engine's first commands.
        threading.Thread(target=importlib.import_module, args=("stack",), daemon=True).start()
        self._stack = automation.create_or_select_stack(
            stack_name=workspace.stack,
            project_name=PROJECT_NAME,
            program=_program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(workspace.folder), env_vars=self.variables, pulumi_command=found.automation()
            ),
        )
        self.variables["PULUMI_DEBUG_PROVIDERS"] = cloud.providers()
        copy = workspace.folder / f"Pulumi.{workspace.stack}.yaml"
        stand_ins = missing_secrets(workspace.stack, copy, lacking=workspace.lacking)
        if stand_ins:
            self._stack.set_all_config(
                {key: automation.ConfigValue(value, secret=True) for key, value in stand_ins.items()}
            )

    def run(self, operation: Operation, *, diff: bool = False) -> Outcome:
        """Run one operation, with the values of what changes if `diff`. Raises `CommandError` when the engine fails."""
        outcome = Outcome()

        def listen(event: automation.EngineEvent) -> None:
            if event.summary_event:
                outcome.changes = dict(_counted(event.summary_event))

        # A killed engine closes its stream of events in the middle: the failure itself is told by what follows.
        warnings.filterwarnings("ignore", message="Error in event stream")
        started = time.perf_counter()
        options: dict[str, Any] = {"on_output": self._show, "on_event": listen, "color": _color()}
        if operation == "preview":
            self._stack.preview(diff=diff, **options)
        elif operation == "up":
            result = self._stack.up(**options)
            outcome.outputs = {k: "[secret]" if v.secret else v.value for k, v in result.outputs.items()}
        else:
            self._stack.destroy(**options)
        outcome.engine_seconds = time.perf_counter() - started
        return outcome


def _counted(summary: events.SummaryEvent) -> Iterator[tuple[str, int]]:
    for operation, count in summary.resource_changes.items():
        yield str(getattr(operation, "value", operation)), int(count)


def _color() -> str:
    return "always" if sys.stdout.isatty() else "never"


def _program() -> None:
    """The very program that `pulumi up` runs."""
    runpy.run_path(str(PROJECT_FOLDER / "__main__.py"), run_name="__main__")
