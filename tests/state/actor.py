"""`make up` on the stack of a test, in a process of its own that can be killed: `python -m tests.state.actor`."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from rehearsal import engine
from tests.state.busy_cloud import STACK, nothing, unruled
from tools import up
from tools.attended import attended
from tools.in_turn import in_turn
from tools.turn import Means

FOLDER = "ACTOR_FOLDER"


def main() -> int:
    """Deploy; the exit code is that of `make up`."""
    folder = Path(os.environ[FOLDER])

    def launch(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
        command = [str(engine.find().command), *arguments, "--skip-preview", "--non-interactive"]
        return attended(command, folder, {**os.environ, **variables})

    quick = partial(in_turn, means=Means(every=timedelta(seconds=0.2), pause=0.2))
    means = up.Means(launch=launch, folder=folder, estimate=nothing, turn=quick, diagnose=nothing, rules=unruled)
    return up.run(STACK, preview=False, yes=True, means=means)


if __name__ == "__main__":
    sys.stderr = sys.stdout
    sys.stdout.write(json.dumps({"pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    sys.exit(main())
