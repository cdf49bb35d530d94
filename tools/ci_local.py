"""Runs the pipeline of a merge request here, against a stand-in forge: `python -m tools.ci_local gitlab|github`."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, get_args

import typer
from rich.console import Console

from tools.comment.marker import without_marker
from tools.forge.ci_job import ci_job
from tools.pipelines.clone import clone, environ_of, start_at
from tools.pipelines.job import Job, PipelineUnclear, in_order
from tools.pipelines.stand_in import BRANCH, NUMBER, Kind, StandIn, standing_in
from tools.preview_comment import rules
from tools.preview_touched import REHEARSE
from tools.releasing.commits import GitRefused, git
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.setup import ROOT

SLOW: Final = ("test", "checkov", "site", "site-scan", "site-test")
"""Verbs that do the same in a pipeline as here, and take minutes: only a full run has them."""
_LINES: Final = 12
"""Lines of the note that are shown."""


@dataclass(frozen=True)
class Ended:
    """A job that ended."""

    title: str
    code: int
    output: str
    seconds: float


def pipeline(forge: StandIn, folder: Path, base: str, *, full: bool) -> list[Ended]:
    """Run the jobs' own commands in a clone, in order, with the rehearsal in place of AWS. Raises `PipelineUnclear`.

    As in a pipeline, a job that fails lets those run that do not need it, and the one that tells.
    """
    say = Console(highlight=False, soft_wrap=True).print
    ended: list[Ended] = []
    with tempfile.TemporaryDirectory(prefix="socle-ci-") as given:
        sha = git(folder, "rev-parse", "HEAD").strip()
        environ = {**environ_of(folder), **forge.environ(sha, base, Path(given)), REHEARSE: "1"}
        for job in in_order(forge.jobs(folder)):
            if not full and set(job.verbs) <= set(SLOW):
                say(
                    f"{job.name}: left out, `make {' '.join(job.verbs)}` does the same here; FULL=1 runs it",
                    markup=False,
                )
                continue
            for combination in job.combinations:
                done = _run(job, combination, folder, {**environ, **forge.given(job, combination, environ)})
                ended.append(done)
                say(f"{done.title}: {'failed' if done.code else 'passed'}, {done.seconds:.0f} s", markup=False)
                say("".join(f"  {line}\n" for line in done.output.splitlines()), markup=False, end="")
    return ended


def note(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Address and text of the note that the pipeline wrote; None when it wrote none. Raises `ForgeRefused`."""
    job = ci_job(environ)
    if job is None:
        return None
    there = job.forge()
    found = [each for each in there.notes(NUMBER) if rules("preview").ours(each.body)]
    return (there.note_url(NUMBER, found[0].id), found[0].body) if found else None


def _run(job: Job, combination: Mapping[str, str], folder: Path, environ: Mapping[str, str]) -> Ended:
    began = time.monotonic()
    shell = shutil.which("bash") or "sh"
    code, output = 0, ""
    for command in job.commands:
        done = subprocess.run(
            [shell, "-c", command],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        code, output = done.returncode, output + done.stdout
        if code:
            break
    title = f"{job.name} ({', '.join(combination.values())})" if combination else job.name
    return Ended(title, code, output, time.monotonic() - began)


def _began(since: str, root: Path) -> str:
    """Where the change began: as named, else where the branch of the forge is, else the last commit."""
    if since:
        return since
    known = git(root, "for-each-ref", "--format=%(refname)", f"refs/remotes/origin/{BRANCH}").strip()
    return git(root, "merge-base", known, "HEAD").strip() if known else git(root, "rev-parse", "HEAD").strip()


def run(kind: Kind, since: str, *, full: bool, root: Path = ROOT) -> None:
    """Clone, run the pipeline and show its note; raises `typer.Exit` after a sentence when a job failed."""
    console = Console(highlight=False, soft_wrap=True)
    with ExitStack() as held:
        place = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="socle-ci-clone-")), "socle")
        try:
            start = _began(since, root)
            folder = clone(place, root)
            base = start_at(folder, start, BRANCH)
        except GitRefused as refused:
            raise refuse(f"ci-local: {refused}: name a commit, as in `make ci-local SINCE=HEAD~3`", BAD_INPUT) from None
        forge = held.enter_context(standing_in(kind))
        try:
            ended = pipeline(forge, folder, base, full=full)
        except PipelineUnclear as unclear:
            raise refuse(f"ci-local: {unclear}", BAD_INPUT) from None
        given = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="socle-ci-")))
        token = {"SOCLE_GITLAB_TOKEN": forge.token, "GITHUB_TOKEN": forge.token}
        written = note({**forge.environ("", base, given), **token})
        if written:
            url, body = written
            console.print(f"\nThe note was at {url} while the stand-in ran. It begins:\n", markup=False)
            console.print("\n".join(without_marker(body).splitlines()[:_LINES]), markup=False)
        failed = [each.title for each in ended if each.code]
        if failed or not written:
            raise refuse(f"ci-local: failed: {', '.join(failed) or 'no note was written'}", FAILED)


def main(
    forge: Annotated[str, typer.Argument(metavar="FORGE", help="gitlab or github")],
    since: Annotated[str, typer.Option(help="Where the change began; the forge's main branch when omitted.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Run the tests and build the site too.")] = False,
) -> None:
    """Run what a merge request of this checkout would run, uncommitted changes included."""
    kind = next((each for each in get_args(Kind) if each == forge), None)
    if kind is None:
        raise refuse(f'FORGE: expected gitlab or github, got "{forge}"', BAD_INPUT)
    run(kind, since, full=full)


if __name__ == "__main__":
    typer.run(main)
