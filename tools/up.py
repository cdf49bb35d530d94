"""Deploys a stack, or shows what that would change: `python -m tools.up STACK [--preview]`."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml
from rich.console import Console

from policy import pending
from rehearsal import engine
from settings import read_stack_file
from tools import cluster_api, rollout
from tools.attended import attended
from tools.cluster_api import ClusterApi, ClusterRefused, ClusterSilent
from tools.costing.afford import afford
from tools.costing.kept import settle
from tools.doctor import after_failure
from tools.in_turn import in_turn
from tools.policing import environment as policing
from tools.policing.afterwards import Afterwards, afterwards, beforehand
from tools.rollout import Diagnosis
from tools.sentences import errors, sentences
from tools.setup import ROOT
from tools.spot_requests import after_update
from tools.stack_copies.files import kept_again
from tools.tunnel import Known, ask, reachable
from tools.turn import Turn

COST: Final = "tools.cost"
"""The command that estimates what a stack costs a month, where it exists."""

# https://www.pulumi.com/docs/iac/cli/exit-codes/
_NO_STACK: Final = 6

Launch = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs `pulumi` with arguments and additional variables on this terminal; its exit code."""


def launch(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run the engine with the policy pack and wait for its end, whatever signals come: they are for it to answer.

    Raises `SetupError` when no engine can be found.
    """
    found = engine.find()
    command = [str(found.command), *arguments, *policing.options()]
    return attended(command, ROOT, {**os.environ, **found.environment(), **variables})


def estimate(stack: str) -> int:
    """Print what the stack costs a month, where the command exists; its exit code tells if the budget is against it."""
    if not importlib.util.find_spec(COST):
        return 0
    return subprocess.run([sys.executable, "-m", COST, stack], cwd=ROOT, check=False).returncode


@dataclass(frozen=True)
class Means:
    """What a deployment works with, so that tests can give it others."""

    launch: Launch = launch
    ask: Callable[[str], Known] = ask
    estimate: Callable[[str], int | None] = estimate
    settle: Callable[[str, Path], str] = settle
    """Keeps what was estimated, once it is deployed; says why it could not."""
    rules: Callable[[str, Path, Path], Afterwards] = afterwards
    """Evaluates what the rules could not tell before the update."""
    strays: Callable[[str, Path], str | None] = after_update
    """Ends what would launch machines again that the update took away; what to know of that."""
    connect: Callable[[str], ClusterApi] = cluster_api.connect
    folder: Path = ROOT
    turn: Callable[[str, str, Path], AbstractContextManager[Turn]] = in_turn
    diagnose: Callable[[str], str | None] = after_failure
    keep: Callable[[str, Path], str | None] = kept_again


def run(stack: str, *, preview: bool, yes: bool, means: Means | None = None) -> int:
    """Deploy or preview through a tunnel where one is needed; the exit code is Pulumi's, or 1 for a rule."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)
    verb = "preview" if preview else "up"
    again = f"make {verb} STACK={stack}"

    def say(line: str) -> None:
        errors().print(line, markup=False)

    with sentences(stack, again), ExitStack() as held:
        ours = None
        if not preview:
            ours = held.enter_context(means.turn(stack, again, means.folder))
            afford(stack, means.estimate(stack), yes=yes)
        variables = held.enter_context(reachable(stack, means.ask, means.folder, at_once=False))
        place = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="socle-")))
        events, waiting = place / "events", place / "pending"
        command = [verb, "--stack", stack, "--event-log", str(events), *(["--yes"] if yes and not preview else [])]
        # The engine has this option among those for debugging; its own Automation API takes it too.
        more = {"PULUMI_DEBUG_COMMANDS": "true", pending.VARIABLE: str(waiting)}
        code, later = means.launch(command, {**variables, **more}), Afterwards()
        told = [means.diagnose(stack)] if code else []
        if code and ours:
            told += [*_explain(stack, events, means), ours.blocked()]
        elif ours:
            told += [each(stack, means.folder) for each in (means.keep, means.settle, means.strays)]
            later = means.rules(stack, waiting, means.folder)
            told += later.lines
        elif not code:
            told += [beforehand(stack, waiting)]
        for line in filter(None, told):
            say(line)
    if not preview:
        # What is wrong with the way to the state has been told, with what to type.
        console.print(_last_line(stack, again, code, known=bool(code and told[0])), markup=False)
    return code or later.code


def _explain(stack: str, events: Path, means: Means) -> list[str]:
    """What to know of the roll-outs that failed, as far as the cluster tells while the tunnel is open."""
    rollouts = rollout.failed(events)
    if not rollouts:
        return []
    values = read_stack_file(means.folder / f"Pulumi.{stack}.yaml")
    kubeconfig = means.ask(stack).kubeconfig
    told: list[str] = []
    for each in rollouts:
        found = Diagnosis()
        try:
            if kubeconfig:
                found = rollout.diagnose(means.connect(json.dumps(yaml.safe_load(kubeconfig))), each)
        except (ClusterSilent, ClusterRefused) as error:
            found = Diagnosis([f"the cluster does not say why ({error})"])
        told.append(rollout.advise(stack, each, found, rollout.setting_of(each, values)))
    return told


def _last_line(stack: str, again: str, code: int, *, known: bool) -> str:
    destroy = f"`make destroy STACK={stack}`"
    if code == _NO_STACK and not known:
        return (
            f"{stack}: is not known where Pulumi keeps its state, `pulumi stack init {stack}` makes it: then `{again}`"
        )
    if code:
        return f"{stack}: stopped, and what exists costs money: `{again}` goes on, {destroy} takes it down"
    return f"{stack}: deployed, and costs money until {destroy} takes it down"


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before changing anything.")] = False,
) -> None:
    """Deploy a stack, with the tunnel to its Kubernetes API open where it needs one."""
    raise typer.Exit(run(stack, preview=preview, yes=yes))


if __name__ == "__main__":
    typer.run(main)
