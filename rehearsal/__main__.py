"""The commands of the rehearsal: `python -m rehearsal up|preview|destroy|serve STACK`."""

import gc
import os
import re
import shlex
import sqlite3
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer
from pulumi.automation.errors import CommandError
from rich.console import Console

from rehearsal import engine, recovery, result
from rehearsal.aws.schemas import region_exists
from rehearsal.session import CloudNotStarted, Operation, Outcome, Session, environment, running_cloud
from rehearsal.workspace import PROJECT_FOLDER, HalfLost, Workspace, open_workspace, protected, refuse_half
from rehearsal.world import World
from settings import SettingsError, missing_secrets, read_stack
from tools.setup import SetupError, explain_error

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Rehearse a stack on a simulated AWS.")
StackName = Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")]
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_console = Console(highlight=False)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)

BAD_INPUT = 2
"""Exit code when the command, or the stack's settings, have to change first."""
_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
_SHOWN_NAMES = 8
_KILLED = "code: -"
"""What the Automation API's error says of an engine that a signal ended."""


@app.command()
def up(stack: StackName) -> None:
    """Preview the stack, then bring it up."""
    _run(stack, "preview", "up")


@app.command()
def preview(
    stack: StackName, diff: Annotated[bool, typer.Option("--diff", help="show the values of what changes")] = False
) -> None:
    """Show what would change."""
    _run(stack, "preview", diff=diff)


@app.command()
def destroy(stack: StackName) -> None:
    """Delete everything that the stack has."""
    _run(stack, "destroy")


@app.command()
def serve(stack: StackName) -> None:
    """Keep the simulated cloud up, for plain `pulumi` commands from another terminal."""
    with _sentences():
        workspace = _open(stack)
        found = engine.find()
        with running_cloud(workspace) as cloud:
            Session(workspace, found, cloud)  # gives the stack its stand-ins for secrets, which a program needs
            variables = environment(workspace, found, cloud)
            lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
            file = workspace.folder / "environment.sh"
            file.write_text("\n".join([*lines, ""]), encoding="utf-8")
            print("\n".join(lines))
            print(f"\n# In another terminal:\n#   cd {workspace.folder} && source environment.sh")
            print(f"#   pulumi stack select --create {stack} && pulumi preview\n# Ctrl-C stops the simulated cloud.")
            sys.stdout.flush()
            _wait_for_interrupt()


def _run(stack: str, *operations: Operation, diff: bool = False) -> None:
    started = time.perf_counter()
    with _sentences():
        workspace = _open(stack)
        killed = recovery.interrupted(workspace)
        workspace.result_file.unlink(missing_ok=True)  # a command that fails leaves no result of an older one
        with running_cloud(workspace) as cloud:
            session = Session(workspace, engine.find(), cloud)
            world = World(workspace.world_file)
            if killed:
                _settle(workspace, world, session)
            refuse_half(workspace, world)
            if "destroy" in operations:
                _release(workspace, session)
            outcome = Outcome()
            spent = 0.0
            for operation in operations:
                world.forget_findings()
                outcome = session.run(operation, diff=diff)
                spent += outcome.engine_seconds
            outcome.engine_seconds = spent
        content = result.result(workspace, world, operations[-1], outcome, time.perf_counter() - started)
        result.write(workspace, content)
        result.show(_console, workspace, content)
        if content["left"]:
            _errors.print(f"left in the simulated cloud: {', '.join(result.leftovers(world))}", markup=False)
            raise typer.Exit(1)


def _settle(workspace: Workspace, world: World, session: Session) -> None:
    """Put a killed update in order before going on, saying what one types for it on a real stack."""
    _console.print(f"[yellow]{workspace.stack}: the last update was killed in the middle and left its lock behind.[/]")
    _console.print("On a real stack, when nobody else is at work, you type what runs here now:")
    for command in recovery.recover(workspace, world, session.variables):
        _console.print(f"  {command}", soft_wrap=True)


def _release(workspace: Workspace, session: Session) -> None:
    """Take the protection off what holds data, saying what one types for it on a real stack."""
    names = protected(workspace)
    if not names:
        return
    shown = ", ".join(names[:_SHOWN_NAMES]) + (f" and {len(names) - _SHOWN_NAMES} more" * (len(names) > _SHOWN_NAMES))
    _console.print(f"[yellow]{workspace.stack}: {len(names)} protected, so that nobody deletes them by mistake:[/]")
    _console.print(f"  {shown}", markup=False, soft_wrap=True)
    _console.print("On a real stack, when their data may go, you type what runs here now:")
    _console.print(f"  {recovery.unprotect(workspace, session.variables)}", soft_wrap=True)


def _open(stack: str) -> Workspace:
    """The workspace of a stack whose settings are right; raises `SettingsError` otherwise."""
    if not _STACK_NAME.fullmatch(stack):
        raise SettingsError([f'"{stack}": expected a stack name of letters, digits, hyphens, underscores and periods'])
    settings = read_stack(stack, PROJECT_FOLDER)
    if not region_exists(settings.region):
        raise SettingsError([f'aws:region: expected an AWS region such as eu-west-3, got "{settings.region}"'])
    lacking = missing_secrets(settings)
    workspace = open_workspace(stack, lacking=lacking)
    if lacking:
        names = ", ".join(f"{key} (for {reason})" for key, reason in lacking.items())
        advice = f"a real stack gets each by `make secret STACK={stack} KEY=...`"
        text = f"stand-ins for secrets that Pulumi.{stack}.yaml lacks: {names}; {advice}"
        _console.print(text, style="dim", soft_wrap=True)
    return workspace


@contextmanager
def _sentences() -> Generator[None]:
    """Turn what can go wrong into a sentence and an exit code: 2 for bad input, 1 for a failure of the cloud."""
    try:
        yield
    except SettingsError as error:
        for problem in error.problems:
            _errors.print(problem, markup=False)
        raise typer.Exit(BAD_INPUT) from None
    except (SetupError, recovery.Busy, HalfLost) as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(BAD_INPUT) from None
    except OSError as error:
        _errors.print(
            explain_error(
                error, PROJECT_FOLDER / ".rehearsal", "make room or give the right to write, then run the command again"
            ),
            markup=False,
        )
        raise typer.Exit(BAD_INPUT) from None
    except (CloudNotStarted, recovery.NotSettled, sqlite3.Error) as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _errors.print("interrupted: run the command again, it puts the state in order first")
        raise typer.Exit(_INTERRUPTED) from None
    except CommandError as error:
        if _told_apart(error):
            _errors.print(_told_apart(error), markup=False)
        if _KILLED in str(error):
            _errors.print("the engine was killed: run the command again, it puts the state in order first")
        else:
            _errors.print("the engine stopped: correct the cause above and run again; what exists is in the state")
        raise typer.Exit(1) from None


def _told_apart(error: CommandError) -> str:
    """What the engine said beside its display, such as a lock that somebody else holds."""
    return str(error).partition("\n stderr: ")[2].strip()


def _wait_for_interrupt() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        os.write(sys.stdout.fileno(), b"\n")


def _quiet_readers(problem: threading.ExceptHookArgs) -> None:
    """Say nothing of threads that read from an engine which Ctrl-C has ended; anything else is shown."""
    if not isinstance(problem.exc_value, ValueError):
        threading.__excepthook__(problem)


def main() -> None:
    """Run a command and end at once: the idle threads of the engine's servers would hold the terminal for a second."""
    threading.excepthook = _quiet_readers
    gc.disable()  # a command ends long before its garbage would matter, and imports make a lot of it
    try:
        app()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        if end.code is not None and not isinstance(end.code, int):
            raise  # a text, which Python prints
        os._exit(end.code or 0)


if __name__ == "__main__":
    main()
