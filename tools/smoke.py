"""Asks a stack whether it is well after an update: `python -m tools.smoke STACK`."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
import yaml
from rich.console import Console

from settings import Settings, parse, read_stack_file
from tools import cluster_api
from tools.cluster_api import ClusterApi, ClusterRefused, ClusterSilent
from tools.pulumi_cli import Pulumi
from tools.sentences import FAILED, refuse, sentences
from tools.setup import ROOT
from tools.smoke_tests.certificates import certificate
from tools.smoke_tests.endpoints import Endpoint, endpoints
from tools.smoke_tests.finding import Finding
from tools.smoke_tests.pages import page
from tools.smoke_tests.pods import pods
from tools.tunnel import reachable

MINUTES: Final = 10
"""What it takes a stack to be well after an update at most: records spread, certificates are issued."""
_PAUSE: Final = 15
KUBECONFIG: Final = "kubeconfig"


@dataclass(frozen=True)
class Means:
    """What a smoke test works with, so that tests can give it others."""

    outputs: Callable[[str], Mapping[str, Any]] = lambda stack: Pulumi(stack).outputs()
    page: Callable[[Endpoint], Finding] = page
    certificate: Callable[[Endpoint], Finding] = lambda endpoint: certificate(
        str(urlsplit(endpoint.url).hostname), trusted=endpoint.trusted
    )
    connect: Callable[[str], ClusterApi] = cluster_api.connect
    reach: Callable[[str], AbstractContextManager[Mapping[str, str]]] = reachable
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    folder: Path = ROOT


def look(settings: Settings, outputs: Mapping[str, Any], means: Means) -> list[Finding]:
    """Ask everything once."""
    found: list[Finding] = []
    asked: set[str] = set()
    for endpoint in endpoints(settings, outputs):
        host = str(urlsplit(endpoint.url).hostname)
        if endpoint.url.startswith("https:") and host not in asked:
            found.append(means.certificate(endpoint))
        asked.add(host)
        found.append(means.page(endpoint))
    kubeconfig = outputs.get(KUBECONFIG)
    if kubeconfig:
        found.append(_pods(str(kubeconfig), means))
    return found


def _pods(kubeconfig: str, means: Means) -> Finding:
    try:
        return pods(means.connect(json.dumps(yaml.safe_load(kubeconfig))))
    except (ClusterSilent, ClusterRefused) as error:
        return Finding("pods", good=False, said=f"the cluster's API does not tell ({error})")


def run(stack: str, *, minutes: float, as_json: bool, means: Means | None = None) -> bool:
    """Ask until all is well or the time is over; whether all is well."""
    means = means or Means()
    with sentences(stack, f"make smoke STACK={stack}"):
        settings = parse(read_stack_file(means.folder / f"Pulumi.{stack}.yaml"))
        outputs = means.outputs(stack)
        with means.reach(stack):
            found = _until_well(settings, outputs, minutes, means)
        if not found:
            raise refuse(f"{stack}: has nothing that answers: `make up STACK={stack}` first", FAILED)
    well = all(each.good for each in found)
    _show(stack, found, as_json=as_json)
    return well


def _until_well(settings: Settings, outputs: Mapping[str, Any], minutes: float, means: Means) -> list[Finding]:
    end = means.clock() + minutes * 60
    while True:
        found = look(settings, outputs, means)
        if all(each.good for each in found) or means.clock() + _PAUSE > end:
            return found
        means.sleep(_PAUSE)


def _show(stack: str, found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"stack": stack, "findings": [asdict(each) for each in found]}, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    for each in found:
        console.print(f"{'ok  ' if each.good else 'BAD '} {each.what}: {each.said}", markup=False)
    bad = sum(not each.good for each in found)
    verdict = "is well" if not bad else f"{bad} of {len(found)} are bad, the update is not good yet"
    console.print(f"{stack}: {verdict}", markup=False)


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    timeout: Annotated[float, typer.Option(min=0, help="Minutes that it may take to become well.")] = MINUTES,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask the site, the applications, their certificates and all pods: exit code 0 when all are well, else 1."""
    if not run(stack, minutes=timeout, as_json=as_json):
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    typer.run(main)
