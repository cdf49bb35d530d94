"""A stack whose resources come up when a test lets them, on the real engine and a bucket over HTTP."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import typer
import yaml
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal import engine
from rehearsal.random_provider import SimulatedRandom
from rehearsal.world import World
from tests.state.cloud import PROVIDER, Place
from tools import unlock, up
from tools.attended import attended
from tools.locks import Means as LockMeans
from tools.policing.afterwards import Afterwards
from tools.pulumi_cli import Program
from tools.state.checkpoint import deployment_of, resources_of

STACK = "staging"
PATIENCE = 120.0
"""Seconds after which a test that waits for something gives up."""
_PET = "random:index/randomPet:RandomPet"
_PROGRAM = f"""
from pathlib import Path

import pulumi

for name in Path(__file__).with_name("names").read_text(encoding="utf-8").split():
    pulumi.CustomResource("{_PET}", name, {{"length": 2, "separator": "-"}})
"""


@dataclass
class Gate:
    """Where creates and deletes of some resources stop until the test lets them go."""

    names: frozenset[str] = frozenset()
    made: bool = False
    """Whether they stop after the cloud did it, before the engine hears of it."""
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    dropped: bool = False
    """Whether what stands here never comes to the cloud."""

    def stop_here(self, urn: str, context: grpc.ServicerContext) -> None:
        """Wait for the test, if this resource is one of them."""
        if urn.rpartition("::")[2] in self.names:
            self.reached.set()
            self.opened.wait(PATIENCE)
            if self.dropped:
                context.abort(grpc.StatusCode.CANCELLED, "the provider was killed too")

    def drop(self) -> None:
        """End the requests that stand here, as when the provider is killed with the engine."""
        self.dropped = True
        self.opened.set()

    def wait(self) -> None:
        """Until a create stands at the gate."""
        assert self.reached.wait(PATIENCE), "nothing came to the gate"


class GatedRandom(SimulatedRandom):
    """The simulated provider, whose creates and deletes stop at a gate."""

    gate = Gate()

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 (the name is the protocol's)
        if request.preview:
            return super().Create(request, context)
        return self._through(request.urn, context, lambda: super(GatedRandom, self).Create(request, context))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802 (the name is the protocol's)
        return self._through(request.urn, context, lambda: super(GatedRandom, self).Delete(request, context))

    def _through(self, urn: str, context: grpc.ServicerContext, act: Callable[[], Any]) -> Any:
        gate = self.gate
        if not gate.made:
            gate.stop_here(urn, context)
        done = act()
        if gate.made:
            gate.stop_here(urn, context)
        return done


@dataclass
class Busy:
    """A stack on the bucket of `place`, with a cloud of its own."""

    place: Place
    world: World
    provider: GatedRandom
    environ: Mapping[str, str]

    def declare(self, *names: str) -> None:
        """Let the program have these resources, and no others."""
        (self.place.folder / "names").write_text(" ".join(names), encoding="utf-8")

    def close(self, *names: str, made: bool = False) -> Gate:
        """Stop creates of these resources from now on, before the cloud makes them or after."""
        self.provider.gate = Gate(frozenset(names), made)
        return self.provider.gate

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start the engine; what it prints is in one pipe."""
        command = [str(engine.find().command), *arguments, "--stack", STACK, "--non-interactive"]
        return self.spawn(command, **more)

    def spawn(self, command: Sequence[str], **more: str) -> subprocess.Popen[str]:
        """Start a command in a group of its own, in the project's folder."""
        return subprocess.Popen(
            command,
            cwd=self.place.folder,
            env={**self.environ, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def up(self) -> subprocess.Popen[str]:
        """Start an update."""
        return self.start("up", "--yes", "--skip-preview")

    def cloud(self) -> dict[str, str]:
        """What exists: ids by name."""
        return {thing.urn.rpartition("::")[2]: thing.id for thing in self.world.all()}

    def ids(self) -> list[str]:
        """Every id that exists, also when two have one name."""
        return sorted(thing.id for thing in self.world.all())

    def stated(self) -> list[str]:
        """Every id of these resources that the state has."""
        stored = self.place.objects.read(self.place.backend.state_key(STACK))
        assert stored is not None
        return sorted(each["id"] for each in resources_of(deployment_of(stored.body)))

    def locks(self) -> list[str]:
        """Keys of the locks on the stack."""
        return self.place.objects.keys(self.place.backend.locks_prefix(STACK))

    def launch(self, arguments: Sequence[str], variables: Mapping[str, str]) -> int:
        """As `make up` runs the engine, on this stack."""
        command = [str(engine.find().command), *arguments, "--skip-preview", "--non-interactive"]
        return attended(command, self.place.folder, {**self.environ, **variables})

    def make_up(self, **more: Any) -> int:
        """`make up STACK=staging YES=1`; its exit code."""
        given: dict[str, Any] = {"launch": self.launch, "folder": self.place.folder, "estimate": nothing, **more}
        given = {"diagnose": nothing, "rules": unruled, **given}
        try:
            return up.run(STACK, preview=False, yes=True, means=up.Means(**given))
        except typer.Exit as end:
            return end.exit_code

    def make_unlock(self, settle: str = "", *, yes: bool = True, means: LockMeans | None = None) -> int:
        """`make unlock STACK=staging YES=1`; its exit code."""
        given = unlock.Means(
            locks=means or LockMeans(),
            run=Program(self.place.folder, self.environ),
            reach=lambda _: nullcontext({}),
            attended=lambda: False,
        )
        try:
            unlock.run(STACK, yes=yes, answers=settle.split(), means=given)
        except typer.Exit as end:
            return end.exit_code
        return 0


def nothing(stack: str) -> None:
    """For what is not looked at."""
    del stack


def unruled(stack: str, waiting: Path, folder: Path) -> Afterwards:
    """No rules to evaluate once it is deployed."""
    assert stack == STACK and waiting.parent != folder
    return Afterwards()


def kill(process: subprocess.Popen[str]) -> None:
    """End a command and all that it started, as the kernel does when memory is short."""
    os.killpg(process.pid, signal.SIGKILL)
    ended(process)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of a process, when it is over."""
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, output


@contextmanager
def busy(place: Place) -> Generator[Busy]:
    """A stack `staging` whose program declares what `names` has, on a gated cloud."""
    world = World(place.folder / "world.sqlite")
    provider = GatedRandom(world, "pulumi-random")
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    project = {"name": "socle", "runtime": {"name": "python", "options": {"virtualenv": str(Path(sys.prefix))}}}
    (place.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    (place.folder / "__main__.py").write_text(_PROGRAM, encoding="utf-8")
    (place.folder / "names").write_text("", encoding="utf-8")
    found = engine.find()
    environ = {
        **os.environ,
        **found.environment(),
        **place.environ,
        "PULUMI_DEBUG_PROVIDERS": f"random:{port}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    place.init(STACK, PROVIDER)
    try:
        yield Busy(place, world, provider, environ)
    finally:
        provider.gate.opened.set()
        server.stop(grace=None).wait(PATIENCE)
        world.close()
        shutil.rmtree(place.folder / "home", ignore_errors=True)
