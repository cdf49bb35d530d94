"""The engine killed in the middle of an update, and the command after that."""

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rehearsal.checkouts import Checkout

pytestmark = pytest.mark.usefixtures("engine")

HALFWAY = 40
"""Resources of about 115 that exist when the engine is killed."""
PATIENCE = 60
"""Seconds until they must."""


def _made(world: Path) -> int:
    """How many resources the simulated cloud has."""
    try:
        with closing(sqlite3.connect(f"file:{world}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM resource").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet, or not yet with its tables
        return 0


def _engines(parent: int) -> set[int]:
    """Ids of the processes of the engine that a command has started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return {int(child) for child in children if Path(f"/proc/{child}/exe").readlink().name == "pulumi"}


def _kill_engine_halfway(checkout: Checkout, stack: str) -> str:
    """Bring a stack up and kill the engine in the middle; returns what the command said."""
    world = checkout.workspace(stack).world_file
    with subprocess.Popen(
        checkout.command("up", stack),
        cwd=checkout.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as command:
        deadline = time.monotonic() + PATIENCE
        while _made(world) < HALFWAY:
            assert command.poll() is None, "the command ended before it could be killed"
            assert time.monotonic() < deadline, "the stack does not rise"
            time.sleep(0.01)
        for engine in _engines(command.pid):
            os.kill(engine, signal.SIGKILL)
        output, _ = command.communicate(timeout=PATIENCE)
    assert command.returncode == 1, output
    return output


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the engine's process in /proc")
def test_after_a_killed_update_the_next_command_says_what_to_type_and_completes(checkout: Checkout) -> None:
    checkout.edit("staging", lambda config: config.pop("socle:monitoring"))
    killed = _kill_engine_halfway(checkout, "staging")
    assert "Traceback" not in killed
    assert "the engine was killed: run the command again, it puts the state in order first" in killed
    # As the kill leaves it when it comes a moment earlier.
    (notes,) = checkout.workspace("staging").state.rglob("staging.json.attrs")
    notes.write_bytes(b"")

    checkout = replace(checkout, checkpoints=True)
    up = checkout.must("up", "staging")
    assert "staging: the last update was killed in the middle and left its lock behind." in up.output
    typed = [line.strip() for line in up.output.splitlines() if line.startswith("  pulumi ")]
    assert [line.partition("   ")[0] for line in typed] == [
        "pulumi cancel",
        "pulumi stack export --file state.json",
        "pulumi stack import --file state.json",
        "pulumi refresh",
    ]
    assert 0 < up.changes["create"] < up.changes["create"] + up.result["changes"]["same"]
    assert not {"replace", "delete"} & up.changes.keys()
    assert len(checkout.cloud("staging")) > HALFWAY

    down = checkout.must("destroy", "staging")
    assert "was killed" not in down.output
    assert down.result["left"] == 0
