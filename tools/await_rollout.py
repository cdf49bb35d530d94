"""Waits until the cluster runs the image that a stack's files want: `python -m tools.await_rollout STACK NAME`."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from settings import read_stack
from settings.errors import unknown_key
from settings.versions_file import APPLICATIONS
from tools import cluster_api
from tools.cluster_api import ClusterApi, ClusterRefused, ClusterSilent
from tools.informing.arrival import Arrival, arrival
from tools.informing.request import wanted_image
from tools.pulumi_cli import Pulumi
from tools.rollout import Diagnosis, RollOut, advise, diagnose
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences
from tools.setup import ROOT
from tools.tunnel import KUBECONFIG, reachable

MINUTES: Final = 10
"""What a roll-out may take: as long as Kubernetes waits for progress, https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds"""
_PAUSE: Final = 5


@dataclass(frozen=True)
class Means:
    """What the command works with, so that tests can give it others."""

    outputs: Callable[[str], Mapping[str, Any]] = lambda stack: Pulumi(stack).outputs()
    connect: Callable[[str], ClusterApi] = cluster_api.connect
    reach: Callable[[str], AbstractContextManager[Mapping[str, str]]] = reachable
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    folder: Path = ROOT


def run(stack: str, name: str, *, minutes: float, means: Means | None = None) -> None:
    """Wait, and say what runs. Raises `typer.Exit` with the reason when it does not arrive in time."""
    means = means or Means()
    again = f"make rollout STACK={stack} NAME={name}"
    with sentences(stack, again):
        if name not in APPLICATIONS:
            raise refuse(unknown_key("NAME", name, APPLICATIONS), BAD_INPUT)
        image = wanted_image(read_stack(stack, means.folder), name)
        if not image:
            raise refuse(f"NAME: {stack} has no {name} in Pulumi.{stack}.yaml", BAD_INPUT)
        kubeconfig = means.outputs(stack).get(KUBECONFIG)
        if not kubeconfig:
            raise refuse(f"{stack}: has no cluster yet: `make up STACK={stack}` first", FAILED)
        with means.reach(stack):
            api = means.connect(json.dumps(yaml.safe_load(str(kubeconfig))))
            found = _until_there(api, name, image, minutes, means)
            if not found.arrived:
                raise refuse(_why(api, stack, RollOut(name, name, image), found, means.folder), FAILED)
    typer.echo(f"{stack}: {name} is {image}, {found.said}")


def _until_there(api: ClusterApi, name: str, image: str, minutes: float, means: Means) -> Arrival:
    end, told = means.clock() + minutes * 60, ""
    while True:
        found = arrival(api, name, image)
        if found.arrived or means.clock() + _PAUSE > end:
            return found
        if found.said != told:
            errors().print(f"  waiting for {name}: {found.said}", markup=False)
            told = found.said
        means.sleep(_PAUSE)


def _why(api: ClusterApi, stack: str, wanted: RollOut, found: Arrival, folder: Path) -> str:
    first = f"{stack}: {wanted.name} does not run {wanted.image}: {found.said}"
    if found.silent:
        return f"{first}: `make rollout STACK={stack} NAME={wanted.name}` asks again"
    try:
        told = diagnose(api, replace(wanted, image=""))
    except (ClusterSilent, ClusterRefused):
        told = Diagnosis()
    if told.image != wanted.image:
        # Nobody has deployed it: the pods have nothing to tell.
        return f"{first}: `make up STACK={stack}` rolls it out"
    key = f"socle:{wanted.name.replace('-', '_')}.image"
    return f"{first}\n{advise(stack, wanted, told, key, folder)}"


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="an application, such as users-api")],
    timeout: Annotated[float, typer.Option(min=0, help="Minutes that it may take.")] = MINUTES,
) -> None:
    """Wait until an application runs its wanted image: exit code 0 when it does, else 1 with the reason."""
    run(stack, name, minutes=timeout)


if __name__ == "__main__":
    typer.run(main)
