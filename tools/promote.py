"""Keeps a stack on the versions that another one runs: `python -m tools.promote FROM TO`."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml
from rich.console import Console

from settings import Settings, Versions, read_stack, versions_file
from settings.versions_file import FOLDER
from tools import cluster_api
from tools.cluster_api import ClusterApi, ClusterSilent
from tools.promotion.difference import difference, digest_of, not_run
from tools.promotion.digests import Found, in_cluster, in_registry
from tools.promotion.document import merged, new_text, written
from tools.promotion.report import Promotion
from tools.promotion.source import Source, Unfit
from tools.promotion.used import used
from tools.pulumi_cli import Program, Pulumi, Runner
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences
from tools.setup import ROOT
from tools.state.backend import BackendRefused, found_backend
from tools.state.lock_files import read_locks
from tools.state.objects import Objects
from tools.tunnel import KUBECONFIG, Known, ask, reachable

MESSAGE: Final = ".promotion-message"
"""Where the commit's message goes unless another file is named; Git ignores it."""


def holders(stack: str) -> list[str]:
    """Who holds a lock of the stack, and since when; nobody where the states are not in S3, and have no such locks.

    May raise what `tools.account.Failure` names.
    """
    try:
        backend = found_backend()
    except BackendRefused:
        return []
    return [f"{each.holder} since {each.since:%Y-%m-%d %H:%M} UTC" for each in read_locks(Objects(backend), stack)]


def confirm(question: str) -> bool:
    """Ask the person at the terminal; without one, raises `typer.Exit`."""
    if not sys.stdin.isatty():
        raise refuse(f"{question} Nobody is there to answer: type it with YES=1", BAD_INPUT)
    return typer.confirm(question)


@dataclass(frozen=True)
class Means:
    """What a promotion works with, so that tests can give it others."""

    run: Runner | None = None
    holders: Callable[[str], Sequence[str]] = holders
    ask: Callable[[str], Known] = ask
    connect: Callable[[str], ClusterApi] = cluster_api.connect
    registry: Callable[[str], Found] = in_registry
    confirm: Callable[[str], bool] = confirm
    folder: Path = ROOT


def run(source: str, target: str, *, yes: bool, as_json: bool, message: Path, means: Means | None = None) -> None:
    """Compare, show, ask and write. Raises `typer.Exit` with a sentence where that cannot be."""
    means = means or Means()
    again = f"make promote FROM={source} TO={target}"
    with sentences(source, again):
        if source == target:
            raise refuse(f'promote: expected two stacks, got "{source}" twice', BAD_INPUT)
        read_stack(source, means.folder)
        wanted = read_stack(target, means.folder)
        if not as_json:
            errors().print(
                f"{source}: compares its files, its state and what exists, which takes minutes", markup=False
            )
        try:
            found = _compare(source, target, wanted, means)
        except Unfit as reason:
            raise refuse(str(reason), FAILED) from None
        if as_json:
            done = bool(found.written) and yes
            if done:
                _write(found, wanted, means.folder, message)
            print(json.dumps(found.as_json(done=done), indent=2))
            return
        _show(found)
        if not found.written:
            return
        if not (yes or means.confirm(f"Keep {target} on these?")):
            raise refuse(f"{target}: nothing was changed", BAD_INPUT)
        _write(found, wanted, means.folder, message)
    _say_what_follows(found, message)


def _compare(source: str, target: str, wanted: Settings, means: Means) -> Promotion:
    """What the target would get of what the source runs. Raises `Unfit`."""
    stack = Source(source, means.run or Program(means.folder), means.holders)
    # Before the tunnel and the long comparison: what can be known at once.
    stack.settled()
    with ExitStack() as held:
        variables = held.enter_context(reachable(source, means.ask, means.folder, at_once=False))
        applied = stack.applied(variables)
        images = {name: image for name, image in applied.versions.images.items() if name in used(wanted)["images"]}
        told = _digests(source, {name: image for name, image in images.items() if not digest_of(image)}, means)
    images |= {name: f"{images[name]}@{found.digest}" for name, found in told.items()}
    runs = replace(applied.versions, images=images)
    return Promotion(
        source,
        target,
        applied.ended,
        difference(wanted, runs),
        not_run(wanted, runs),
        {name: f"digest {found.where}" for name, found in told.items()},
    )


def _digests(source: str, images: dict[str, str], means: Means) -> dict[str, Found]:
    """Digests of images that are named by a tag alone. Raises `Unfit` for one that nobody knows."""
    if not images:
        return {}
    api, silence = _cluster(source, means)
    told: dict[str, Found] = {}
    for name, image in images.items():
        seen = in_cluster(api, name, image) if api else Found(reason=silence)
        # Several at once are several builds, of which the registry knows the newest alone.
        asked = seen if seen.digest or seen.several else means.registry(image)
        if not asked.digest:
            reasons = "; ".join(dict.fromkeys(filter(None, (seen.reason, asked.reason))))
            raise Unfit(
                f"{source}: {name} runs {image}, a tag that another image may get, and its digest is not known "
                f"({reasons}): in {FOLDER}/{source}.yaml set images.{name} to {image}@sha256:… with the digest that "
                f"its pipeline printed, then `make up STACK={source}`"
            )
        told[name] = asked
    return told


def _cluster(source: str, means: Means) -> tuple[ClusterApi | None, str]:
    """The API of the stack's cluster, or why it cannot be asked."""
    kubeconfig = Pulumi(source, means.run or Program(means.folder)).outputs().get(KUBECONFIG)
    if not kubeconfig:
        return None, "the stack has no cluster to ask"
    try:
        return means.connect(json.dumps(yaml.safe_load(str(kubeconfig)))), ""
    except ClusterSilent as error:
        return None, f"the cluster does not say ({error})"


def _show(found: Promotion) -> None:
    console = Console(highlight=False)
    if found.written:
        console.print(found.table())
    else:
        console.print(
            f"{found.target}: is kept on all that {found.source} runs, there is nothing to promote", soft_wrap=True
        )
    for line in found.notes():
        console.print(line, markup=False, soft_wrap=True)


def _write(found: Promotion, wanted: Settings, folder: Path, message: Path) -> None:
    """Write the target's file and the message, each as a whole or not at all."""
    changes: dict[str, dict[str, str]] = {}
    for row in found.written:
        changes.setdefault(row.section, {})[row.name] = row.runs
    kept: Versions = merged(wanted.versions, changes)
    file = versions_file(found.target, folder)
    before = file.read_text(encoding="utf-8") if file.is_file() else new_text(found.target)
    file.parent.mkdir(exist_ok=True)
    _replace(file, written(before, kept))
    _replace(folder / message, found.message())


def _replace(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def _say_what_follows(found: Promotion, message: Path) -> None:
    file = f"{FOLDER}/{found.target}.yaml"
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"\n{file} is written. Its commit, whose message is in {message}:\n"
        f"  git add {file} && git commit --file {message}\n"
        f"  make preview STACK={found.target}\n\n{found.message()}",
        markup=False,
        end="",
    )


def main(
    source: Annotated[str, typer.Argument(metavar="FROM", help="the stack whose versions are taken over")],
    target: Annotated[str, typer.Argument(metavar="TO", help="the stack that is kept on them")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the difference for programs; write with --yes.")
    ] = False,
    message: Annotated[Path, typer.Option(help="Where the message of the commit goes.")] = Path(MESSAGE),
) -> None:
    """Keep a stack on the versions that another one runs: 0 when it is, 1 when the other is not fit for that."""
    run(source, target, yes=yes, as_json=as_json, message=message)


if __name__ == "__main__":
    typer.run(main)
