"""The `pulumi` command for tests of what calls it: it answers what it was given and notes what it was asked."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.pulumi_cli import Done, Pulumi, Resource


@dataclass
class StandIn:
    """A stack that only exists here."""

    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    resources: list[Resource] = field(default_factory=list[Resource])
    codes: dict[str, int] = field(default_factory=dict[str, int])
    """Exit codes of commands, by their first words."""
    said: str = ""
    """What commands that fail say."""
    pending: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: list[str] = field(default_factory=list[str])
    """Commands, without the stack."""
    variables: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    """What each command was told besides."""
    loaded: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """States that were imported."""

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str]) -> Done:
        words = [each for each in arguments if each not in ("--non-interactive", "--stack", "staging")]
        command = " ".join(words)
        self.asked.append(command)
        self.variables.append(variables)
        for start, code in self.codes.items():
            if command.startswith(start):
                return Done(code, errors=self.said)
        if command.startswith("stack output"):
            return Done(0, json.dumps(self.outputs))
        if command == "stack export":
            deployment: dict[str, Any] = {"resources": self.resources, "pending_operations": self.pending}
            return Done(0, json.dumps({"version": 3, "deployment": deployment}))
        if command.startswith("stack import"):
            self.loaded.append(json.loads(Path(words[-1]).read_text(encoding="utf-8")))
        return Done(0)

    def pulumi(self) -> Pulumi:
        return Pulumi("staging", self)


def near(stack: str) -> AbstractContextManager[Mapping[str, str]]:
    """For an API that is within reach by itself."""
    return nullcontext({})


def resource(type_: str, name: str, **more: Any) -> Resource:
    """A resource as a state has it."""
    return {"urn": f"urn:pulumi:staging::socle::{type_}::{name}", "type": type_, "custom": True, **more}
