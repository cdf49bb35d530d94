"""Opens the merge request that carries a promotion: `python -m tools.propose_promotion FROM TO`, in a pipeline."""

import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from settings.versions_file import FOLDER
from tools import promote
from tools.forge.ci_job import CiJob, ci_job
from tools.forge.forge import ForgeRefused
from tools.releasing.commits import GitRefused, git
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.setup import ROOT


def promoted(source: str, target: str, folder: Path) -> None:
    """Write the target's versions and the message of the commit; raises `typer.Exit` after a sentence."""
    means = promote.Means(folder=folder)
    promote.run(source, target, yes=True, as_json=False, message=Path(promote.MESSAGE), means=means)


def repository(job: CiJob) -> str:
    """Where the job's project is pushed to."""
    return f"{job.server.rstrip('/')}/{job.project}.git"


@dataclass(frozen=True)
class Means:
    """What a proposal works with, so that tests can give it others."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = ROOT
    promote: Callable[[str, str, Path], None] = promoted
    repository: Callable[[CiJob], str] = repository


def branch_of(source: str, target: str) -> str:
    """The branch of a promotion: one for two stacks, so that a later promotion renews its merge request."""
    return f"promote/{source}-to-{target}"


def run(source: str, target: str, means: Means | None = None) -> None:
    """Promote, push the commit and open its merge request; raises `typer.Exit` after a sentence."""
    means = means or Means()
    job = _job(means)
    try:
        if git(means.folder, "status", "--porcelain"):
            raise refuse("propose: the working tree has changes of its own: commit or drop them", BAD_INPUT)
        message = means.folder / promote.MESSAGE
        message.unlink(missing_ok=True)
        means.promote(source, target, means.folder)
        file = f"{FOLDER}/{target}.yaml"
        if not message.exists() or not git(means.folder, "status", "--porcelain", "--", file):
            typer.echo(f"{target}: nothing to propose, it is kept on all that {source} runs")
            return
        told = message.read_text(encoding="utf-8")
        _commit(means.folder, file, told)
        branch = branch_of(source, target)
        _push(means.folder, means.repository(job), branch, job)
    except GitRefused as refused:
        raise refuse(f"propose: {refused}", FAILED) from None
    title, _, body = told.partition("\n")
    try:
        url = job.forge().propose(branch=branch, target=job.branch, title=title, body=body.strip())
    except ForgeRefused as refused:
        raise refuse(f"propose: {branch} is pushed, and {refused}", FAILED) from None
    typer.echo(f"{target}: proposed: {url}")


def _job(means: Means) -> CiJob:
    job = ci_job(means.environ)
    if job is None or not job.token or job.request is not None or not job.branch:
        raise refuse(
            "propose: only a job of the protected branch with a token for the forge opens merge requests; elsewhere "
            "`make promote` writes the file and the message for a commit of your own",
            BAD_INPUT,
        )
    return job


def _commit(folder: Path, file: str, message: str) -> None:
    """One commit that no branch here has: the checkout may be used for something else."""
    git(folder, "checkout", "--quiet", "--detach")
    git(folder, "add", "--", file)
    who = ("-c", "user.name=Socle", "-c", "user.email=socle@noreply.invalid")
    git(folder, *who, "commit", "--quiet", "--file", "-", "--", file, given=message)


def _push(folder: Path, url: str, branch: str, job: CiJob) -> None:
    """Push with the job's token, which stands in no argument and in no file. Raises `GitRefused`."""
    # https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT
    user = "x-access-token" if job.kind == "github" else "oauth2"
    login = base64.b64encode(f"{user}:{job.token}".encode()).decode()
    variables = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{job.server.rstrip('/')}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {login}",
        "GIT_TERMINAL_PROMPT": "0",
    }
    # What a promotion of last week left on its branch is replaced, as this one replaces that.
    command = [shutil.which("git") or "git", "push", "--quiet", "--force", url, f"HEAD:refs/heads/{branch}"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise GitRefused(f"the branch {branch} could not be pushed ({said[-1].replace(job.token, '***')})")


def main(
    source: Annotated[str, typer.Argument(metavar="FROM", help="the stack whose versions are taken over")],
    target: Annotated[str, typer.Argument(metavar="TO", help="the stack that is kept on them")],
) -> None:
    """Promote in a pipeline: the merge request that keeps a stack on the versions that another one runs."""
    run(source, target)


if __name__ == "__main__":
    typer.run(main)
