"""Simulated `command` provider: nothing is executed, and what our own program would print is made up."""

import secrets
from collections.abc import Iterator
from typing import Final

from rehearsal import k3s, signatures
from rehearsal.check import Checked, Declared, Problem
from rehearsal.small_provider import Kind, Made, SmallProvider
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import Thing, World

LOCAL: Final = "command:local:Command"
_LOGGING: Final = ("stdout", "stderr", "stdoutAndStderr", "none")
_PRINTED: Final = ("stdout", "stderr")
# What a run gives, apart from what the program declares.
_RESULTS: Final = (*_PRINTED, "assets", "archive")


class SimulatedCommand(SmallProvider):
    """Takes commands as the real provider does: a change runs `update`, or else `create`; triggers replace.

    Like the real one, it tells the engine that what a command printed is secret as soon as an input is.
    """

    accepts_secrets = True

    def __init__(self, world: World, package: str) -> None:
        super().__init__(world, package, _KINDS)

    def check(self, declared: Declared, news: Properties, olds: Properties) -> Checked:
        checked = super().check(declared, news, olds)
        executed = declared.type == LOCAL and k3s.is_simulated(news)
        return Checked(checked.inputs, checked.problems, {**checked.finding, "executed": executed})

    def imagine(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Properties:
        names = signatures.output_names(declared.type) - signatures.input_names(declared.type)
        return {**dict.fromkeys(names, UNKNOWN), **inputs}

    def make(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Thing:
        before = {key: value for key, value in existing.outputs.items() if key in _RESULTS} if existing else {}
        outputs = {**inputs, **dict.fromkeys(_PRINTED, ""), **before, **self._run(declared, inputs, existing)}
        id_ = existing.id if existing else f"{declared.name}{secrets.token_hex(4)}"
        return Thing(declared.type, id_, declared.urn, inputs, outputs)

    def _run(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Properties:
        command = inputs.get("update", inputs.get("create")) if existing else inputs.get("create")
        if command is None:
            return {}
        called = k3s.call(command) if declared.type == LOCAL else None
        printed = k3s.run(self.world, called, inputs) if called else ("", "")
        return dict(zip(_PRINTED, printed, strict=True))


def _check(inputs: Properties) -> Iterator[Problem]:
    logging = inputs.get("logging")
    if logging not in (None, UNKNOWN, *_LOGGING):
        yield Problem("logging", f"expected one of {', '.join(_LOGGING)}, got {logging!r}")
    if "stdin" in inputs and not any(name in inputs for name in ("create", "update", "delete")):
        yield Problem("stdin", "no command reads it: create, update and delete are all missing")


def _made(inputs: Properties) -> Made:
    raise NotImplementedError("commands are made in SimulatedCommand.make")


_KINDS: Final[dict[str, Kind]] = {
    LOCAL: Kind(make=_made, check=_check, fixed=("triggers",)),
    "command:remote:Command": Kind(make=_made, check=_check, secrets=("connection",), fixed=("triggers",)),
    "command:remote:CopyToRemote": Kind(make=_made, secrets=("connection",), fixed=("triggers",)),
    "command:remote:CopyFile": Kind(make=_made, secrets=("connection",), fixed=("triggers",)),
}
