"""Tries the backups of a stack: `python -m tools.drill STACK` restores the newest ones beside the source and compares.

Exit code 0 when all was restored as it is in the source, 1 on any difference or failure, 2 when the command or the
stack has to change first or there is no backup yet, 130 after Ctrl-C. Whatever happens, what was restored is deleted
again.
"""

import json
import secrets
import signal
from typing import Annotated

import typer
from rich.console import Console

from settings import SettingsError
from tools.drain import Reach
from tools.drills import course, report
from tools.drills.api import Api, DrillError
from tools.drills.course import Part, Wanted
from tools.drills.target import ReadOutputs, target_of
from tools.drills.watch import Clock
from tools.pulumi_cli import Pulumi, PulumiFailed
from tools.sentences import BAD_INPUT, FAILED, INTERRUPTED
from tools.setup import SetupError
from tools.ssh_agent import Refused
from tools.tunnel import reachable


def drill(
    stack: str,
    *,
    part: Part = "all",
    query: str | None = None,
    minutes: float = 60,
    as_json: bool = False,
    read: ReadOutputs = lambda stack: Pulumi(stack).outputs(),
    clock: Clock | None = None,
    suffix: str | None = None,
    reach: Reach = reachable,
) -> int:
    """Drill the backups of a stack and print what came of it; returns the exit code."""
    out, err = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    try:
        outputs = read(stack)
        wanted = Wanted(stack=stack, target=target_of(stack, outputs), part=part, query=query, minutes=minutes)
        api = Api.of_kubeconfig(outputs["kubeconfig"])
        with reach(stack), report.progress(err) as say:
            result = course.run(api, wanted, suffix=suffix or secrets.token_hex(3), clock=clock or Clock(), say=say)
    except KeyboardInterrupt as interrupt:
        return _failed("interrupted", interrupt, INTERRUPTED, out if as_json else None, err)
    except DrillError as error:
        return _failed(str(error), error, error.code, out if as_json else None, err)
    except (PulumiFailed, Refused) as error:
        return _failed(str(error), error, FAILED, out if as_json else None, err)
    except SettingsError as error:
        return _failed("; ".join(error.problems), error, BAD_INPUT, out if as_json else None, err)
    except SetupError as error:
        return _failed(str(error), error, BAD_INPUT, out if as_json else None, err)
    if as_json:
        out.print_json(json.dumps(result.as_json()))
    else:
        report.show(result, out)
    return 1 if result.differences else 0


def _failed(sentence: str, error: BaseException, code: int, out: Console | None, err: Console) -> int:
    """Print why nothing came of it, and what could not be cleaned up."""
    lines = [sentence, *getattr(error, "__notes__", [])]
    if out:
        out.print_json(json.dumps({"passed": False, "error": lines[0], "notes": lines[1:]}))
    else:
        for line in lines:
            err.print(line, markup=False, highlight=False)
    return code


def main(
    stack: Annotated[str, typer.Argument(help="Stack whose backups are tried.")],
    only: Annotated[Part, typer.Option(help="What is restored.")] = "all",
    query: Annotated[
        str | None,
        typer.Option(help="SQL whose answer has to be the same; {recovery_point} stands for the end of the backup."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Minutes that it may take.", min=1)] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Restore the newest backups of a stack beside the source, compare, and delete what was restored."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    # A runner that is told to stop cleans up as after Ctrl-C.
    signal.signal(signal.SIGTERM, stop)
    raise SystemExit(drill(stack, part=only, query=query, minutes=timeout, as_json=as_json))


if __name__ == "__main__":
    typer.run(main)
