"""Has Checkov judge the Kubernetes objects of the stacks, and the pipelines: `python -m tools.checkov [STACK…]`."""

import json
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from settings import SettingsError, read_stack_file
from tools.checking import environment, objects, pipelines, skips
from tools.checking.scan import Broken, Scan, ScanFailed, scan
from tools.checking.skips import Judged, Skip, judge
from tools.permissions.declared import stacks
from tools.sentences import BAD_INPUT, FAILED, errors, refuse
from tools.setup import ROOT, SetupError

PIPELINES: Final = "pipelines"
"""What the files of both forges are called beside the stacks."""


@dataclass(frozen=True)
class Means:
    """What the command works with, so that tests can give it others."""

    root: Path = ROOT
    command: Callable[[], Path] = environment.ready
    skipped: Path = skips.FILE


def scans(names: Sequence[str], means: Means) -> dict[str, Scan]:
    """What Checkov says of these stacks, each apart from the others, and of the pipelines.

    Raises `SettingsError`, `SetupError` and `ScanFailed`.
    """
    command = means.command()
    with tempfile.TemporaryDirectory(prefix="socle-checkov-") as place, ThreadPoolExecutor(max_workers=2) as pool:
        folders = {name: Path(place, name) for name in (PIPELINES, *names)}
        for folder in folders.values():
            folder.mkdir()
        copied = pipelines.copied(means.root, folders[PIPELINES])
        begun = {PIPELINES: pool.submit(scan, command, folders[PIPELINES], pipelines.FRAMEWORKS, copied)}
        for name in names:
            raw = read_stack_file(means.root / f"Pulumi.{name}.yaml")
            written = objects.written(name, raw, folders[name])
            begun[name] = pool.submit(scan, command, folders[name], ("kubernetes",), written)
        return {name: each.result() for name, each in begun.items()}


def run(names: Sequence[str], *, as_json: bool, means: Means | None = None) -> int:
    """Print what counts against the stacks and the pipelines; 1 when something does."""
    means = means or Means()
    known = stacks(means.root)
    strangers = [name for name in names if name not in known]
    if strangers:
        raise refuse(f"there is no stack {', '.join(strangers)}: the stacks are {', '.join(known)}", BAD_INPUT)
    wanted = list(dict.fromkeys(names)) or known
    try:
        let_off = skips.read(means.skipped)
        found = scans(wanted, means)
    except SettingsError as error:
        raise refuse("\n".join(error.problems), BAD_INPUT) from None
    except SetupError as error:
        raise refuse(str(error), BAD_INPUT) from None
    except ScanFailed as error:
        raise refuse(f"{error}: try again with `make checkov`", FAILED) from None
    judged = {name: judge(each.broken, let_off) for name, each in found.items()}
    # Another stack may need what these do not.
    unused = _unused(let_off, [*judged.values()]) if set(wanted) == set(known) else []
    if as_json:
        print(json.dumps(_report(found, judged, unused), indent=2))
    else:
        show(found, judged, unused)
    return FAILED if any(each.counts for each in judged.values()) else 0


def show(found: dict[str, Scan], judged: dict[str, Judged], unused: Sequence[Skip]) -> None:
    """Print what counts with what to do, then what is skipped and why, then the sum of each stack."""
    console = Console(highlight=False, soft_wrap=True)
    counting = [(name, each) for name, verdict in judged.items() for each in verdict.counts]
    if counting:
        console.print(_table(counting))
        for check, link in {each.check: each.link for _, each in counting}.items():
            console.print(f"{check}: {link}", markup=False)
    for name, verdict in judged.items():
        skipped = sum(len(covered) for _, covered in verdict.skipped)
        say = errors() if verdict.counts else console
        say.print(
            f"{name}: {found[name].passed} checks passed, {len(verdict.counts)} failed, {skipped} skipped", markup=False
        )
    for skip in unused:
        console.print(
            f"{skips.FILE.name}: nothing needs {skip.check} on {skip.resource} any more: take it out", markup=False
        )


def _table(counting: Sequence[tuple[str, Broken]]) -> Table:
    table = Table("Stack", "Check", "Resource", "What to do", box=None, pad_edge=False)
    for name, each in counting:
        table.add_row(name, each.check, each.resource, each.advice)
    return table


def _unused(wanted: Sequence[Skip], judged: Sequence[Judged]) -> list[Skip]:
    return [skip for skip in wanted if all(skip in each.unused for each in judged)]


def _report(found: dict[str, Scan], judged: dict[str, Judged], unused: Sequence[Skip]) -> dict[str, object]:
    """The same for programs."""
    return {
        "scans": {
            name: {
                "passed": found[name].passed,
                "failed": [asdict(each) for each in verdict.counts],
                "skipped": [
                    {**asdict(each), "reason": skip.reason} for skip, covered in verdict.skipped for each in covered
                ],
            }
            for name, verdict in judged.items()
        },
        "unused": [skip.model_dump() for skip in unused],
    }


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="all of them when omitted")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say what Checkov finds in Kubernetes objects and pipelines; 1 when something of it counts."""
    raise typer.Exit(run(names or [], as_json=as_json))


if __name__ == "__main__":
    typer.run(main)
