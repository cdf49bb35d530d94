"""Puts the state in order after a killed update: asks what became of each create, and notes the answer in the state."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer

from tools.pulumi_cli import NO_VARIABLES, Pulumi, Runner
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.state.copies import back_up
from tools.state.objects import Objects
from tools.state.pending import Pending, pending_in, settled

Say = Callable[[str], None]
_NONE: Final = "-"
"""What a person types when the cloud has no such thing."""


def read_answers(given: Sequence[str], pending: Sequence[Pending]) -> dict[str, str]:
    """Ids by URN, of answers such as `site-bucket=socle-site-1f2e`; an empty id says that there is no such thing.

    Raises `typer.Exit` after a sentence when an answer names no open create, or several.
    """
    answers: dict[str, str] = {}
    opened = [each for each in pending if each.open]
    for answer in given:
        name, equals, id_ = answer.partition("=")
        found = [each for each in opened if name in (each.name, each.urn)]
        if not equals or len(found) != 1:
            known = ", ".join(each.name for each in opened) or "none is open"
            raise refuse(
                f"SETTLE: expected NAME=ID with the name of a create that was begun ({known}; or its whole URN, where "
                f'two have one name), or NAME= when it does not exist, got "{answer}"',
                BAD_INPUT,
            )
        answers[found[0].urn] = id_.strip()
    return answers


def ask(pending: Sequence[Pending], answers: Mapping[str, str]) -> dict[str, str]:
    """Ask a person for the ids that are missing; by URN."""
    asked = dict(answers)
    for each in pending:
        if each.open and each.urn not in asked:
            hint = f" (it may be {each.given})" if each.given else ""
            told = typer.prompt(f"Id of {each.type} {each.name}{hint}, or {_NONE} when it does not exist")
            asked[each.urn] = "" if str(told).strip() == _NONE else str(told).strip()
    return asked


def settle(
    stack: str,
    answers: Mapping[str, str],
    objects: Objects,
    *,
    run: Runner,
    say: Say,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> list[Pending]:
    """Note the answers in the state and refresh what they are about; the creates that stay open.

    The state is kept beside the others first. Raises `PulumiFailed` with what the engine said.
    """
    pulumi = Pulumi(stack, run)
    export = pulumi.export()
    before = pending_in(export["deployment"])
    copy = back_up(objects, stack, json.dumps(export).encode())
    say(f"{stack}: the state as it was is in s3://{objects.backend.bucket}/{copy}")
    after = {**export, "deployment": settled(export["deployment"], answers)}
    _load(pulumi, after)
    left = pending_in(after["deployment"])
    targets = [each.urn for each in before if each not in left and answers.get(each.urn, each.id)]
    if targets:
        _refresh(stack, targets, run, variables)
    for each in before:
        if each not in left:
            say(f"{stack}: {each.name} {_ended(each, answers)}")
    return left


def _ended(each: Pending, answers: Mapping[str, str]) -> str:
    if not each.open:
        return "is as the cloud has it"
    return f"is in the state with the id {answers[each.urn]}" if answers[each.urn] else "is forgotten"


def _load(pulumi: Pulumi, export: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="socle-") as folder:
        file = Path(folder, "state.json")
        file.write_text(json.dumps(export), encoding="utf-8")  # its secrets are encrypted by the stack's key
        pulumi.load(file)


def _refresh(stack: str, targets: Sequence[str], run: Runner, variables: Mapping[str, str]) -> None:
    command = ["refresh", "--yes", "--skip-preview", "--stack", stack, "--non-interactive"]
    done = run([*command, *(f"--target={urn}" for urn in targets)], True, variables)
    if done.code:
        raise refuse(
            f"{stack}: the ids are in the state, but the cloud could not be asked about them: correct the cause above, "
            f"then `pulumi refresh --stack {stack}`",
            FAILED,
        )
