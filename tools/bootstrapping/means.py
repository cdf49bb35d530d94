"""What the bootstrap works with, and how it says why it stops."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import boto3
import typer
from botocore.config import Config

from bootstrap.answers import Answers
from bootstrap.names import PROJECT, STACK
from bootstrap.policies import Policies
from rehearsal import engine
from tools.pulumi_cli import NO_VARIABLES, Done, Program, Runner
from tools.setup import ROOT
from tools.state.backend import Backend

AGAIN: Final = "make bootstrap"
_PATIENCE: Final = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=10, read_timeout=60)
_LOCAL: Final = ".bootstrap"


class BootstrapRefused(Exception):  # noqa: N818 (reads as what it is)
    """Why the bootstrap does not go on, in one sentence; `code` is the exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def client(service: str, region: str) -> Any:
    """A client with the credentials that the engine takes too."""
    return cast(Any, boto3).client(service, region_name=region, config=_PATIENCE)


class Foreground(Program):
    """The engine, waited for to its end: Ctrl-C reaches it too, and it notes what it has done before it ends."""

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str] = NO_VARIABLES) -> Done:
        """Run the command. Raises `SetupError` when no engine can be found."""
        if not shown:
            return super().__call__(arguments, shown, variables)
        found = engine.find()
        environ = {**self.environ, **found.environment(self.environ), **variables}
        with subprocess.Popen([str(found.command), *arguments], cwd=self.folder, env=environ) as process:
            while True:
                try:
                    return Done(process.wait())
                except KeyboardInterrupt:
                    continue


@dataclass(frozen=True)
class Means:
    """What reaches out of this process, so that tests can give others."""

    folder: Path = ROOT
    """The checkout."""
    client: Callable[[str, str], Any] = client
    """A client of a service in a region."""
    engine: Callable[[Path], Runner] = Foreground
    """The engine in a folder with a Pulumi.yaml."""
    confirm: Callable[[str], bool] = typer.confirm
    ask: Callable[[str], str] = typer.prompt
    interactive: Callable[[], bool] = sys.stdin.isatty


@dataclass(frozen=True)
class Team:
    """Whose bootstrap it is: everything that is known before anything is done."""

    means: Means
    answers: Answers
    policies: Policies
    account: str
    """AWS account of the credentials."""
    person: str
    """Whose credentials they are."""

    @property
    def backend(self) -> Backend:
        """The bucket of the states, which may not exist yet."""
        return Backend(self.answers.bucket_name(self.account), self.answers.region)

    @property
    def local(self) -> Path:
        """Folder of the bootstrap's state before there is a bucket."""
        return self.means.folder / _LOCAL

    @property
    def local_state(self) -> Path:
        """The state's file in that folder."""
        return self.local / Backend("", "").state_key(STACK, PROJECT)

    def client(self, service: str) -> Any:
        """A client of a service where the bucket is."""
        return self.means.client(service, self.answers.region)
