"""The `pulumi` command on one real stack: what it knows of it, and what it does to it."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rehearsal import engine
from tools.attended import attended
from tools.setup import ROOT

Resource = dict[str, Any]
Export = dict[str, Any]
"""A state as `pulumi stack export` writes it: `version` and `deployment`."""

_SAID: Final = 500
"""Characters of what a failed command said that are repeated."""


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    output: str = ""
    """What it printed, when that was not shown at once."""
    errors: str = ""


NO_VARIABLES: Final[Mapping[str, str]] = {}
"""For a command that needs no more than all have."""

Runner = Callable[[Sequence[str], bool, Mapping[str, str]], Done]
"""Runs `pulumi` with arguments and more variables; shows what it prints at once if told so, otherwise returns it."""


class PulumiFailed(Exception):  # noqa: N818 (reads as what it is)
    """A command of `pulumi` failed; the text is one sentence with what it said."""

    def __init__(self, text: str, said: str = "") -> None:
        self.said = said
        """All that the command said, for whoever knows what that means."""
        super().__init__(text)


@dataclass(frozen=True)
class Program:
    """The engine in a folder with a Pulumi.yaml."""

    folder: Path = ROOT
    """Where the program and its stack files are."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """Variables of the command, such as those that say where the state is."""

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str] = NO_VARIABLES) -> Done:
        """Run the command. Raises `SetupError` when no engine can be found."""
        found = engine.find()
        command = [str(found.command), *arguments]
        environ = {**self.environ, **found.environment(self.environ), **variables}
        if shown:
            return Done(attended(command, self.folder, environ))
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def give(self, arguments: Sequence[str], text: str) -> Done:
        """Run the command with a text on its standard input, where no list of processes shows it."""
        found = engine.find()
        done = subprocess.run(
            [str(found.command), *arguments],
            cwd=self.folder,
            env={**self.environ, **found.environment(self.environ)},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


class Pulumi:
    """What this project's tools ask of the command, for one stack."""

    def __init__(self, stack: str, run: Runner | None = None) -> None:
        self.stack = stack
        self._run = run or Program()

    def outputs(self) -> dict[str, Any]:
        """Outputs of the stack, secrets in plain text."""
        return self._json("stack", "output", "--json", "--show-secrets")

    def export(self, *, secrets: bool = False) -> Export:
        """The state; secrets in it stay encrypted, unless they are asked for."""
        return self._json("stack", "export", *(["--show-secrets"] if secrets else []))

    def config(self) -> dict[str, Any]:
        """Settings of the stack's file as the engine reads them, secrets in plain text."""
        return self._json("config", "--show-secrets", "--json")

    def rekey(self, provider: str) -> None:
        """Encrypt file and state by a new data key of a secrets provider, which may be the one that they have.

        It is no single step: a failure can leave the file with the new key and the state with the old one.
        """
        self._must("stack", "change-secrets-provider", provider)

    def load(self, file: Path) -> None:
        """Replace the state by that of a file."""
        self._must("stack", "import", "--file", str(file))

    def destroy(self, variables: Mapping[str, str] = NO_VARIABLES) -> int:
        """Delete all that the state has, and show it; the exit code of the command."""
        return self._run([*self._on_stack("destroy"), "--yes"], True, variables).code

    def _json(self, *arguments: str) -> dict[str, Any]:
        printed = self._must(*arguments)
        try:
            return json.loads(printed)
        except ValueError:
            # Not with what it printed: secrets may be in it.
            raise PulumiFailed(
                f"`pulumi {' '.join(arguments)}` printed no JSON: see it by hand, then try again"
            ) from None

    def _must(self, *arguments: str) -> str:
        done = self._run(self._on_stack(*arguments), False, NO_VARIABLES)
        if done.code:
            said = done.errors or done.output
            raise PulumiFailed(
                f"`pulumi {' '.join(arguments)}` failed ({_short(said)}): "
                f"correct that, for example with `pulumi login` or `pulumi stack select {self.stack}`, then try again",
                said,
            )
        return done.output

    def _on_stack(self, *arguments: str) -> list[str]:
        return [*arguments, "--stack", self.stack, "--non-interactive"]


def resources(export: Export) -> list[Resource]:
    """Resources of a state, in its order: what something depends on comes before it."""
    return export["deployment"].get("resources") or []


def protected(export: Export) -> list[Resource]:
    """Resources that Pulumi refuses to delete."""
    return [each for each in resources(export) if each.get("protect")]


def name_of(resource: Resource) -> str:
    """Logical name of a resource."""
    return str(resource["urn"]).rpartition("::")[2]


def _short(text: str) -> str:
    return " ".join(text.split()).removeprefix("error: ").rstrip(".")[:_SAID] or "it said nothing"
