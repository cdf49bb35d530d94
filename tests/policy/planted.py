"""Two small programs in rehearsal: what stands, and a change to it that breaks every rule."""

import json
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from policy.pending import VARIABLE
from rehearsal.engine import Engine
from rehearsal.session import environment, running_cloud
from rehearsal.workspace import open_workspace
from tools.changes.event_log import document_of
from tools.changes.model import Preview
from tools.changes.reader import read_preview
from tools.pulumi_cli import Done, Program

ROOT = Path(__file__).resolve().parents[2]
STACK = "prod"
_PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True)
class Update:
    """An update, with what the engine's log tells of it."""

    done: Done
    log: Path
    pending: Path
    """What the policy pack could not tell before it."""

    @property
    def planned(self) -> Preview:
        """What it would change, as the reader of previews has it, although the pack stopped it."""
        found = read_preview(STACK, document_of(self.log.read_text(encoding="utf-8")))
        assert [each.message for each in found.diagnostics] == ["preview failed"]
        return replace(found, failed=False, diagnostics=())

    def violations(self) -> Iterator[tuple[str, str, str]]:
        """Level, rule and name of the resource, as the policy pack told them."""
        for line in self.log.read_text(encoding="utf-8").splitlines():
            event: dict[str, Any] = json.loads(line).get("policyEvent") or {}
            if event:
                name = str(event.get("resourceUrn", "")).rpartition("::")[2]
                yield event["enforcementLevel"], event["policyName"].removesuffix("-stack"), name


@dataclass(frozen=True)
class Engines:
    """The engine on a checkout of its own."""

    folder: Path
    run: Program

    def pulumi(self, *arguments: str) -> Done:
        """What a command says."""
        return self.run([*arguments, "--stack", STACK, "--non-interactive"], False)

    def up(self, program: str) -> Update:
        """Deploy a program of `programs/`, with the policy pack."""
        text = (_PROGRAMS / f"{program}.py").read_text(encoding="utf-8")
        (self.folder / "__main__.py").write_text(text, encoding="utf-8")
        log, pending = self.folder / f"{program}.events", self.folder / f"{program}.pending"
        arguments = ["up", "--yes", "--policy-pack", str(ROOT / "policy"), "--event-log", str(log), "--stack", STACK]
        variables = {"PULUMI_DEBUG_COMMANDS": "true", VARIABLE: str(pending)}
        return Update(self.run([*arguments, "--non-interactive"], False, variables), log, pending)


@contextmanager
def checkout(folder: Path, engine: Engine) -> Generator[Engines]:
    """A project whose stack is production, and has nothing yet."""
    folder.mkdir(parents=True)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "components").symlink_to(ROOT / "components")
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    settings = {"config": {"aws:region": "eu-west-3", "socle:owner": "devu42"}}
    (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    workspace = open_workspace(STACK, folder)
    with running_cloud(workspace) as cloud:
        found = Engines(folder, Program(workspace.folder, {**os.environ, **environment(workspace, engine, cloud)}))
        done = found.pulumi("stack", "init")
        assert done.code == 0, done.errors
        yield found
