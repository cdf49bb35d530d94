"""A checkout of one's own, an empty account on moto, and an engine whose AWS is that account."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal.world import World
from tests.rehearsal.checkouts import copy_project
from tests.state.cloud import Account
from tools import bootstrap, bootstrap_destroy
from tools.bootstrapping.means import Means
from tools.pulumi_cli import NO_VARIABLES, Done, Program, Runner
from tools.setup import ROOT
from tools.state.backend import Backend
from tools.state.objects import Objects

ACCOUNT = "123456789012"
BUCKET = f"socle-state-{ACCOUNT}"
ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
DEV = f"arn:aws:iam::{ACCOUNT}:role/dev"
_READS = ("stack export", "preview")


@dataclass(frozen=True)
class Quiet:
    """The engine without a terminal: what it would show is kept."""

    program: Program
    shown: list[str]

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str] = NO_VARIABLES) -> Done:
        done = self.program(arguments, False, variables)
        if shown:
            self.shown.append(done.output + done.errors)
        return done


class Interrupted(BaseException):
    """What ends a command in the middle, and no command catches."""


@dataclass
class Interruption:
    """Ends the command after each of the engine's that changes something, once after each such command."""

    run: Runner
    run_on: str
    asked: list[tuple[str, str]]

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str] = NO_VARIABLES) -> Done:
        done = self.run(arguments, shown, variables)
        command = " ".join(arguments)
        change = command.replace("--non-interactive", "").partition("--file")[0].strip()
        if not command.startswith(_READS) and (self.run_on, change) not in self.asked:
            self.asked.append((self.run_on, change))
            raise Interrupted(command)
        return done


@dataclass
class Stage:
    """Where the bootstrap is tried."""

    folder: Path
    account: Account
    world_file: Path
    providers: str
    shown: list[str] = field(default_factory=list[str])
    """What the engine would have shown."""
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Folders and commands of the engine after which the bootstrap was interrupted."""

    @property
    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "PULUMI_DEBUG_PROVIDERS": self.providers,
            "PULUMI_HOME": str(self.folder.parent / "home"),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def engine(self, folder: Path) -> Runner:
        return Quiet(Program(folder, self.environ), self.shown)

    def means(self, **others: Any) -> Means:
        return Means(folder=self.folder, engine=self.engine, **others)

    def bootstrap(self) -> None:
        bootstrap.run(yes=True, dry_run=False, means=self.means())

    def destroy(self) -> None:
        bootstrap_destroy.run(yes=True, means=self.means())

    def until_done(self, run: Callable[[Means], None]) -> int:
        """Run a command that is interrupted after every change, again and again until it comes to its end."""
        means = Means(
            folder=self.folder, engine=lambda folder: Interruption(self.engine(folder), folder.name, self.asked)
        )
        for times in range(1, 40):
            try:
                run(means)
            except Interrupted:
                continue
            return times
        raise AssertionError(f"no end after {self.asked}")

    @property
    def backend(self) -> Backend:
        return Backend(BUCKET, "eu-west-3")

    @property
    def objects(self) -> Objects:
        return Objects(self.backend)

    def project(self, folder: str = "") -> dict[str, Any]:
        return self.yaml(f"{folder}/Pulumi.yaml".lstrip("/"))

    def yaml(self, path: str) -> dict[str, Any]:
        return yaml.safe_load((self.folder / path).read_text(encoding="utf-8"))

    def answer(self, **answers: Any) -> None:
        """Change the team's answers; None takes one out."""
        file = self.folder / "bootstrap" / "Pulumi.team.yaml"
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key, value in answers.items():
            document["config"][f"socle-bootstrap:{key}" if key != "region" else "aws:region"] = value
        document["config"] = {key: value for key, value in document["config"].items() if value is not None}
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def cloud(self) -> dict[str, str]:
        """Ids of what exists in the simulated cloud, by type and name; those of AWS's making are left out."""
        world = World(self.world_file)
        things = world.all()
        world.close()
        names = [f"{thing.type} {thing.urn.rpartition('::')[2]}" for thing in things]
        assert len({*names}) == len(names), "something was made twice"
        return {name: thing.id for name, thing in zip(names, things, strict=True)}

    def state(self) -> list[dict[str, Any]]:
        """Resources of the bootstrap's state in the bucket."""
        stored = self.objects.read(self.backend.state_key("team", "socle-bootstrap"))
        assert stored is not None
        return json.loads(stored.body)["checkpoint"]["latest"]["resources"]


@contextmanager
def stage(folder: Path, account: Account) -> Generator[Stage]:
    """A copy of the checkout with two stacks, and people and forges that exist."""
    checkout = copy_project(folder / "socle").folder
    for stack in checkout.glob("Pulumi.*.yaml"):
        if stack.name not in ("Pulumi.staging.yaml", "Pulumi.prod.yaml"):
            stack.unlink()
    write_permissions(checkout / "bootstrap" / "permissions")
    iam = account.client("iam")
    iam.create_user(UserName="ada")
    iam.create_role(RoleName="dev", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    world_file = folder / "world.sqlite"
    command = [sys.executable, "-m", "tests.bootstrap.echoing_cloud", str(world_file)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as cloud:
        assert cloud.stdout
        assert cloud.stdin
        made = Stage(checkout, account, world_file, cloud.stdout.readline().strip())
        made.answer(
            github={"repository": "devu42/infrastructure", "repository_id": "42", "owner_id": "7"},
            gitlab={"project_path": "devu42/infrastructure"},
            people={"administrators": [ADA], "developers": [DEV]},
        )
        yield made
        cloud.stdin.close()
        cloud.wait(timeout=30)


def write_permissions(folder: Path) -> None:
    """Policies of a size that a test can read, in place of the real ones."""
    shutil.rmtree(folder, ignore_errors=True)
    for kind, actions in (("preview", ["ec2:DescribeVpcs"]), ("deploy", ["ec2:*"]), ("boundary", ["ec2:*", "s3:*"])):
        file = folder / kind / "1.json"
        file.parent.mkdir(parents=True)
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), encoding="utf-8")
