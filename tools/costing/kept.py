"""What every stack costs by what is known: what is deployed is kept beside the states, estimates on this machine."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.account import Failure
from tools.costing.totals import KIND, Total, read_total, store, stored
from tools.setup import ROOT
from tools.state.backend import BackendRefused, found_backend
from tools.state.checkpoint import StateBroken, deployment_of, resources_of
from tools.state.counts import stacks_in_backend
from tools.state.objects import Objects

NOTHING = Total(0.0, 0.0, 0.0, "")
"""Of a stack that is not deployed."""


@dataclass(frozen=True)
class Known:
    """What is known of stacks."""

    deployed: Mapping[str, Total | None] = field(default_factory=dict[str, Total | None])
    """None where nobody knows."""
    said: tuple[str, ...] = ()
    """Sentences about where it comes from."""
    beside_states: bool = False
    """Whether it comes from the backend, which knows what everybody deployed."""

    def others(self, stacks: Iterable[str], everybody: Iterable[str], folder: Path = ROOT) -> dict[str, Total | None]:
        """What all but these stacks cost: what is deployed, or what this machine estimated last."""
        names = {*everybody, *self.deployed} - set(stacks)
        if self.beside_states:
            return {name: self.deployed.get(name) for name in sorted(names)}
        return {name: kept(name, folder) or self.deployed.get(name) or None for name in sorted(names)}


def local_file(stack: str, folder: Path = ROOT, *, deployed: bool = False) -> Path:
    """Where the last estimate of a stack is kept on this machine, or the last that was deployed from it."""
    place = folder / ".rehearsal" / KIND
    return (place / "deployed" if deployed else place) / f"{stack}.json"


def keep(stack: str, total: Total, folder: Path = ROOT, *, deployed: bool = False) -> None:
    """Keep an estimate on this machine."""
    file = local_file(stack, folder, deployed=deployed)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"stack": stack, **total.__dict__}), encoding="utf-8")


def kept(stack: str, folder: Path = ROOT, *, deployed: bool = False) -> Total | None:
    """The last estimate of a stack on this machine; None where there is none that can be read."""
    try:
        return read_total(local_file(stack, folder, deployed=deployed).read_bytes())
    except OSError:
        return None


def known(stacks: Iterable[str], folder: Path = ROOT, objects: Objects | None = None) -> Known:
    """What is deployed of these stacks and of all that have a state, by the backend where there is one."""
    stacks = sorted(set(stacks))
    here = {stack: kept(stack, folder, deployed=True) for stack in stacks}
    try:
        there = objects or Objects(found_backend(folder=folder))
        names = sorted({*stacks, *stacks_in_backend(there)})
        totals = stored(there, names)
        return Known({name: totals[name] if _exists(there, name) else NOTHING for name in names}, beside_states=True)
    except BackendRefused:
        said = "no bucket of states is configured: what this machine deployed and estimated last is what counts"
        return Known({stack: total or NOTHING for stack, total in here.items()}, (said,))
    except Failure as error:
        said = f"the backend does not answer ({' '.join(str(error).split())}): what this machine knows is what counts"
        return Known(here, (said,))


def settle(stack: str, folder: Path = ROOT, objects: Objects | None = None) -> str:
    """Keep what was estimated of a stack beside its state, now that it is deployed; says why it could not."""
    total = kept(stack, folder)
    if total is None:
        return ""
    try:
        keep(stack, total, folder, deployed=True)
        store(objects or Objects(found_backend(folder=folder)), stack, total)
    except BackendRefused:
        return ""
    except (*Failure, OSError) as error:
        return f"{stack}: its cost is not kept beside its state ({' '.join(str(error).split())})"
    return ""


def gone(stack: str, folder: Path = ROOT) -> None:
    """Forget what this machine deployed of a stack that is gone. Beside the states, one without state costs nothing."""
    local_file(stack, folder, deployed=True).unlink(missing_ok=True)


def _exists(objects: Objects, stack: str) -> bool:
    """Whether anything of a stack is deployed. A state that cannot be read is taken for one that has something."""
    found = objects.read(objects.backend.state_key(stack))
    if found is None:
        return False
    try:
        made: list[Any] = [each for each in resources_of(deployment_of(found.body)) if each.get("custom")]
    except StateBroken:
        return True
    return bool(made)
