"""The `pulumi` commands that make a stack, fill it with secrets and take it away again."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rehearsal import engine
from tools.pulumi_cli import Done, PulumiFailed
from tools.setup import ROOT

Run = Callable[[Sequence[str], str | None], Done]
"""Runs `pulumi` with arguments and, where it is given, a text on its standard input."""

# https://www.pulumi.com/docs/iac/cli/exit-codes/
_NO_STACK: Final = 6
_SAID: Final = 500


@dataclass(frozen=True)
class Engine:
    """The engine in a folder with a Pulumi.yaml."""

    folder: Path = ROOT
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __call__(self, arguments: Sequence[str], given: str | None) -> Done:
        """Run the command. Raises `SetupError` when no engine can be found."""
        found = engine.find()
        done = subprocess.run(
            [str(found.command), *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**self.environ, **found.environment(self.environ)},
            input=given or "",
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


class Commands:
    """What `make new` and `make remove` ask of the engine."""

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or Engine()

    def init(self, stack: str, provider: str) -> None:
        """Make a stack without resources, whose secrets the provider encrypts; its file says so afterwards."""
        self._must("stack", "init", stack, "--secrets-provider", provider, "--no-select")

    def remove(self, stack: str) -> bool:
        """Take a stack without resources out of the backend; False when there is none. Its file stays."""
        done = self._run(("stack", "rm", stack, "--yes", "--preserve-config"), None)
        if done.code == _NO_STACK:
            return False
        if done.code:
            raise PulumiFailed(f"`pulumi stack rm {stack}` failed ({_short(done)}): correct that, then try again")
        return True

    def decrypt(self, stack: str, key: str) -> str:
        """A secret setting in plain text. Raises `PulumiFailed`, without it."""
        printed = self._must("config", "get", key, "--json", "--stack", stack)
        try:
            answer: Any = json.loads(printed)
            return str(answer["value"])
        except (ValueError, KeyError, TypeError):
            # Not with what it printed: the secret may be in it.
            raise PulumiFailed(f"`pulumi config get {key}` printed no JSON: see it by hand") from None

    def encrypt(self, stack: str, key: str, value: str) -> None:
        """Set a secret setting; the value goes over the standard input, where no list of processes shows it."""
        self._must("config", "set", "--secret", key, "--stack", stack, given=value)

    def _must(self, *arguments: str, given: str | None = None) -> str:
        done = self._run(arguments, given)
        if done.code:
            shown = " ".join(arguments)
            raise PulumiFailed(f"`pulumi {shown}` failed ({_short(done)}): correct that, then try again")
        return done.output


def _short(done: Done) -> str:
    """What a failed command said, on one line."""
    text = " ".join((done.errors or done.output).split())
    return text.removeprefix("error: ").rstrip(".")[:_SAID] or "it said nothing"
