"""Measures what the turn adds to an update, on a bucket of this machine: `python -m tools.bench_locks`."""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final, cast

import boto3
import typer
import yaml
from rich.console import Console

from rehearsal import engine
from tools.bare import running_provider
from tools.in_turn import in_turn
from tools.pulumi_cli import Program
from tools.setup import ROOT, SetupError

STACK: Final = "bare"
COUNT: Final = 50
"""Resources of the stack, which do not change."""
_REGION: Final = "eu-west-3"
_PROGRAM: Final = f"""
from tools.bare import Thing

for number in range({COUNT}):
    Thing(f"thing-{{number}}", number)
"""


@dataclass(frozen=True)
class Figures:
    """Seconds, each the median of runs taken in turns."""

    bare: float
    """Of `pulumi up`, which locks by itself."""
    turn: float
    """Of taking the turn and giving it back."""

    @property
    def ratio(self) -> float:
        """How many times as long an update takes with its turn."""
        return (self.bare + self.turn) / self.bare


def measure(folder: Path, repeats: int) -> Figures:
    """Bring a stack up and measure updates without changes. Raises `RuntimeError` when the engine fails."""
    with ExitStack() as held:
        environ = _bucket(held)
        environ["PULUMI_DEBUG_PROVIDERS"] = held.enter_context(running_provider())()
        pulumi = Program(folder, environ)
        _write(folder)
        _run(pulumi, "stack", "init", STACK)
        _run(pulumi, "up", "--yes", "--skip-preview", "--stack", STACK)
        bare: list[float] = []
        turns: list[float] = []
        for _ in range(repeats):
            began = time.perf_counter()
            _run(pulumi, "up", "--yes", "--skip-preview", "--stack", STACK)
            bare.append(time.perf_counter() - began)
            began = time.perf_counter()
            with in_turn(STACK, "make bench", folder, environ=environ):
                pass
            turns.append(time.perf_counter() - began)
        return Figures(median(bare), median(turns))


def _bucket(held: ExitStack) -> dict[str, str]:
    """A bucket with versions on the loopback address; the variables with which everything uses it."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 (for tests and benchmarks alone)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    held.callback(server.stop)
    host, port = server.get_host_and_port()
    ours = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": _REGION,
        "PULUMI_BACKEND_URL": f"s3://socle-bench?region={_REGION}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PYTHONPATH": str(ROOT),
    }
    os.environ.update(ours)
    s3 = cast(Any, boto3).client("s3", region_name=_REGION)
    s3.create_bucket(Bucket="socle-bench", CreateBucketConfiguration={"LocationConstraint": _REGION})
    s3.put_bucket_versioning(Bucket="socle-bench", VersioningConfiguration={"Status": "Enabled"})
    return {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _write(folder: Path) -> None:
    project = {"name": "socle", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    (folder / "__main__.py").write_text(_PROGRAM, encoding="utf-8")


def _run(pulumi: Program, *arguments: str) -> None:
    variables: Mapping[str, str] = {"PULUMI_HOME": str(pulumi.folder / "home")}
    done = pulumi([*arguments, "--non-interactive"], False, variables)
    if done.code:
        raise RuntimeError(done.errors or done.output)


def main(
    repeats: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 5,
) -> None:
    """Measure an update of a stack without changes, with and without its turn."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        engine.find()
        with tempfile.TemporaryDirectory(prefix="socle-bench-") as folder:
            found = measure(Path(folder), repeats)
    except (RuntimeError, SetupError) as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    console.print(
        f"pulumi up of {COUNT} resources, no changes, median of {repeats}: {found.bare:.2f} s; taking the turn and "
        f"giving it back: {found.turn:.2f} s; with its turn an update takes × {found.ratio:.3f} as long",
        markup=False,
    )


if __name__ == "__main__":
    typer.run(main)
